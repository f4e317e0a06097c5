"""Asks which packages that the images install have known vulnerabilities: `make audit`.

Exit status: 0 none, 1 some. Where the public service cannot be asked, as without a network, it says so and ends with 0:
nothing is known then, for better or worse. A service that was named must answer: without its answers the status is 2.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LOCKS: Final = Path(__file__).parent / "locks"
NOT_LOCKS: Final = {"constraints.txt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was said of the packages of one lock; None of them may have been looked up."""

    looked_up: int
    vulnerable: tuple[str, ...]


def read_answer(text: str) -> Answer:
    """Return what pip-audit printed as JSON; where it printed none it could not ask."""
    try:
        packages: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except ValueError:
        return Answer(looked_up=0, vulnerable=())
    known = [package for package in packages if "vulns" in package]
    return Answer(
        looked_up=len(known),
        vulnerable=tuple(
            f"{package['name']} {package['version']}: {flaw['id']}, mended in {flaw['fix_versions']}"
            for package in known
            for flaw in package["vulns"]
        ),
    )


def audit(locks: Iterable[Path], *, osv_url: str | None = None) -> int:
    """Print a line for each lock and each vulnerability, and return the exit status.

    Args:
        locks: requirements with hashes.
        osv_url: where a service with OSV's interface takes queries; without it the package registry is asked.
    """
    service = ["-s", "osv", "--osv-url", osv_url] if osv_url else []
    status = 0
    for lock in locks:
        command = ["pip_audit", "-r", str(lock), "--disable-pip", "--require-hashes", "-f", "json", *service]
        done = subprocess.run(
            [sys.executable, "-m", *command, "--progress-spinner", "off"], capture_output=True, text=True, check=False
        )
        answer = read_answer(done.stdout)
        if answer.looked_up:
            told = f"{answer.looked_up} packages looked up, known vulnerabilities: {len(answer.vulnerable)}"
            status = max(status, int(bool(answer.vulnerable)))
        elif osv_url:
            told, status = f"error: {osv_url} does not answer", 2
        else:
            told = "SKIPPED, the service cannot be asked here"
        sys.stdout.write("\n".join([f"audit of {lock.name}: {told}", *answer.vulnerable, ""]))
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.audit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--osv-url", metavar="URL", help="a service with OSV's interface, such as a mirror: http://HOST/v1/query"
    )
    parser.add_argument("locks", nargs="*", type=Path, help="requirements with hashes (default: those of all images)")
    given = parser.parse_args(arguments)
    images = sorted(path for path in LOCKS.glob("*.txt") if path.name not in NOT_LOCKS)
    return audit(given.locks or images, osv_url=given.osv_url)


if __name__ == "__main__":
    sys.exit(main())

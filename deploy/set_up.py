"""Makes, once, what `docker compose up` needs: passwords, the users of Redis, and .env. `make secrets` calls it.

What is there already is kept, so it can be run again after an update. It needs nothing but Python's own library and,
for --tls, openssl: a host for containers has no more.
"""

import argparse
import hashlib
import secrets
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.certificates import make_certificates

ROOT: Final = Path(__file__).resolve().parents[1]
TEMPLATE: Final = ROOT / "deploy" / "redis" / "users.acl"
OTHERS: Final = ("grafana_admin",)  # passwords of no user of Redis
PASSWORD_BYTES: Final = 32
# Each image has a user of its own, so that the files are readable, in a folder that lets nobody but its owner through.
FOLDER_MODE, FILE_MODE, FOLDER_FOR_ALL = 0o700, 0o444, 0o1777


def users_of(template: str) -> dict[str, str]:
    """Return the rules of each user in a template, on one line.

    A template has a line `user NAME` for each, what they may in the lines below it, and comments behind #.
    """
    users: dict[str, list[str]] = {}
    name = ""
    for line in (line.partition(" #")[0].strip() for line in template.splitlines() if not line.startswith("#")):
        if line.startswith("user "):
            name = line.removeprefix("user ")
            users[name] = []
        elif line:
            users[name].append(line)
    return {name: " ".join(rules) for name, rules in users.items()}


def acl_file(template: str, passwords: dict[str, str]) -> str:
    """Return the file for --aclfile: who has a password may log in with it, of which only the SHA-256 stands there."""
    # Nobody can log in as a user that is off. It keeps its rights, as a server replays the transactions of its
    # append-only file with them, and leaves out what they do not allow: nearly all that we write (redis issue 14541).
    lines = ["user default off resetpass ~* &* +@all"]
    for name, rules in users_of(template).items():
        digest = hashlib.sha256(passwords[name].encode()).hexdigest()
        lines.append(f"user {name} on #{digest} {rules}")
    return "\n".join([*lines, ""])


def make_secrets(folder: Path) -> None:
    """Write a password for each user that has none yet, and the users' file anew."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(FOLDER_MODE)
    template = TEMPLATE.read_text(encoding="utf-8")
    passwords = {name: _password(folder / f"redis_{name}") for name in users_of(template)}
    _write(folder / "users.acl", acl_file(template, passwords))
    for name in OTHERS:
        _password(folder / name)


def _password(file: Path) -> str:
    if not file.exists():
        _write(file, secrets.token_urlsafe(PASSWORD_BYTES))
    return file.read_text(encoding="utf-8").strip()


def _write(file: Path, text: str) -> None:
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    new.write_text(text, encoding="utf-8")
    new.chmod(FILE_MODE)
    new.replace(file)


def make_settings(root: Path) -> None:
    """Begin .env with what the example says, and make the folder that it names."""
    if not (root / ".env").exists():
        shutil.copy(root / ".env.example", root / ".env")
    for folder in (root / "data" / "incoming", root / "data" / "training"):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(FOLDER_FOR_ALL)


def main(argv: Sequence[str] | None = None) -> int:
    """Make what is missing, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "secrets", help="of the secrets (default: secrets)")
    parser.add_argument("--tls", nargs="+", metavar="NAME", help="also certificates: Redis' names and addresses")
    options = parser.parse_args(argv)
    make_secrets(options.folder)
    make_settings(ROOT)
    if options.tls:
        make_certificates(options.folder, options.tls)
    sys.stdout.write(f"secrets are in {options.folder}, settings in {ROOT / '.env'}; now: docker compose up\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

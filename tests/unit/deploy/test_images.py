"""The Dockerfile, the locks that it installs, and what they are made of, say the same."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
LOCKS = ROOT / "deploy" / "locks"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ROLES = ("ingest", "worker-cpu", "worker-gpu", "trainer", "monitoring", "simulator")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)", re.MULTILINE)


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def asked_for(role: str) -> list[Requirement]:
    """Return what pyproject.toml asks for with the extras that lock.sh names for a role."""
    (line,) = re.findall(rf"^lock {role} (.+)$", (ROOT / "deploy" / "lock.sh").read_text("utf-8"), re.MULTILINE)
    extras, found = line.split(), [Requirement(text) for text in project()["dependencies"]]
    while extras:
        for requirement in map(Requirement, project()["optional-dependencies"][extras.pop()]):
            if requirement.name == "layerwatch":
                extras.extend(requirement.extras)
            else:
                found.append(requirement)
    return found


def stage(name: str) -> str:
    return DOCKERFILE.partition(f" AS {name}\n")[2].partition("\nFROM ")[0]


@pytest.mark.parametrize("role", ROLES)
def test_the_lock_of_a_role_holds_what_its_extras_ask_for(role: str) -> None:
    locked: dict[str, set[str]] = {}
    for name, version in PINNED.findall((LOCKS / f"{role}.txt").read_text(encoding="utf-8")):
        locked.setdefault(name, set()).add(version)

    for requirement in asked_for(role):
        assert requirement.name in locked, f"{requirement.name} is not locked for {role}: make locks"
        assert all(requirement.specifier.contains(version) for version in locked[requirement.name])


@pytest.mark.parametrize("role", ROLES)
def test_every_package_of_a_lock_has_hashes_and_names_no_server(role: str) -> None:
    text = (LOCKS / f"{role}.txt").read_text(encoding="utf-8")

    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z])", text)[1:])
    assert "://" not in text
    assert "index-url" not in text


def test_light_roles_are_locked_without_torch() -> None:
    for role in ("ingest", "worker-cpu", "monitoring", "simulator"):
        assert not re.search(r"^(torch|nvidia)", (LOCKS / f"{role}.txt").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_a_target_that_says_how_it_is_and_what_it_is(role: str) -> None:
    own, built = stage(role), stage(f"build-{role}")

    assert f"--require-hashes -r /{role}.txt" in built
    assert "HEALTHCHECK" in own
    assert "layerwatch.health" in own
    for label in ("title", "description", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in own
    assert "\nUSER " not in own  # the base's, which is not root


def test_the_version_of_the_images_is_that_of_the_project() -> None:
    assert set(re.findall(r"^ARG VERSION=(.+)$", DOCKERFILE, re.MULTILINE)) == {project()["version"]}

"""Whatever is asked of the API, it answers as its own description says, and never with an error of the server."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.shown_plant import ShownPlant, plant

__all__ = ["plant"]
pytestmark = pytest.mark.redis

SCHEMATHESIS = shutil.which("st", path=str(Path(sys.executable).parent))
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
ENDLESS = ("/api/events",)  # a stream of events has no end that could be waited for
SEED = 7
# A proxy that hands on requests of many users: of one alone not so many changes a minute are taken.
PROXY = {
    "MONITORING_ACCESS": "proxy",
    "MONITORING_PROXY_DEFAULT_ROLE": "engineer",
    "MONITORING_TRUSTED_PROXIES": "127.0.0.1",
}
SOMEBODY = {"X-Forwarded-User": "somebody"}
HOOKS = """
from itertools import count
import schemathesis

numbers = count()

@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers = {**(case.headers or {}), "X-Forwarded-User": f"user-{next(numbers)}"}
"""


@pytest.fixture(scope="module")
def address(plant: ShownPlant, tiny_bundle: Path) -> Iterator[str]:
    """Where the page is; a worker takes what is uploaded."""
    with plant.works(tiny_bundle), plant.served(**PROXY) as address:
        say_something(address, plant.layer(7).id)
        yield address


@pytest.fixture(scope="module")
def description(address: str) -> dict[str, Any]:
    described: dict[str, Any] = httpx.get(f"{address}/openapi.json", headers=SOMEBODY).raise_for_status().json()
    return described


def operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def what_is_there(plant: ShownPlant) -> str:
    """Return a configuration of schemathesis by which half of the requests are about what the plant has."""
    ids = [plant.layer(layer).id for layer in (1, 3, 7, 9)]
    known: dict[str, Sequence[object]] = {
        "path.printer": ["m290", "m400"],
        "path.build": ["job42", "job7"],
        "path.key": [str(plant.layer(layer).key) for layer in (1, 3, 7, 9)],
        "path.inspection": ids,
        "path.number": [1, 2],
        "query.light": ["a", "c"],
        "body.kind": ["false-alarm", "spatter"],
        "body.region": [0, 1],
        "body.subject": ids,
    }
    names = {where: where.replace(".", "-") for where in known}
    values = [f"[dictionaries.{names[where]}]\nvalues = {json.dumps(values)}\n" for where, values in known.items()]
    bound = [f'"{where}" = {{ dictionary = "{name}", probability = 0.5 }}' for where, name in names.items()]
    return "\n".join(['hooks = "hooks"', *values, "[parameters]", *bound, ""])


def with_plain_lists(schema: object) -> object:
    """Return a schema whose tuples are lists of their first kind: schemathesis 4.32 stumbles over lists of tuples."""
    if isinstance(schema, list):
        return [with_plain_lists(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: with_plain_lists(each) for name, each in schema.items()}
    kinds = plain.pop("prefixItems", None)
    return plain | {"items": kinds[0]} if isinstance(kinds, list) else plain


def say_something(address: str, about: str) -> None:
    """Correct and acknowledge a verdict, so that there is something to take back."""
    drawn = {"kind": "false-alarm", "region": 0, "note": "A reflection of the lamp."}
    for path, said in (
        (f"/api/inspections/{about}/corrections", drawn),
        ("/api/acknowledgements", {"subject": about, "note": "Seen."}),
    ):
        httpx.post(f"{address}{path}", json=said, headers=SOMEBODY).raise_for_status()


def test_no_request_is_answered_otherwise_than_described(
    plant: ShownPlant, address: str, description: dict[str, Any], tmp_path: Path
) -> None:
    if SCHEMATHESIS is None:
        pytest.skip("schemathesis is not installed")
    (tmp_path / "openapi.json").write_text(json.dumps(with_plain_lists(description)), encoding="utf-8")
    (tmp_path / "hooks.py").write_text(HOOKS, encoding="utf-8")
    (tmp_path / "schemathesis.toml").write_text(what_is_there(plant), encoding="utf-8")
    excluded = [word for path in ENDLESS for word in ("--exclude-path", path)]
    options = ["--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--seed", str(SEED), "--no-color",
               "--url", address,
               "--generation-database", "none", "--request-timeout", "20", "--continue-on-failure", "--no-shrink",
               "--warnings", "off"]  # fmt: skip

    done = subprocess.run(
        [SCHEMATHESIS, "run", "openapi.json", *options, "--checks", ",".join(CHECKS), *excluded],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert httpx.get(f"{address}/health").status_code == 200


def test_every_operation_says_what_it_is_for(description: dict[str, Any]) -> None:
    silent = [name for name, operation in operations(description) if not operation.get("description", "").strip()]
    untagged = [name for name, operation in operations(description) if not operation.get("tags")]

    assert len(operations(description)) >= 20
    assert silent == []
    assert untagged == []


def test_the_description_is_complete_by_itself(description: dict[str, Any]) -> None:
    assert "http" not in json.dumps(description.get("servers", []))
    assert description["info"]["title"] == "layerwatch"

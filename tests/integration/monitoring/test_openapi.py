"""Whatever is asked of the API, it answers as its own description says, and never with an error of the server."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.shown_plant import ShownPlant, address, plant

__all__ = ["address", "plant"]
pytestmark = pytest.mark.redis

SCHEMATHESIS = shutil.which("st", path=str(Path(sys.executable).parent))
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
ENDLESS = ("/api/events",)  # a stream of events has no end that could be waited for
SEED = 7


@pytest.fixture(scope="module")
def description(address: str) -> dict[str, Any]:
    described: dict[str, Any] = httpx.get(f"{address}/openapi.json").raise_for_status().json()
    return described


def operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def names_that_are_there(plant: ShownPlant) -> str:
    """Return a configuration of schemathesis by which half of the requests are about what the plant has."""
    known = {
        "printer": ["m290", "m400"],
        "build": ["job42", "job7"],
        "key": [str(plant.layer(layer).key) for layer in (1, 3, 7, 9)],
        "inspection": [plant.layer(layer).id for layer in (1, 3, 7, 9)],
        "path": [str(plant.layer(7).key.folder / name) for name in ("overlay.jpg", "mask.png", "verdict.json")],
    }
    values = [f"[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in known.items()]
    bound = [f'"path.{name}" = {{ dictionary = "{name}", probability = 0.5 }}' for name in known]
    return "\n".join([*values, "[parameters]", *bound, ""])


def test_no_request_is_answered_otherwise_than_described(plant: ShownPlant, address: str, tmp_path: Path) -> None:
    if SCHEMATHESIS is None:
        pytest.skip("schemathesis is not installed")
    (tmp_path / "schemathesis.toml").write_text(names_that_are_there(plant), encoding="utf-8")
    excluded = [word for path in ENDLESS for word in ("--exclude-path", path)]
    options = ["--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", str(SEED), "--no-color",
               "--generation-database", "none", "--request-timeout", "20", "--continue-on-failure", "--no-shrink",
               "--warnings", "off"]  # fmt: skip

    done = subprocess.run(
        [SCHEMATHESIS, "run", f"{address}/openapi.json", *options, "--checks", ",".join(CHECKS), *excluded],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert httpx.get(f"{address}/health").status_code == 200


def test_every_operation_says_what_it_is_for(description: dict[str, Any]) -> None:
    silent = [name for name, operation in operations(description) if not operation.get("description", "").strip()]
    untagged = [name for name, operation in operations(description) if not operation.get("tags")]

    assert len(operations(description)) >= 5
    assert silent == []
    assert untagged == []


def test_the_description_is_complete_by_itself(description: dict[str, Any]) -> None:
    assert "http" not in json.dumps(description.get("servers", []))
    assert description["info"]["title"] == "layerwatch"

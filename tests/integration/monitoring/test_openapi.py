"""Whatever is asked of the API, it answers as its own description says, and never with an error of the server."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from layerwatch.layers import LayerSet
from layerwatch.verdict import Verdict
from tests.shown_plant import ShownPlant, shown_plant

pytestmark = pytest.mark.redis

SCHEMATHESIS = shutil.which("st", path=str(Path(sys.executable).parent))
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
ENDLESS = ("/api/events",)  # a stream of events has no end that could be waited for
SEED = 7


@pytest.fixture(scope="module")
def plant(
    tmp_path_factory: pytest.TempPathFactory,
    some_verdict: Callable[..., Verdict],
    write_pictures: Callable[..., LayerSet],
) -> Iterator[ShownPlant]:
    with shown_plant(tmp_path_factory.mktemp("plant"), some_verdict, write_pictures) as plant:
        yield plant


@pytest.fixture(scope="module")
def address(plant: ShownPlant) -> Iterator[str]:
    with plant.served() as address:
        yield address


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


def test_no_request_is_answered_otherwise_than_described(address: str, tmp_path: Path) -> None:
    if SCHEMATHESIS is None:
        pytest.skip("schemathesis is not installed")
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

"""Write the JSON Schema of the wire contract: `python -m layerwatch.schema [--check] [FOLDER]`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from layerwatch.bundle import Manifest
from layerwatch.events import Event
from layerwatch.job import InspectLayer
from layerwatch.report import Report
from layerwatch.verdict import Verdict

CONTRACT: dict[str, type[BaseModel]] = {
    "verdict": Verdict,
    "event": Event,
    "inspect-layer": InspectLayer,
    "bundle": Manifest,
    "report": Report,
}


def schema_text(model: type[BaseModel]) -> str:
    """Return the JSON Schema (2020-12) of what a writer sends, as it stands in the file."""
    schema = model.model_json_schema(by_alias=True, mode="serialization")
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/schema"))
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a file is not current")
    arguments = parser.parse_args(argv)
    stale = []
    for name, model in CONTRACT.items():
        path = arguments.folder / f"{name}.schema.json"
        text = schema_text(model)
        if arguments.check:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                stale.append(str(path))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.stderr.write(f"error: not current: {', '.join(stale)}; run `make schema` and look at the difference\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

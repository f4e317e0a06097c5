"""`python -m monitoring.grafana`: write the dashboard, or say whether it is current."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from monitoring.grafana.dashboards import layerwatch_json

FILE = Path(__file__).with_name("layerwatch.json")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m monitoring.grafana", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where the file is not current")
    arguments = parser.parse_args(argv)
    text = layerwatch_json()
    if not arguments.check:
        FILE.write_text(text, encoding="utf-8")
    elif not FILE.is_file() or FILE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"error: {FILE.name} is not what the rows say; run `make dashboards` and look at it\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

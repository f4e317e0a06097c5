"""The files of a layer in the artifacts, as all roles call them; verdict.json is written last, and stays."""

import re
from typing import Final

from layerwatch.layers import BUILD_NAME, PRINTER_NAME, Stage

OVERLAY: Final = "overlay.jpg"
MASK: Final = "mask.png"
VERDICT: Final = "verdict.json"
FOLDER: Final = rf"{PRINTER_NAME.pattern}/{BUILD_NAME.pattern}/\d{{6,8}}_({'|'.join(Stage)})"  # pattern, of one layer
EARLIER_VERDICT: Final = re.compile(r"verdict-\d{1,9}\.json")  # what an earlier revision said
ANY_VERDICT: Final = re.compile(rf"{FOLDER}/({re.escape(VERDICT)}|{EARLIER_VERDICT.pattern})")  # path below the root


def earlier_verdict(revision: int) -> str:
    """Return the name under which the verdict of an earlier revision is kept."""
    return f"verdict-{revision}.json"

"""What stands in docs/subscribing.md for people to copy."""

import re
import shlex
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs" / "subscribing.md"
SOME_CURSOR = "1763769600000-0"  # as it stands on the page
SOME_URL = "redis://127.0.0.1:6379/0"


def program(text: str) -> str:
    """The only program on the page that has this text."""
    blocks: list[str] = re.findall(r"^```\w+\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if text in block]
    return found


def redis_command(*words: str) -> list[str]:
    """The only redis-cli command on the page that has these words."""
    lines = re.findall(r"^(redis-cli .*?)(?:  +#.*)?$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    (found,) = [command for command in map(shlex.split, lines) if set(words) <= set(command)]
    return found

"""Files that appear as a printer writes them."""

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

CHUNKS = 6
LONGEST_PAUSE_SECONDS = 0.15  # shorter than any settle time, so that a slow file is never taken for a whole one


class WriteMode(StrEnum):
    SLOW = "slow"  # grows under its own name, with pauses
    RENAME = "rename"  # whole under a temporary name, then renamed
    PLAIN = "plain"  # in one go


def write_files(
    folder: Path,
    files: Mapping[str, bytes],
    mode: WriteMode,
    *,
    seconds: float = 0.0,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Write one layer set, one file after the other.

    Args:
        folder: where to; sub-folders in the names are made.
        files: name -> content, in the order in which the printer writes.
        mode: how a file appears.
        seconds: how long a slow printer takes for all of them.
        sleep: waits between two chunks.
    """
    pause = min(seconds / max(len(files) * CHUNKS, 1), LONGEST_PAUSE_SECONDS)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if mode is WriteMode.SLOW and pause > 0:
            _write_slowly(path, content, lambda: sleep(pause))
        elif mode is WriteMode.RENAME:
            temporary = path.with_name(f".{path.name}.part")
            temporary.write_bytes(content)
            temporary.replace(path)
        else:
            path.write_bytes(content)


def _write_slowly(path: Path, content: bytes, wait: Callable[[], None]) -> None:
    step = -(-len(content) // CHUNKS)
    with path.open("wb") as file:
        for start in range(0, len(content), step):
            file.write(content[start : start + step])
            file.flush()
            wait()

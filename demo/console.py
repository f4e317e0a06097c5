"""What the demo shows: the verdicts and the printer; everything else goes to log files."""

import sys
from pathlib import Path
from typing import TextIO

from honcho.manager import SYSTEM_PRINTER_NAME
from honcho.printer import Message, Printer

SHOWN = frozenset({"verdicts", "printer"})


class DemoConsole(Printer):  # type: ignore[misc]  # honcho has no types
    """A honcho printer that shows some processes as they are and writes the others to logs/NAME.log."""

    def __init__(self, logs: Path, output: TextIO = sys.stdout) -> None:
        super().__init__(output=output, prefix=False)
        self._logs = logs

    def write(self, message: Message) -> None:
        text = message.data.decode("utf-8", "replace") if isinstance(message.data, bytes) else message.data
        if message.name in SHOWN:
            self.output.write(text)
            self.output.flush()
        else:
            name = message.name if message.name != SYSTEM_PRINTER_NAME else "demo"
            with (self._logs / f"{name}.log").open("a", encoding="utf-8") as log:
                log.write(text)


def last_lines(log: Path, count: int = 15) -> str:
    """Return the end of a log, for the message about a process that failed."""
    if not log.is_file():
        return ""
    return "\n".join(log.read_text(encoding="utf-8").splitlines()[-count:])

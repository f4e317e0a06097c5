"""The training jobs as a table; pure."""

from collections.abc import Mapping

from rich.markup import escape
from rich.table import Table

Shown = Mapping[str, str]  # the fields of the job's hash, see Board


def jobs_table(jobs: Mapping[str, Shown]) -> Table:
    """Return one line a job."""
    table = Table()
    for column in ("job", "model", "state", "progress", "message"):
        table.add_column(column, no_wrap=column == "job")
    for job_id, shown in jobs.items():
        model = f"{shown.get('name', '?')}/{shown.get('version', '?')}"
        state, message = shown.get("state", "?"), shown.get("message", "")
        table.add_row(job_id, escape(model), state, progress_text(shown), escape(message))
    return table


def progress_text(shown: Shown) -> str:
    """Return step, loss, average precision and time to go, as far as they are known."""
    if "step" not in shown:
        return ""
    parts = [f"step {shown['step']} of {shown['steps']}", f"loss {float(shown['loss']):.3f}"]
    if "average_precision" in shown:
        parts.append(f"average precision {float(shown['average_precision']):.3f}")
    if "seconds_left" in shown and shown.get("state") == "training":
        parts.append(f"{float(shown['seconds_left']) / 60:.0f} min to go")
    return ", ".join(parts)

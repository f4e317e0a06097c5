"""What ingest says of a printer's folder, by default that all is well."""

from datetime import datetime

from layerwatch.source_state import SourceState


def a_source_state(printer: str, *, updated: datetime, **about: object) -> SourceState:
    fine: dict[str, object] = {
        "schema": 1,
        "printer": printer,
        "folder": f"/mnt/{printer}",
        "profile": "nist-ammt",
        "is_up": True,
        "has_events": True,
        "settled": 30,
        "files_waiting": 0,
        "sets_waiting": {"light": 0, "queue": 0},
        "outstanding": 0,
        "updated": updated,
        "every_seconds": 10.0,
    }
    return SourceState.model_validate({**fine, **about})

"""How many layers of which build, hour, stage and decision: counted anew where something changed, so never wrong."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from monitoring.history.tables import layers, tallies

Hour = tuple[int, datetime]  # build id, hour


def write_tallies(connection: Connection, hours: Iterable[Hour]) -> None:
    """Count the layers of some hours anew."""
    counted = (layers.c.stage, layers.c.decision)
    for build_id, hour in sorted(hours):
        connection.execute(delete(tallies).where(tallies.c.build_id == build_id, tallies.c.hour == hour))
        captured = layers.c.captured >= hour, layers.c.captured < hour + timedelta(hours=1)
        counts = connection.execute(
            select(*counted, func.count()).where(layers.c.build_id == build_id, *captured).group_by(*counted)
        )
        rows = [
            {"build_id": build_id, "hour": hour, "stage": stage, "decision": decision, "layers": count}
            for stage, decision, count in counts
        ]
        if rows:
            connection.execute(insert(tallies), rows)

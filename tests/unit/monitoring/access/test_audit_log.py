from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitoring.web.access.audit_log import AuditAwayError, AuditEntry, AuditLog, Outcome
from monitoring.web.access.roles import Role


def an_entry(subject: str) -> AuditEntry:
    return AuditEntry(
        time=datetime(2026, 11, 26, 7, tzinfo=UTC),
        user="anna",
        role=Role.OPERATOR,
        address="10.0.0.9",
        action="correct",
        subject=subject,
        outcome=Outcome.ALLOWED,
    )


def test_lines_are_added_and_read_newest_first(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "new" / "audit.jsonl")
    for subject in ("a", "b", "c\nd"):
        log.add(an_entry(subject))

    again = AuditLog(tmp_path / "new" / "audit.jsonl")
    again.add(an_entry("e"))

    assert [entry.subject for entry in again.latest(3)] == ["e", "c\nd", "b"]
    lines = (tmp_path / "new" / "audit.jsonl").read_text().splitlines()
    assert len(lines) == 4
    assert lines[0] == (
        '{"time":"2026-11-26T07:00:00Z","user":"anna","role":"operator","address":"10.0.0.9",'
        '"action":"correct","subject":"a","outcome":"allowed"}'
    )
    assert (tmp_path / "new" / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_full_files_are_put_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl", file_bytes=400, kept=2)
    for number in range(20):
        log.add(an_entry(f"number {number:02}"))

    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    assert all(file.stat().st_size <= 400 for file in files)
    subjects = [entry.subject for entry in log.latest(100)]
    assert subjects == [f"number {number:02}" for number in range(19, 19 - len(subjects), -1)]
    assert len(subjects) >= 4


def test_a_line_that_was_cut_off_costs_no_other(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    log = AuditLog(file)
    log.add(an_entry("a"))
    file.write_bytes(file.read_bytes() + b'{"time": "2026\n')
    log.add(an_entry("b"))

    assert [entry.subject for entry in log.latest(9)] == ["b", "a"]


def test_what_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("a file where a folder should be")

    with pytest.raises(AuditAwayError, match="MONITORING_AUDIT_FILE"):
        AuditLog(tmp_path / "history" / "audit.jsonl").add(an_entry("a"))

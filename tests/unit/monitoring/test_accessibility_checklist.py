"""The checklist names tests that there are, and leaves no criterion out."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CHECKLIST = (ROOT / "docs" / "accessibility.md").read_text(encoding="utf-8")
# WCAG 2.2, levels A and AA; 1.2.1 to 1.2.5 are one row.
CRITERIA = (
    "1.1.1 1.2.1-1.2.5 1.3.1 1.3.2 1.3.3 1.3.4 1.3.5 1.4.1 1.4.2 1.4.3 1.4.4 1.4.5 1.4.10 1.4.11 1.4.12 1.4.13 "
    "2.1.1 2.1.2 2.1.4 2.2.1 2.2.2 2.3.1 2.4.1 2.4.2 2.4.3 2.4.4 2.4.5 2.4.6 2.4.7 2.4.11 2.5.1 2.5.2 2.5.3 2.5.4 "
    "2.5.7 2.5.8 3.1.1 3.1.2 3.2.1 3.2.2 3.2.3 3.2.4 3.2.6 3.3.1 3.3.2 3.3.3 3.3.4 3.3.7 3.3.8 4.1.2 4.1.3"
)


def test_every_criterion_of_levels_a_and_aa_has_its_row() -> None:
    assert " ".join(re.findall(r"^\| (\d\.\S+) A", CHECKLIST, re.MULTILINE)) == CRITERIA


def test_every_test_that_it_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", CHECKLIST))
    written = {
        name
        for file in (ROOT / "tests" / "e2e" / "monitoring").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert len(named) > 20
    assert named - written == set()

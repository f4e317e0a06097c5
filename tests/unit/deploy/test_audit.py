"""What pip-audit says is told as it is, also where it could look nothing up."""

import json

from deploy.audit import read_answer

FLAW = {"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": "…"}


def test_vulnerable_packages_are_named_with_the_release_that_mends_them() -> None:
    packages = [
        {"name": "good", "version": "2.0", "vulns": []},
        {"name": "bad", "version": "1.0", "vulns": [FLAW]},
        {"name": "unknown", "skip_reason": "not found"},
    ]

    answer = read_answer(json.dumps({"dependencies": packages, "fixes": []}))

    assert answer.looked_up == 2
    assert answer.vulnerable == ("bad 1.0: PYSEC-2026-1, mended in ['1.1']",)


def test_nothing_looked_up_is_not_taken_for_nothing_found() -> None:
    skipped = [{"name": "one", "skip_reason": "Dependency not found on PyPI and could not be audited"}]

    assert read_answer(json.dumps({"dependencies": skipped, "fixes": []})).looked_up == 0
    assert read_answer("").looked_up == 0

"""The table of what `make chaos` measured."""

import json
from pathlib import Path

import pytest

from bench.reliability import app, read_round, reliability_figures
from layerwatch.cli import run_app


def test_a_fault_has_one_row_with_median_and_worst_of_the_rounds(tmp_path: Path) -> None:
    for number, seconds in enumerate((2.0, 9.0, 3.0)):
        blow = {
            "fault": "redis killed", "held": 0.0, "whole_after": seconds, "longest_wait": seconds / 2, "layer_sets": 5,
            "alerts": ["RedisDown"] if number else [],
        }  # fmt: skip
        (tmp_path / f"{number}.jsonl").write_text(f"{json.dumps(blow)}\n", encoding="utf-8")

    figures = reliability_figures([read_round(file) for file in sorted(tmp_path.iterdir())])

    assert figures.rows == (("redis killed", "-", "3.0 / 9.0", "1.5 / 4.5", "RedisDown"),)
    assert figures.command == "make chaos ROUNDS=3"
    assert "3 rounds of 1 faults, 15 layer sets" in figures.note


def test_where_nothing_was_measured_it_says_why_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(app, [str(tmp_path)]) == 2
    assert "needs a container engine" in capsys.readouterr().err.replace("\n", " ")

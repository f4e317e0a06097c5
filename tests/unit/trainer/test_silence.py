"""Nothing that the trainer brings along asks or tells anybody elsewhere."""

import os

import pytest

from trainer.__main__ import main


def test_albumentations_is_kept_from_asking_for_a_newer_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_ALBUMENTATIONS_UPDATE", raising=False)

    assert main(["--help"]) == 0

    assert os.environ["NO_ALBUMENTATIONS_UPDATE"] == "1"

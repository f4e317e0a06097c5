import subprocess
import sys

import pytest

from trainer.__main__ import main
from trainer.jobs.table import progress_text


def test_who_takes_jobs_does_not_import_torch() -> None:
    code = (
        "import sys, trainer.jobs.worker, trainer.jobs.train_command as c; c.train_command();"
        "sys.exit(bool({'torch', 'openvino', 'albumentations'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_progress_says_what_is_known_of_it() -> None:
    begun = {"state": "training", "step": "5", "steps": "100", "loss": "1.23456"}
    measured = begun | {"average_precision": "0.5", "seconds_left": "150"}

    assert progress_text({"state": "queued"}) == ""
    assert progress_text(begun) == "step 5 of 100, loss 1.235"
    assert progress_text(measured) == "step 5 of 100, loss 1.235, average precision 0.500, 2 min to go"
    assert "to go" not in progress_text(measured | {"state": "publishing"})


@pytest.mark.parametrize("command", ["jobs", "cancel train-1", "submit mine --images . --profile nist-ammt"])
def test_where_redis_is_away_one_line_says_what_to_do(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")

    assert main(command.split()) == 2
    assert capsys.readouterr().err == "error: Redis does not answer: start it, or set REDIS_URL to where it is\n"

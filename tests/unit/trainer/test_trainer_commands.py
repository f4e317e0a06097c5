import subprocess
import sys
from pathlib import Path

import pytest

from trainer.__main__ import main
from trainer.memory import KEEP, keep_freed_memory


def test_help_does_not_wait_for_torch() -> None:
    code = (
        "import sys; from trainer.__main__ import main; status = main(['--help']);"
        "assert not {'torch', 'cv2', 'albumentations', 'openvino'} & set(sys.modules), 'slow'; sys.exit(status)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in ("train", "evaluate", "pack"))


def test_an_unknown_bundle_is_one_line_and_exit_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = f"evaluate --bundle nowhere --images {tmp_path} --profile nist-ammt --masks clean --registry {tmp_path}"

    status = main(command.split())

    assert status == 2
    assert "there is no model 'nowhere'" in capsys.readouterr().err


def test_a_process_that_keeps_its_memory_is_not_started_again() -> None:
    keep_freed_memory(["-c", "raise SystemExit(3)"], KEEP)

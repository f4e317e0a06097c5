"""The options of `train` through the queue."""

from pathlib import Path

import pytest

from layerwatch.errors import TrainingError, WireError
from trainer.jobs.message import TrainModel
from trainer.jobs.options import check_paths, command_line, read_options
from trainer.jobs.queue import new_message
from trainer.jobs.train_command import train_command

LINE = "--images a --images /b --masks clean --masks m --profile nist-ammt --steps 3 --no-safetensors --device cpu"


def test_only_what_was_given_travels_and_paths_become_absolute() -> None:
    here = Path.cwd()

    options = read_options(train_command(), LINE.split())

    assert options == {
        "images": (str(here / "a"), "/b"),
        "masks": ("clean", str(here / "m")),
        "profile": ("nist-ammt",),
        "steps": ("3",),
        "safetensors": ("false",),
        "device": ("cpu",),
    }


def test_the_command_line_at_the_other_end_says_the_same() -> None:
    options = read_options(train_command(), LINE.split())

    assert read_options(train_command(), command_line(train_command(), options)) == options


@pytest.mark.parametrize("option", ["--work", "--registry", "--name", "--progress"])
def test_what_the_worker_decides_is_refused_when_submitted(option: str) -> None:
    with pytest.raises(TrainingError, match=f"{option} is decided"):
        read_options(train_command(), [*LINE.split(), option, "x"])


@pytest.mark.parametrize("name", ["work", "registry", "resume", "nonsense", "help"])
def test_what_the_worker_decides_is_refused_when_it_comes_from_the_queue(name: str) -> None:
    with pytest.raises(TrainingError, match=name):
        command_line(train_command(), {name: ("/etc",)})


def test_a_value_cannot_become_an_option() -> None:
    line = command_line(train_command(), {"start": ("--work=/etc",)})

    assert line == ["--start=--work=/etc"]


def test_paths_outside_the_allowed_folders_are_refused(tmp_path: Path) -> None:
    allowed = tmp_path / "data"
    allowed.mkdir()
    (allowed / "link").symlink_to("/etc")

    check_paths({"images": (str(allowed / "build"),), "masks": ("clean",), "profile": ("nist-ammt",)}, [allowed])
    for path in ("/etc", f"{allowed}/../secret", f"{allowed}/link/passwd"):
        for option in ("images", "masks", "labels", "start", "encoder_weights"):
            with pytest.raises(TrainingError, match="is not below"):
                check_paths({option: (path,)}, [allowed])


def test_a_message_survives_the_wire() -> None:
    message = new_message("tiny", None, {"images": ("/a",)})

    assert TrainModel.from_wire(message.to_wire()) == message
    assert message.version == message.id


@pytest.mark.parametrize(
    "wrong", [{"id": "../x"}, {"name": ".."}, {"version": "a/b"}, {"options": {"images": ["a\0b"]}}, {"schema": 2}]
)
def test_a_message_that_does_not_keep_the_contract_is_refused(wrong: dict[str, object]) -> None:
    wire = new_message("tiny", None, {"images": ("/a",)}).to_wire()

    with pytest.raises(WireError, match="not a training job of version 1"):
        TrainModel.from_wire(wire | wrong)

"""The options of `train` on their way through the queue: the same parser reads them at both ends."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperCommand

from layerwatch.errors import TrainingError
from trainer.sources import NONE, WORDS

Options = Mapping[str, Sequence[str]]

OURS: Final = frozenset({"name", "work", "registry", "resume", "progress", "metrics_port"})  # `work` decides them
PATHS: Final[Mapping[str, frozenset[str]]] = {  # options that name files, and what they may say in place of one
    "images": frozenset(),
    "masks": WORDS,
    "labels": frozenset({NONE}),
    "corrections": frozenset({NONE}),
    "encoder_weights": frozenset({NONE, "imagenet"}),
    "start": frozenset({""}),
    "profile": frozenset(),
}


def read_options(train: TyperCommand, arguments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the options that a command line gives, paths made absolute; what is wrong ends with train's own message.

    Raises:
        TrainingError: an option is for `work` to decide.
    """
    context = train.make_context("train", list(arguments))
    given = {name: value for name, value in context.params.items() if _was_given(context, name)}
    if refused := sorted(OURS & given.keys()):
        raise TrainingError(f"--{refused[0].replace('_', '-')} is decided where the job runs: leave it out")
    return {name: tuple(_absolute(name, one) for one in _texts(value)) for name, value in given.items()}


def command_line(train: TyperCommand, options: Options) -> list[str]:
    """Return the options as a command line.

    Raises:
        TrainingError: `train` has no such option, or it is for `work` to decide.
    """
    known = {parameter.name: parameter for parameter in train.params if parameter.name not in OURS}
    line = []
    for name, values in options.items():
        parameter: Any = known.get(name)
        if parameter is None:
            raise TrainingError(f"the job has an option {name!r} that train does not take from a queue")
        if getattr(parameter, "is_flag", False):
            line.append((parameter.opts if values[:1] == ("true",) else parameter.secondary_opts)[0])
        else:
            line.extend(f"{parameter.opts[0]}={value}" for value in values)
    return line


def check_paths(options: Options, allowed: Sequence[Path]) -> None:
    """Refuse files and folders outside the allowed folders; where none is named, all are allowed.

    Raises:
        TrainingError: a path leads outside, also by `..` or a link.
    """
    roots = [folder.resolve() for folder in allowed]
    for path in _paths(options) if roots else ():
        if not any(path.resolve().is_relative_to(root) for root in roots):
            raise TrainingError(f"{path} is not below {' or '.join(map(str, allowed))} (TRAINER_DATA_DIRS)")


def _paths(options: Options) -> Iterable[Path]:
    return (Path(value) for name, values in options.items() for value in values if _is_path(name, value))


def _is_path(name: str, value: str) -> bool:
    if name == "profile":
        return value.endswith(".toml")  # otherwise the name of a shipped one
    return name in PATHS and value not in PATHS[name]


def _absolute(name: str, value: str) -> str:
    return str(Path(value).absolute()) if _is_path(name, value) else value


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else (value,)
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def _was_given(context: typer.Context | Any, name: str) -> bool:  # noqa: ANN401 - typer's own class is private
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"

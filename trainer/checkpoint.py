"""Where a training run stands, on disk, so that a killed run goes on: tensors and JSON, nothing to unpickle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.optim import Optimizer

from layerwatch.atomic import write_atomic
from layerwatch.errors import TrainingError
from trainer.recipe import Recipe

_TENSORS: Final = "state.safetensors"
_PROGRESS: Final = "state.json"
_BEST: Final = "best.safetensors"


class Point(BaseModel):
    """One point of the training curve; average precision is None between validations."""

    model_config = ConfigDict(frozen=True)

    step: int
    loss: float
    average_precision: float | None = None


class Progress(BaseModel):
    """Everything but tensors.

    Attributes:
        step: steps done.
        seconds: time spent in all runs.
        best: highest validation average precision so far.
        data: what it is trained on; a run goes on only with the same.
    """

    recipe: Recipe
    data: str
    step: int = 0
    seconds: float = 0.0
    best: float = -1.0
    curve: tuple[Point, ...] = ()

    @property
    def spent(self) -> float:
        """How much of the run lies behind, 0..1."""
        minutes = self.recipe.max_minutes
        by_time = self.seconds / 60 / minutes if minutes else 0.0
        by_steps = self.step / self.recipe.steps if self.recipe.steps else 1.0
        return min(1.0, max(by_steps, by_time))

    @property
    def ended(self) -> bool:
        """Whether the time is spent, or the network has not become better for as long as the recipe waits."""
        measured = [point.average_precision or 0.0 for point in self.curve]
        since_best = len(measured) - 1 - measured.index(max(measured)) if measured else 0
        patience = self.recipe.patience
        return self.spent >= 1 or (patience is not None and since_best >= patience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a run in a folder."""

    folder: Path

    @property
    def exists(self) -> bool:
        return (self.folder / _PROGRESS).is_file()

    def load(self, recipe: Recipe, data: str) -> Progress:
        """Return where the run stands; a new one if nothing is saved.

        Raises:
            TrainingError: the folder holds a run on other data or with another recipe.
        """
        if not self.exists:
            return Progress(recipe=recipe, data=data)
        found = Progress.model_validate_json((self.folder / _PROGRESS).read_bytes())
        if found.data != data or not recipe.continues(found.recipe):
            raise TrainingError(f"{self.folder} holds a run on other data or with other options: give --work another")
        return found.model_copy(update={"recipe": recipe})

    def save(self, progress: Progress, network: nn.Module, optimizer: Optimizer) -> None:
        """Write the state; the JSON last, as it says which step the tensors belong to."""
        tensors = {f"network.{name}": value for name, value in contiguous(network).items()}
        for number, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": value.contiguous() for name, value in state.items()}
        write_atomic(self.folder / _TENSORS, save(tensors))
        write_atomic(self.folder / _PROGRESS, progress.model_dump_json().encode())

    def restore(self, network: nn.Module, optimizer: Optimizer) -> None:
        """Fill network and optimizer with the saved tensors."""
        tensors = load((self.folder / _TENSORS).read_bytes())
        network.load_state_dict(_below("network.", tensors))
        states: dict[int, dict[str, Any]] = {}
        for name, value in _below("optimizer.", tensors).items():
            number, _, entry = name.partition(".")
            states.setdefault(int(number), {})[entry] = value
        optimizer.load_state_dict(optimizer.state_dict() | {"state": states})

    def clear(self) -> None:
        """Forget the run; the JSON first, as nothing counts without it."""
        for name in (_PROGRESS, _TENSORS, _BEST):
            (self.folder / name).unlink(missing_ok=True)

    def save_best(self, network: nn.Module) -> None:
        write_atomic(self.folder / _BEST, save(contiguous(network)))

    def restore_best(self, network: nn.Module) -> None:
        network.load_state_dict(load((self.folder / _BEST).read_bytes()))


def contiguous(network: nn.Module) -> dict[str, Tensor]:
    """Return the state of a network as safetensors wants it."""
    return {name: value.contiguous() for name, value in network.state_dict().items()}


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

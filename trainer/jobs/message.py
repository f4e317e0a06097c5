"""The message that asks for a training: the argument of the RQ job (version 1)."""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from layerwatch.bundle import NAME
from layerwatch.errors import WireError

TRAIN_MODEL_JOB: Final = "trainer.jobs.perform.train_model"  # part of the contract: rename only with a new version
TRAIN_QUEUE: Final = "train"
JOB_ID: Final = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")

Value = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]


class TrainModel(BaseModel):
    """One training run.

    Attributes:
        version: of the bundle, known before the run, so that a run that was killed publishes once.
        options: those of `train` that were given, by the names of its parameters; a flag is "true" or "false". Folders
            and files are absolute.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = Field(default=1, alias="schema")
    id: str = Field(pattern=f"^{JOB_ID.pattern}$")
    name: str = Field(pattern=f"^{NAME.pattern}$")
    version: str = Field(pattern=f"^{NAME.pattern}$")
    options: dict[str, Annotated[tuple[Value, ...], Field(max_length=100)]] = Field(max_length=100)
    submitted: AwareDatetime
    by: str = Field(max_length=256)

    def to_wire(self) -> dict[str, Any]:
        """Return the message as plain JSON values."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def from_wire(cls, wire: object) -> Self:
        """Return the message that plain JSON values hold.

        Raises:
            WireError: they do not keep the contract.
        """
        try:
            return cls.model_validate(wire)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise WireError(f"not a training job of version 1: {where}: {first['msg']}") from error

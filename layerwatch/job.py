"""The message that asks for an inspection: the argument of the RQ job (version 1)."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from layerwatch.errors import WireError
from layerwatch.layers import INSPECTION_ID, LIGHT_NAME, Capture, LayerKey, LayerSet, Stage
from layerwatch.profile import MAX_SATURATED, MIN_SHARPNESS, Profile, Ratio

INSPECT_LAYER_JOB = "worker.jobs.inspect_layer"  # part of the wire contract: rename only with a new version
INSPECT_QUEUE = "inspect"
CANNOT_WRITE = "cannot_write"  # beside what RQ says of a worker: why it can write no artifacts, empty while it can


class CaptureMessage(BaseModel):
    """One picture.

    Attributes:
        path: where it lies below SOURCES_DIR, on machines that have the printers' folder.
        sent: how it travels: named by its path alone, or with its bytes in Redis (layerwatch/ports.py, PictureStore).
        problem: why it could not be sent with its bytes, in words: no worker is to look for it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    light: str = Field(pattern=f"^{LIGHT_NAME.pattern}$")
    path: str = Field(min_length=1, max_length=4096)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    modified: AwareDatetime
    sent: Literal["path", "bytes"] = "path"
    problem: str = Field(default="", max_length=1000)

    @classmethod
    def of(cls, capture: Capture) -> Self:
        return cls(light=capture.light, path=capture.path, sha256=capture.sha256, modified=capture.modified)

    @property
    def capture(self) -> Capture:
        return Capture(light=self.light, path=self.path, sha256=self.sha256, modified=self.modified)


class Optics(BaseModel):
    """What of the profile the worker needs, so that it needs no profiles of its own; see there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bits: Annotated[int, Field(ge=8, le=16)] | None = None
    mm_per_px: PositiveFloat | None = None
    plate: tuple[tuple[float, float], ...] | None = Field(default=None, max_length=1000)
    width: PositiveInt | None = None
    height: PositiveInt | None = None
    max_saturated: Ratio | dict[str, Ratio] = MAX_SATURATED
    min_sharpness: Ratio = MIN_SHARPNESS
    glare: Literal["invalid", "allow"] = "invalid"

    @classmethod
    def of(cls, profile: Profile) -> Self:
        return cls.model_validate(profile.model_dump(include=set(cls.model_fields)))

    def saturation_of(self, light: str) -> float:
        """Return the share of pixels that may be at full scale under a light."""
        limit = self.max_saturated
        return limit.get(light, MAX_SATURATED) if isinstance(limit, dict) else limit


class InspectLayer(BaseModel):
    """One layer set to inspect.

    Attributes:
        live: the layer is being printed; otherwise it is part of a backlog, which others go ahead of.
        problems: what makes the set impossible to judge, in words, as far as ingest can tell: the verdict is invalid.
        again: how often a person asked for a new inspection of the same pictures.
        settled, queued: when the set was complete, and when it was put on the queue.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = Field(default=1, alias="schema")
    id: str = Field(pattern=f"^{INSPECTION_ID.pattern}$", max_length=256)
    printer: str
    build: str
    layer: int
    stage: Stage
    revision: PositiveInt
    captures: tuple[CaptureMessage, ...] = Field(min_length=1, max_length=16)
    expected_lights: tuple[str, ...] = Field(max_length=16)
    optics: Optics
    problems: tuple[str, ...] = Field(default=(), max_length=16)
    live: bool = True
    again: NonNegativeInt = 0
    settled: AwareDatetime
    queued: AwareDatetime

    @classmethod
    def about(  # noqa: PLR0913 - one keyword for each fact that the message carries
        cls,
        layer_set: LayerSet,
        *,
        profile: Profile,
        revision: int,
        settled: datetime,
        queued: datetime,
        problems: tuple[str, ...] = (),
        live: bool = True,
    ) -> Self:
        """Return the message for a layer set that a printer of this profile wrote."""
        return cls(
            id=layer_set.inspection_id,
            printer=layer_set.key.printer,
            build=layer_set.key.build,
            layer=layer_set.key.layer,
            stage=layer_set.key.stage,
            revision=revision,
            captures=tuple(CaptureMessage.of(capture) for capture in layer_set.captures),
            expected_lights=layer_set.expected_lights,
            optics=Optics.of(profile),
            problems=problems,
            live=live,
            again=layer_set.again,
            settled=settled,
            queued=queued,
        )

    @property
    def layer_set(self) -> LayerSet:
        return LayerSet(
            key=LayerKey(printer=self.printer, build=self.build, layer=self.layer, stage=self.stage),
            captures=tuple(message.capture for message in self.captures),
            expected_lights=self.expected_lights,
            again=self.again,
        )

    @property
    def unsent(self) -> tuple[str, ...]:
        """Why pictures could not be sent that should have been."""
        return tuple(capture.problem for capture in self.captures if capture.problem)

    def asked_again(self, times: int) -> Self:
        """Return the message that asks for a new inspection of the same pictures, that often asked for already."""
        numbered = self.model_copy(update={"again": times})
        return numbered.model_copy(update={"id": numbered.layer_set.inspection_id})

    def to_wire(self) -> dict[str, Any]:
        """Return the message as plain JSON values."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def from_wire(cls, wire: object) -> Self:
        """Return the message that plain JSON values hold.

        Raises:
            WireError: they do not keep the contract, or the id is not that of the captures.
        """
        try:
            message = cls.model_validate(wire)
            expected = message.layer_set.inspection_id
        except ValidationError as error:
            first = error.errors()[0]
            raise WireError(f"not a job of version 1: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        except ValueError as error:
            raise WireError(f"not a job of version 1: {error}") from error
        if message.id != expected:
            raise WireError(f"the job's id is {message.id}, its captures give {expected}")
        return message

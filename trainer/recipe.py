"""How a network is trained: everything that the options of `train` decide, in one place."""

from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from layerwatch.errors import TrainingError, one_line

USUAL_CHANNELS: Final = (256, 128, 64, 32, 16)
COMPACT_CHANNELS: Final = (144, 96, 48, 32, 16)


class Recipe(BaseModel):
    """The recipe of one training run; it is written into the lineage of the bundle.

    Attributes:
        encoder_weights: imagenet, none, or a safetensors file.
        start: float32.safetensors or float32.onnx of a trained network, or the empty text; then encoder_weights do not
            count.
        decoder: unet, unetplusplus, linknet or compact.
        decoder_channels: of its stages, deepest first; see `build_network`.
        scale: working scale of the pictures.
        crop: side of a training crop, px at the working scale.
        batch: crops a step, for each device.
        steps: steps at most; none to take a trained network as it is.
        max_minutes: minutes at most, counted over all resumed runs; the learning rate follows whichever ends first.
        learning_rate: of the decoder.
        encoder_learning_rate: of the encoder, which knows pictures already.
        freeze_encoder_norm: keep the encoder's BatchNorm statistics as they came with its weights.
        mixed_precision: multiply in bfloat16; weights, loss and validation stay in float32.
        pos_weight: how much more a missed defect pixel costs than a false one.
        defect_share: share of the crops centred near a defect.
        hard_share: share of the crops that show a mistake of the network of `start`, be it missed or a false alarm.
        validation_share: share of the builds, or of the layers of a build, held back.
        patience: validations without a better network after which the run ends early; None to go on.
        seed: of everything random.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder_weights: str = "imagenet"
    start: str = ""
    decoder: Literal["unet", "unetplusplus", "linknet", "compact"] = "unet"
    decoder_channels: tuple[PositiveInt, ...] = Field(default=USUAL_CHANNELS, min_length=4, max_length=5)
    scale: float = Field(default=0.5, gt=0, le=1)
    crop: int = Field(default=256, ge=64, le=2048, multiple_of=32)
    batch: int = Field(default=8, ge=1, le=512)
    steps: int = Field(default=2000, ge=0)
    max_minutes: PositiveFloat | None = None
    learning_rate: PositiveFloat = 1e-3
    encoder_learning_rate: PositiveFloat = 2e-4
    weight_decay: float = Field(default=1e-2, ge=0)
    warm_up: int = Field(default=50, ge=0)
    gradient_clip: PositiveFloat = 1.0
    freeze_encoder_norm: bool = True
    mixed_precision: bool = False
    pos_weight: PositiveFloat = 40.0
    defect_share: float = Field(default=0.65, ge=0, le=1)
    hard_share: float = Field(default=0.0, ge=0, le=1)
    validation_share: float = Field(default=0.2, gt=0, lt=1)
    validate_every: int = Field(default=250, ge=1)
    patience: PositiveInt | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _knows_what_is_hard(self) -> Self:
        if self.hard_share and not self.start:
            raise ValueError("hard examples are what a trained network gets wrong: give --start with --hard-share")
        return self

    @model_validator(mode="after")
    def _ends_where_it_can(self) -> Self:
        if len(self.decoder_channels) == 4 and self.decoder != "compact":
            raise ValueError("decoder_channels: only a compact network may have four of them, others need five")
        return self

    @model_validator(mode="after")
    def _knows_something(self) -> Self:
        if not self.steps and not self.start:
            raise ValueError("without a step nothing is learned: give --steps, or --start with a trained network")
        return self

    @property
    def architecture(self) -> str:
        """Say in words what kind of network it is."""
        names = {"unet": "U-Net", "unetplusplus": "U-Net++", "linknet": "LinkNet", "compact": "Compact U-Net"}
        stages = f", decoder {', '.join(map(str, self.decoder_channels))}" if self.decoder != "linknet" else ""
        half = ", at half resolution" if len(self.decoder_channels) == 4 else ""
        return f"{names[self.decoder]}, MobileNetV2 encoder{stages}{half}"

    def continues(self, other: "Recipe") -> bool:
        """Whether a run with the other recipe can go on with this one: only its length may differ."""
        length = {"steps", "max_minutes", "validate_every", "patience"}
        return self.model_dump(exclude=length) == other.model_dump(exclude=length)


def make_recipe(decoder_channels: str | None, **values: object) -> Recipe:
    """Return the recipe that the options describe; channels as "256,128,64,32,16", or None for the decoder's usual.

    Raises:
        TrainingError: a value cannot be used; the message names every such one.
    """
    usual = COMPACT_CHANNELS if values.get("decoder") == "compact" else USUAL_CHANNELS
    channels = decoder_channels.split(",") if decoder_channels else usual
    try:
        return Recipe.model_validate({"decoder_channels": channels, **values})
    except ValidationError as error:
        raise TrainingError(
            one_line([f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()])
        ) from error


def encoder_file(weights: str) -> Path | None:
    """Return the file that encoder weights lie in, or None for the words `imagenet` and `none`."""
    return None if weights in {"imagenet", "none"} else Path(weights)

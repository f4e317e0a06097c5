"""The model bundle: one trained network with everything needed to serve it, described by `bundle.json`."""

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt
from pydantic import ValidationError as PydanticValidationError

from layerwatch.errors import BundleCorruptError, BundleMissingError

MANIFEST = "bundle.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Ratio = Annotated[float, Field(ge=0, le=1)]
Precision = Literal["int8", "float32"]


class Piece(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class InputSpec(Piece):
    """How pictures become the tensor that the network takes.

    Attributes:
        scale: working scale; 0.5 means that the network sees a picture of half the width and height.
        tile: side of a tile in working pixels, a multiple of 32.
        overlap: working pixels that neighbouring tiles share at least.
        low, high: percentiles of the unsaturated grey values in the plate that become 0 and 255.
        channels: what the three channels mean.
    """

    scale: float = Field(default=0.5, gt=0, le=1)
    tile: PositiveInt = Field(default=512, multiple_of=32, le=4096)
    overlap: PositiveInt = Field(default=32, le=512)
    low: float = Field(default=1.0, ge=0, lt=50)
    high: float = Field(default=99.0, gt=50, le=100)
    channels: str = "the lights in order of their names; one light stands in all three, of two the third is the mean"


class AreaLimits(Piece):
    """What makes a defect count.

    Attributes:
        min_region_px: smaller regions are dropped as noise (pixels of the picture).
        min_mean_confidence: regions are dropped as noise whose pixels are less certain than this on average; what is
            real is certain nearly everywhere, what is imagined has a small peak and a wide slope.
        certain_mean_confidence: a layer shows no region at all unless one of them is so certain on average; where
            something has gone wrong, more of it is likely, so the less certain ones count there too.
        review_px, reject_px: a region so large asks for review, or rejects the layer.
        review_mm2, reject_mm2: the same where the size of a pixel is known; null leaves it to the pixels.
    """

    min_region_px: PositiveInt = 24
    min_mean_confidence: Ratio = 0.0
    certain_mean_confidence: Ratio = 0.0
    review_px: PositiveInt = 24
    reject_px: PositiveInt = 2000
    review_mm2: PositiveFloat | None = None
    reject_mm2: PositiveFloat | None = None


class OperatingPoint(Piece):
    """Threshold and limits of one precision, and what was measured there.

    Attributes:
        threshold: probability from which a pixel counts as defective.
        recall, precision: per pixel at the threshold, on the data that `measured_on` names.
    """

    threshold: float = Field(gt=0, lt=1)
    limits: AreaLimits = AreaLimits()
    recall: Ratio
    precision: Ratio
    measured_on: str


class NetworkSpec(Piece):
    """What `layerwatch.vision.network.build_network` needs to build the network that the weights belong to."""

    decoder: Literal["unet", "unetplusplus", "linknet", "compact"]
    decoder_channels: tuple[PositiveInt, ...]


class BundleFile(Piece):
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: PositiveInt


class Manifest(Piece):
    """The content of bundle.json."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: str = Field(pattern=f"^{NAME.pattern}$")
    version: str = Field(pattern=f"^{NAME.pattern}$")
    created: AwareDatetime
    architecture: str
    network: NetworkSpec | None = None
    input: InputSpec
    operating_points: dict[Precision, OperatingPoint]
    metrics: dict[str, Any] = {}
    lineage: dict[str, Any] = {}
    files: dict[str, BundleFile]

    @property
    def id(self) -> str:
        return f"{self.name}/{self.version}"

    def model_file(self, precision: Precision) -> str:
        return f"{precision}.onnx"


def load_manifest(bundle_dir: Path) -> Manifest:
    """Return the manifest of a bundle directory.

    Raises:
        BundleMissingError: there is no bundle.json.
        BundleCorruptError: it is not a manifest of version 1.
    """
    path = bundle_dir / MANIFEST
    if not path.is_file():
        raise BundleMissingError(f"no bundle in {bundle_dir}: {MANIFEST} is missing")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except PydanticValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or MANIFEST
        raise BundleCorruptError(f"{path}: {where}: {first['msg']}") from error


def verify_files(bundle_dir: Path, manifest: Manifest) -> None:
    """Compare every file that the manifest names with its size and hash.

    Raises:
        BundleCorruptError: a file is missing, changed, or named outside the bundle.
    """
    for name in manifest.files:
        read_verified(bundle_dir, manifest, name)


def read_verified(bundle_dir: Path, manifest: Manifest, name: str) -> bytes:
    """Return the bytes of one file of the bundle, checked against the manifest.

    What is loaded is what was checked: callers build the network from these bytes, not from the path.
    """
    if name not in manifest.files or Path(name).name != name:
        raise BundleCorruptError(f"bundle {manifest.id}: {name!r} is not among the files of the manifest")
    expected = manifest.files[name]
    path = bundle_dir / name
    if not path.is_file() or path.stat().st_size != expected.bytes:
        raise BundleCorruptError(f"bundle {manifest.id}: {name} is missing or not {expected.bytes} bytes long")
    content = path.read_bytes()
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected.sha256:
        raise BundleCorruptError(
            f"bundle {manifest.id}: sha256 of {name} is {actual[:12]}, the manifest says {expected.sha256[:12]}"
        )
    return content


def describe_file(path: Path) -> BundleFile:
    """Return size and hash of a file for the manifest."""
    content = path.read_bytes()
    return BundleFile(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))

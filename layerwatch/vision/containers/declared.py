"""What a picture file declares, and the two ways in which it can be refused."""

from dataclasses import dataclass
from enum import StrEnum


class Container(StrEnum):
    PNG = "PNG"
    JPEG = "JPEG"
    BMP = "BMP"
    TIFF = "TIFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The size and depth that the header of a whole file declares."""

    container: Container
    width: int
    height: int
    channels: int  # as decoded, with alpha; 1..4
    bits: int  # per channel as decoded: 8 or 16
    inverted: bool = False  # 0 means white
    rewrites: tuple[tuple[int, bytes], ...] = ()  # places and the bytes that have to stand there before decoding

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def decoded_bytes(self) -> int:
        return self.pixels * self.channels * self.bits // 8


class ContainerError(Exception):
    """The file is no picture that can be decoded; the message is the reason."""


class IncompleteError(ContainerError):
    """The file ends before its picture does, or does not begin like a picture: it may still be written."""


class UnsupportedError(ContainerError):
    """The file is whole, but of a kind that layerwatch does not read."""

"""What is in uploaded files: each is read once to see that it can be judged, one in memory at a time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO, Final

import structlog

from layerwatch.errors import UnreadablePictureError
from layerwatch.layers import Shape, shape_problems
from layerwatch.vision.containers.declared import ContainerError, Declared
from layerwatch.vision.containers.sniff import declare
from layerwatch.vision.read import MAX_DECODED_BYTES, MAX_PIXELS, read_picture_bytes
from monitoring.web.check.refusal import UploadRefusedError

log = structlog.get_logger(__name__)

READ: Final = "PNG, TIFF, JPEG and BMP are read"
LOOKS_LIKE: Final = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"GIF8", "a GIF"),
    (b"RIFF", "a WebP picture, or sound or film"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip archive"),
)
HEAD_BYTES: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One file as it was sent: its name, the light that it is taken for, and its bytes."""

    name: str
    light: str
    file: BinaryIO

    def content(self) -> bytes:
        self.file.seek(0)
        return self.file.read()

    @property
    def label(self) -> str:
        return f"{self.light} ({self.name})" if self.light else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One file that is a whole picture."""

    sent: Sent
    sha256: str
    size: int
    shape: Shape


def read_set(sent: Sequence[Sent], *, bits: int | None) -> tuple[Picture, ...]:
    """Return the pictures of one layer; they can be combined.

    Args:
        sent: the files in the order of their lights.
        bits: that the camera uses, from the profile.

    Raises:
        UploadRefusedError: one is no picture that can be judged, or they do not belong together.
    """
    pictures = tuple(_read(each, bits=bits) for each in sent)
    _refuse_repeated(pictures)
    problems = shape_problems({picture.sent.label: picture.shape for picture in pictures})
    if problems:
        raise UploadRefusedError(f"pictures: {'; '.join(problems)}. Send pictures of one camera and one layer.")
    return pictures


def _read(sent: Sent, *, bits: int | None) -> Picture:
    content = sent.content()
    if not content:
        raise UploadRefusedError(f"{sent.name} is empty; see that the file was written to its end, and choose it again")
    _refuse_too_large(sent.name, _declared(sent.name, content))
    try:
        picture = read_picture_bytes(content, path=sent.name, bits=bits)
    except UnreadablePictureError as error:
        raise UploadRefusedError(str(error)) from error
    height, width = picture.pixels.shape
    shape = Shape(width, height, picture.bits)
    return Picture(sent=sent, sha256=hashlib.sha256(content).hexdigest(), size=len(content), shape=shape)


def _declared(name: str, content: bytes) -> Declared:
    try:
        return declare(content)
    except ContainerError as error:
        kind = looks_like(content)
        what = f"it looks like {kind}" if kind else str(error)
        raise UploadRefusedError(f"{name}: {what}; {READ}", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE) from error
    except Exception as error:  # a file that breaks the reader is refused like any other
        log.exception("reader_failed", name=name)
        raise UploadRefusedError(f"{name} cannot be read; {READ}") from error


def looks_like(content: bytes) -> str:
    """Return what bytes that are no picture seem to be, empty where nothing is known."""
    for begin, kind in LOOKS_LIKE:
        if content.startswith(begin):
            return kind
    head = content[:HEAD_BYTES]
    is_text = b"\0" not in head and all(byte >= 0x20 or byte in b"\t\r\n\f" for byte in head)
    if is_text and not head.startswith((b"BM", b"II", b"MM")):
        return "a web page" if b"<html" in head.lower() else "text"
    return ""


def _refuse_too_large(name: str, declared: Declared) -> None:
    if declared.pixels > MAX_PIXELS or declared.decoded_bytes > MAX_DECODED_BYTES:
        raise UploadRefusedError(
            f"{name} declares {declared.width} x {declared.height} pixels, {declared.decoded_bytes >> 20} MiB when "
            f"unpacked; at most {MAX_PIXELS // 1_000_000} million pixels and {MAX_DECODED_BYTES >> 20} MiB are taken",
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )


def _refuse_repeated(pictures: Sequence[Picture]) -> None:
    first: dict[str, Picture] = {}
    for picture in pictures:
        other = first.setdefault(picture.sha256, picture)
        if other is not picture:
            raise UploadRefusedError(
                f"pictures: {other.sent.label} and {picture.sent.label} are the same picture; "
                "send another one for each light"
            )

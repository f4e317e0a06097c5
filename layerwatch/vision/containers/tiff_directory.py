"""The directories of a TIFF file, read without trusting any number in it."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from layerwatch.vision.containers.declared import IncompleteError, UnsupportedError

CLASSIC_SIGNATURES = (b"II*\x00", b"MM\x00*")
BIG_SIGNATURES = (b"II+\x00", b"MM\x00+")
_MOST_PAGES = 100
_MOST_FIELDS = 1000
_MOST_VALUES = 100_000
# Bytes of one value by field type: BYTE ASCII SHORT LONG RATIONAL SBYTE UNDEFINED SSHORT SLONG SRATIONAL FLOAT DOUBLE
# IFD, and in BigTIFF LONG8 SLONG8 IFD8.
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}  # as struct names them


class Tag(IntEnum):
    """The tags that say how a picture is laid out."""

    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_SIZES = 279
    PLANAR = 284
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_SIZES = 325
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    place: int  # of the values in the file
    type: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """Classic TIFF or BigTIFF, in one of two byte orders."""

    content: bytes
    order: str  # "<" or ">"
    pointer: int  # bytes of a pointer: 4, or 8 in BigTIFF

    def number(self, at: int, size: int) -> int:
        if at + size > len(self.content):
            raise IncompleteError("the TIFF ends inside a directory: it is cut off or still being written")
        return int.from_bytes(self.content[at : at + size], "little" if self.order == "<" else "big")


class Directory:
    """The tags of one picture in the file."""

    def __init__(self, form: _Form, fields: dict[int, _Field]) -> None:
        self._form = form
        self._fields = fields

    def __contains__(self, tag: Tag) -> bool:
        return tag in self._fields

    def values(self, tag: Tag) -> list[int]:
        """Return the whole numbers of a tag, none where it is missing."""
        field = self._fields.get(tag)
        if field is None:
            return []
        if field.type not in _WHOLE_NUMBERS or field.count > _MOST_VALUES:
            raise UnsupportedError(f"the TIFF's tag {tag.value} has an unknown form")
        form = f"{self._form.order}{field.count}{_WHOLE_NUMBERS[field.type]}"
        return list(struct.unpack_from(form, self._form.content, field.place))

    def first(self, tag: Tag, default: int | None = None) -> int:
        """Return the first number of a tag."""
        values = self.values(tag)
        if values:
            return values[0]
        if default is None:
            raise UnsupportedError(f"the TIFF lacks its tag {tag.value} ({tag.name.lower()})")
        return default

    def rewrite(self, tag: Tag, value: int) -> tuple[int, bytes]:
        """Return the place of a tag's first number, and the bytes that set it to another one."""
        field = self._fields[tag]
        return field.place, struct.pack(f"{self._form.order}{_WHOLE_NUMBERS[field.type]}", value)


def directories(content: bytes) -> list[Directory]:
    """Return all directories of the file; there is at least one.

    Raises:
        IncompleteError: a directory or the values of a tag lie outside the file.
        UnsupportedError: the directories run in a circle or are too many.
    """
    form = _form(content)
    pages: list[Directory] = []
    seen: set[int] = set()
    at = form.number(8 if form.pointer == 8 else 4, form.pointer)
    while at:
        if at in seen or len(pages) >= _MOST_PAGES:
            raise UnsupportedError("the TIFF's directories run in a circle or are too many")
        seen.add(at)
        page, at = _directory(form, at)
        pages.append(page)
    if not pages:
        raise IncompleteError("the TIFF has no directory yet: it is still being written")
    return pages


def _form(content: bytes) -> _Form:
    return _Form(
        content=content,
        order="<" if content[:2] == b"II" else ">",
        pointer=8 if content[:4] in BIG_SIGNATURES else 4,
    )


def _directory(form: _Form, at: int) -> tuple[Directory, int]:
    """Return the directory at a place, and where the next one is (0: nowhere)."""
    big = form.pointer == 8
    count_bytes, entry_bytes = (8, 20) if big else (2, 12)
    count = form.number(at, count_bytes)
    if count > _MOST_FIELDS:
        raise UnsupportedError(f"the TIFF has a directory of {count} tags, more than {_MOST_FIELDS}")
    entries_at = at + count_bytes
    following = form.number(entries_at + count * entry_bytes, form.pointer)
    fields = {}
    for entry_at in range(entries_at, entries_at + count * entry_bytes, entry_bytes):
        field = _field(form, entry_at)
        fields[form.number(entry_at, 2)] = field
    return Directory(form, fields), following


def _field(form: _Form, at: int) -> _Field:
    kind, count = form.number(at + 2, 2), form.number(at + 4, form.pointer)
    value_at = at + 4 + form.pointer
    size = _TYPE_BYTES.get(kind, 1) * count
    place = value_at if size <= form.pointer else form.number(value_at, form.pointer)
    if place + size > len(form.content):
        raise IncompleteError("the TIFF ends before the values of a tag: it is cut off or still being written")
    return _Field(place=place, type=kind, count=count)

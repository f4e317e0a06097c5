"""TIFF and BigTIFF: directories of tags, which say where the strips or tiles of pixels lie."""

from dataclasses import dataclass

from layerwatch.vision.containers.declared import Container, Declared, IncompleteError, UnsupportedError
from layerwatch.vision.containers.tiff_directory import Directory, Tag, directories

_PLAIN = 1
_COMPRESSIONS = {_PLAIN: "none", 5: "LZW", 8: "deflate", 32773: "PackBits", 32946: "deflate"}
_NEVER_ZERO = frozenset({5, 8, 32946})  # these begin with a code or header and end with a code or checksum
_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE = range(4)
_UNSIGNED = 1
_AS_STORED = 1
_UNSPECIFIED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How the pixels of one directory are laid out."""

    width: int
    height: int
    samples: int
    bits: int
    photometric: int
    compression: int
    planes: int  # 1 where the samples of a pixel lie together, else one plane for each sample


def declared(content: bytes) -> Declared:
    """Return what the first picture of a whole TIFF declares; all pictures in it have to be whole.

    Raises:
        IncompleteError: a directory, a tag or a strip lies outside the file.
        UnsupportedError: it is not an unsigned picture of 8 or 16 bits in a common layout.
    """
    pages = directories(content)
    for page in pages:
        _check_stored(page, content)
    layout = _layout(pages[0])
    _check_kind(pages[0], layout)
    _check_extent(pages[0], layout)
    return Declared(
        container=Container.TIFF,
        width=layout.width,
        height=layout.height,
        channels=3 if layout.photometric == _PALETTE else layout.samples,
        bits=max(8, layout.bits),
        inverted=layout.photometric == _MIN_IS_WHITE,
        rewrites=_rewrites(pages[0], layout),
    )


def _rewrites(page: Directory, layout: _Layout) -> tuple[tuple[int, bytes], ...]:
    """Return what keeps the decoder from turning the picture, inverting it and multiplying it by its alpha.

    OpenCV 5 does each of these for some depths only.
    """
    wanted = [(Tag.ORIENTATION, _AS_STORED), (Tag.EXTRA_SAMPLES, _UNSPECIFIED)]
    if layout.photometric == _MIN_IS_WHITE:
        wanted.append((Tag.PHOTOMETRIC, _MIN_IS_BLACK))
    return tuple(page.rewrite(tag, value) for tag, value in wanted if page.first(tag, value) != value)


def _layout(page: Directory) -> _Layout:
    samples = page.first(Tag.SAMPLES, 1)
    return _Layout(
        width=page.first(Tag.WIDTH),
        height=page.first(Tag.HEIGHT),
        samples=samples,
        bits=page.first(Tag.BITS, 1),
        photometric=page.first(Tag.PHOTOMETRIC),
        compression=page.first(Tag.COMPRESSION, _PLAIN),
        planes=samples if page.first(Tag.PLANAR, 1) == 2 else 1,
    )


def _check_kind(page: Directory, layout: _Layout) -> None:
    if any(sample_format != _UNSIGNED for sample_format in page.values(Tag.SAMPLE_FORMAT)):
        raise UnsupportedError("it is a TIFF of floating-point or signed values; write unsigned 8 or 16 bits")
    if layout.bits not in {1, 8, 16} or len(set(page.values(Tag.BITS))) > 1:
        raise UnsupportedError(f"it is a TIFF of {layout.bits} bits; write 8 or 16 bits")
    if layout.compression not in _COMPRESSIONS:
        raise UnsupportedError(
            f"it is a TIFF with compression {layout.compression}; write it uncompressed, with LZW or with deflate"
        )
    if layout.photometric not in {_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE}:
        raise UnsupportedError(f"it is a TIFF of colour space {layout.photometric}; write grey or RGB")
    if layout.bits == 16 and (layout.planes > 1 or layout.samples == 2):
        raise UnsupportedError("it is a 16-bit TIFF in separate planes or with grey and alpha; write plain grey or RGB")
    wanted = {_RGB: {3, 4}, _PALETTE: {1}}.get(layout.photometric, {1, 2})
    if layout.samples not in wanted or (layout.bits == 1 and layout.samples != 1):
        raise UnsupportedError(f"it is a TIFF of {layout.samples} samples a pixel; write grey or RGB")


def _check_stored(page: Directory, content: bytes) -> None:
    """Refuse a page whose strips or tiles do not lie inside the file."""
    tiled = Tag.TILE_OFFSETS in page
    offsets = page.values(Tag.TILE_OFFSETS if tiled else Tag.STRIP_OFFSETS)
    sizes = page.values(Tag.TILE_SIZES if tiled else Tag.STRIP_SIZES)
    if not offsets or len(offsets) != len(sizes):
        raise IncompleteError("the TIFF does not say where its pixels lie")
    if min(offsets) < 8 or min(sizes) < 1:
        raise IncompleteError("the TIFF holds a strip that was never written: it is still being written")
    if max(map(sum, zip(offsets, sizes, strict=True))) > len(content):
        raise IncompleteError("the TIFF ends before its last strip: it is cut off or still being written")
    if page.first(Tag.COMPRESSION, _PLAIN) in _NEVER_ZERO:
        for offset, size in zip(offsets, sizes, strict=True):
            if not any(content[offset : offset + 2]) or not any(
                content[max(offset, offset + size - 8) : offset + size]
            ):
                raise IncompleteError("the TIFF holds a strip of zeros: it is damaged or still being written")


def _check_extent(page: Directory, layout: _Layout) -> None:
    """Refuse a page with fewer strips or tiles, or, uncompressed, fewer bytes than its size needs."""
    tiled = Tag.TILE_OFFSETS in page
    if layout.width < 1 or layout.height < 1:
        raise UnsupportedError("the TIFF declares no size")
    if tiled:
        unit_width, unit_height = page.first(Tag.TILE_WIDTH), page.first(Tag.TILE_HEIGHT)
    else:
        unit_width, unit_height = layout.width, min(page.first(Tag.ROWS_PER_STRIP, layout.height), layout.height)
    if unit_width < 1 or unit_height < 1:
        raise UnsupportedError("the TIFF's strips have no size")
    needed = -(-layout.width // unit_width) * -(-layout.height // unit_height) * layout.planes
    sizes = page.values(Tag.TILE_SIZES if tiled else Tag.STRIP_SIZES)
    if len(sizes) < needed:
        raise IncompleteError(f"the TIFF holds {len(sizes)} of its {needed} strips: it is still being written")
    if layout.compression == _PLAIN:
        row_bytes = -(-unit_width * layout.bits * (layout.samples // layout.planes) // 8)
        rows = unit_height * needed if tiled else layout.height * layout.planes
        if sum(sizes[:needed]) < row_bytes * rows:
            raise IncompleteError("the TIFF's strips are shorter than its size needs")

"""Which kind of picture file some bytes are."""

from layerwatch.vision.containers import bmp, jpeg, png, tiff, tiff_directory
from layerwatch.vision.containers.declared import Declared, IncompleteError, UnsupportedError

_READERS = (
    (png.SIGNATURE, png.declared),
    (jpeg.SIGNATURE, jpeg.declared),
    *((signature, tiff.declared) for signature in tiff_directory.CLASSIC_SIGNATURES),
    *((signature, tiff.declared) for signature in tiff_directory.BIG_SIGNATURES),
    (bmp.SIGNATURE, bmp.declared),
)


def declare(content: bytes) -> Declared:
    """Return what a whole picture file declares; its content decides, not its name.

    Raises:
        IncompleteError: the file is empty, cut off, or does not begin like a picture.
        UnsupportedError: the file is whole but cannot be used.
    """
    if not content:
        raise IncompleteError("the file is empty")
    for signature, declared in _READERS:
        if content.startswith(signature):
            found = declared(content)
            if not found.pixels:
                raise UnsupportedError(f"the {found.container} declares a size of {found.width} x {found.height}")
            return found
    raise IncompleteError("it is not a PNG, TIFF, JPEG or BMP picture")

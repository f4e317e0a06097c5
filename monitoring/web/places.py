"""Where in a picture something lies, in words. Pure."""

from layerwatch.verdict import Verdict
from monitoring.web.live.window import Seen

MOST_OF_IT = 0.7  # of a side of the picture

Box = tuple[int, int, int, int]  # x, y, width, height in pixels
Size = tuple[int, int]  # width, height in pixels


def size_of(verdict: Verdict) -> Size | None:
    """Return the size of the first picture that could be read, None where none could."""
    sizes = ((image.width, image.height) for image in verdict.images)
    return next(((width, height) for width, height in sizes if width and height), None)


def thirds(box: Box, size: Size) -> tuple[str, ...]:
    """Return in which thirds of a picture the middle of a box lies: none, one or two words such as `upper`, `left`."""
    x, y, width, height = box
    across, down = _third(x + width / 2, size[0]), _third(y + height / 2, size[1])
    return tuple(filter(None, (("upper", "", "lower")[down], ("left", "", "right")[across])))


def place_text(box: Box, size: Size) -> str:
    """Return where in a picture a box lies, such as `upper left`; `all across` where it is most of the picture."""
    if box[2] > MOST_OF_IT * size[0] or box[3] > MOST_OF_IT * size[1]:
        return "all across"
    return " ".join(thirds(box, size)) or "middle"


def place_of(box: Box, seen: Seen) -> str:
    """Return where a box lies in the pictures of a verdict, empty where their size is not known."""
    size = size_of(Verdict.from_json(seen.body))
    return "" if size is None else place_text(box, size)


def place_of_largest(seen: Seen) -> str:
    """Return where the largest region of a verdict lies, empty where it has none."""
    regions = Verdict.from_json(seen.body).regions
    return place_of(max(regions, key=lambda region: region.area_px).bbox, seen) if regions else ""


def _third(at: float, whole: int) -> int:
    return min(2, max(0, int(3 * at / whole)))

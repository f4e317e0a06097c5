"""Where in a picture something lies, in words. Pure."""

from layerwatch.verdict import Verdict
from monitoring.web.live.window import Seen

MOST_OF_IT = 0.7  # of a side of the picture

Box = tuple[int, int, int, int]  # x, y, width, height in pixels


def place_of_largest(seen: Seen) -> str:
    """Return where the largest region of a verdict lies, empty where it has none."""
    regions = Verdict.from_json(seen.body).regions
    return place_of(max(regions, key=lambda region: region.area_px).bbox, seen) if regions else ""


def place_of(box: Box, seen: Seen) -> str:
    """Return where a box lies in the pictures of a verdict, empty where their size is not known."""
    for image in Verdict.from_json(seen.body).images:
        if image.width and image.height:
            return place_text(box, image.width, image.height)
    return ""


def place_text(box: Box, width: int, height: int) -> str:
    """Return where in a picture a box lies, such as `upper left`; `all across` where it is most of the picture."""
    x, y, wide, high = box
    if wide > MOST_OF_IT * width or high > MOST_OF_IT * height:
        return "all across"
    across = ("left", "", "right")[min(2, int(3 * (x + wide / 2) / width))]
    along = ("upper", "", "lower")[min(2, int(3 * (y + high / 2) / height))]
    return " ".join(filter(None, (along, across))) or "middle"

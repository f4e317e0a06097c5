"""Which pages are pictured, and what somebody does there first."""

from pathlib import Path
from typing import TYPE_CHECKING

from demo.screenshots.camera import Shot

if TYPE_CHECKING:  # a demo alone needs no browser
    pass


def shots(page_url: str, incoming: Path) -> list[Shot]:
    """Return the pages in the order of the navigation."""
    return [Shot(name="now", address=page_url, ready="body[data-link=live]")]

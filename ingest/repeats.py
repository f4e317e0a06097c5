"""Pictures that show once more what the camera showed before: it is frozen, or two lights are one. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

REACH: Final = 20  # layers before one that are compared with it; a buffer of a camera holds no more

Digests = Mapping[str, bytes]  # light -> digest of its picture


def repeat_problems(layer: int, digests: Digests, earlier: Callable[[int], Digests]) -> tuple[str, ...]:
    """Return in words which pictures of a layer are those of another, or of another light.

    Args:
        layer: its number.
        digests: of its pictures.
        earlier: gives those of another layer of the same build and stage, empty where nothing is known of it.
    """
    found: dict[str, int] = {}
    for number in range(layer - 1, max(0, layer - REACH) - 1, -1):
        same = (light for light, digest in earlier(number).items() if digests.get(light) == digest)
        found |= {light: number for light in same if light not in found}
    repeats = (
        f"duplicate frame: {f'light {light} has the ' if light else ''}same content as layer {number}"
        for light, number in sorted(found.items())
    )
    return (*_twins(digests), *repeats)


def _twins(digests: Digests) -> list[str]:
    by_content: dict[bytes, list[str]] = {}
    for light, digest in sorted(digests.items()):
        by_content.setdefault(digest, []).append(light)
    return [
        f"duplicate frame: lights {', '.join(lights)} have the same content"
        for lights in by_content.values()
        if len(lights) > 1
    ]

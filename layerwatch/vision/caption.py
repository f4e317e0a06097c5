"""The line of text under an overlay: the decision as colour and word, then what was found."""

from bisect import bisect_right
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.verdict import Decision

Colour = tuple[int, int, int]  # blue, green, red

BAR: Colour = (38, 31, 27)
_TEXT: Colour = (240, 236, 232)
_INK: Colour = (24, 20, 18)
# Okabe and Ito's palette for colour-blind readers: bluish green, yellow-orange, vermilion; grey.
_DECISION_COLOURS: dict[str, Colour] = {
    Decision.PASS: (115, 158, 0),
    Decision.REVIEW: (0, 159, 230),
    Decision.REJECT: (30, 94, 232),
    Decision.INVALID: (170, 160, 150),
}
_REGULAR, BOLD = 400, 700
_MOST_LINES = 3


def caption_bar(width: int, caption: str, decision: Decision | str) -> NDArray[np.uint8]:
    """Return a bar (h, width, 3) BGR with the decision and the caption, wrapped to at most three lines."""
    font = cv2.FontFace("sans")
    size = font_size(width)
    colour = _DECISION_COLOURS.get(decision, _DECISION_COLOURS[Decision.INVALID])
    word = str(decision).upper()
    word_width = text_width(font, word, size, BOLD)
    margin, gap = size * 3 // 4, size // 2
    text_left = margin + word_width + 2 * gap + margin
    lines = _wrapped(font, caption, size, width - text_left - margin)
    line_height = size * 8 // 5
    bar = np.full((2 * margin + line_height * len(lines), width, 3), BAR, np.uint8)
    bar[: max(2, size // 6)] = colour
    top = margin + size // 12
    _pill(bar, (margin, top), (word_width + 2 * gap, line_height), colour)
    baseline = top + line_height * 7 // 10
    cv2.putText(bar, word, (margin + gap, baseline), _INK, font, size, BOLD)
    for number, line in enumerate(lines):
        cv2.putText(bar, line, (text_left, baseline + number * line_height), _TEXT, font, size, _REGULAR)
    return bar


def font_size(width: int) -> int:
    """Return the letters' height in px that reads well on a picture of this width."""
    return min(26, max(13, width // 56))


def text_width(font: cv2.FontFace, text: str, size: int, weight: int) -> int:
    """Return how many px wide a text is drawn."""
    _, _, width, _ = cv2.getTextSize((1 << 20, 1 << 10), text, (0, 0), font, size, weight)
    return int(width)


def _wrapped(font: cv2.FontFace, text: str, size: int, width: int) -> list[str]:
    """Return the text in lines that fit; what does not fit into the last line is cut with an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if text_width(font, longer, size, _REGULAR) <= width:
            lines[-1] = longer
        elif len(lines) < _MOST_LINES and lines[-1]:
            lines.append(_fitted(font, word, size, width))
        else:
            lines[-1] = _fitted(font, longer, size, width)
            if len(lines) == _MOST_LINES:
                break
    return lines


def _fitted(font: cv2.FontFace, text: str, size: int, width: int) -> str:
    if text_width(font, text, size, _REGULAR) <= width:
        return text
    length = bisect_right(range(len(text)), width, key=lambda end: text_width(font, f"{text[:end]}…", size, _REGULAR))
    return f"{text[: max(0, length - 1)]}…"


def _pill(bar: NDArray[np.uint8], corner: tuple[int, int], size: tuple[int, int], colour: Sequence[int]) -> None:
    """Draw a filled box with round corners."""
    (left, top), (width, height) = corner, size
    radius = height // 5
    right, bottom = left + width - 1, top + height - 1
    cv2.rectangle(bar, (left + radius, top), (right - radius, bottom), colour, cv2.FILLED)
    cv2.rectangle(bar, (left, top + radius), (right, bottom - radius), colour, cv2.FILLED)
    for x in (left + radius, right - radius):
        for y in (top + radius, bottom - radius):
            cv2.circle(bar, (x, y), radius, colour, cv2.FILLED, cv2.LINE_AA)

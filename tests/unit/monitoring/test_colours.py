"""The tokens of the stylesheet keep the contrasts of WCAG 2.2 AA in both themes."""

import re
from pathlib import Path

import pytest

STYLE = Path(__file__).resolve().parents[3] / "monitoring" / "web" / "static" / "style.css"
DECISIONS = ("pass", "review", "reject", "invalid")
TEXT = 4.5
GRAPHICS = 3.0


def tokens(*, dark: bool) -> dict[str, str]:
    text = STYLE.read_text(encoding="utf-8")
    light_part, dark_part = text.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,8})", light_part))
    if dark:
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,8})", dark_part.split("\n}\n")[0]))
    return found


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) > 4 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_and_shapes_stand_out_in_both_themes(*, dark: bool) -> None:
    colour = tokens(dark=dark)
    needed = [("ink", ground, TEXT) for ground in ("card", "ground", "well")]
    needed += [("quiet", "card", TEXT), ("quiet", "ground", TEXT), ("link", "card", TEXT), ("focus", "card", GRAPHICS)]
    needed += [("edge", "card", GRAPHICS), ("card", "link", TEXT), ("card", "ink", TEXT), ("reject-ink", "card", TEXT)]
    for name in DECISIONS:
        needed += [(f"{name}-ink", "card", TEXT), (f"{name}-ink", f"{name}-tint", TEXT), ("ink", f"{name}-tint", TEXT)]
        needed += [(f"{name}-mark", f"{name}-fill", TEXT if name in {"review", "reject"} else GRAPHICS)]

    low = [
        (a, b, round(contrast(colour[a], colour[b]), 2))
        for a, b, least in needed
        if contrast(colour[a], colour[b]) < least
    ]

    assert low == []

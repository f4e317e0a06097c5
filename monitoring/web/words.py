"""Sentences as the page shows them."""

import re

from markupsafe import Markup

CODE = re.compile(r"`([^`]*)`")


def with_code(text: str) -> Markup:
    """Return a sentence as HTML, with what stands between backticks as code."""
    parts = CODE.split(text)  # every second one stood between backticks
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    )


def sentence_of(text: str) -> str:
    """Return words as a sentence, with a capital in front and a full stop behind."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"

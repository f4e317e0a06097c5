"""Sentences as the page shows them."""

import re

from markupsafe import Markup, escape

CODE = re.compile(r"`([^`]*)`")


def with_code(text: str) -> Markup:
    """Return a sentence as HTML, with what stands between backticks as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def sentence_of(text: str) -> str:
    """Return words as a sentence, with a capital in front and a full stop behind."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"

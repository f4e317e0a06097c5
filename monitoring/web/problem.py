"""How an error looks to programs."""

from typing import Any

from layerwatch.wire import Part


class Problem(Part):
    """What went wrong, in words that say what to do."""

    detail: str


def problems(**why: str) -> dict[int | str, dict[str, Any]]:
    """Return what a route declares of its errors: `problems(not_found="no such layer")`."""
    return {STATUS[name]: {"model": Problem, "description": words} for name, words in why.items()}


STATUS = {"forbidden": 403, "not_found": 404, "conflict": 409, "unusable": 422, "away": 503}

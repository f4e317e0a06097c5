"""What an error of the API looks like."""

from layerwatch.wire import Part


class Problem(Part):
    """Why there is no answer, in words that say what to do."""

    detail: str

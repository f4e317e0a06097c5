"""Where pages of the site are."""

from urllib.parse import quote, urlencode

from layerwatch.layers import Stage


def layer_url(printer: str, build: str, layer: int, stage: Stage) -> str:
    """Return where a layer is shown in its build."""
    return f"/builds/{quote(printer)}/{quote(build)}?{urlencode({'layer': layer, 'stage': stage.value})}"

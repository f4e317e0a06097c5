"""JSON that a reader need not get twice: an entity tag over its bytes, and 304 where the reader has them."""

import hashlib
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response

from layerwatch.wire import Part

TAGGED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "nothing changed since the ETag that was sent"}}


def tagged(request: Request, part: Part) -> Response:
    """Return an answer as JSON with its tag, or 304 where the request names that tag."""
    body = part.model_dump_json(by_alias=True).encode()
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'  # weak: it is the same answer however it is compressed
    if tag in map(str.strip, request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    return Response(body, media_type="application/json", headers={"ETag": tag})

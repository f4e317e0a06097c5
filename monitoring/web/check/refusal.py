"""Why an upload is not taken, before anything of it is queued."""

from http import HTTPStatus

from layerwatch.errors import LayerwatchError


class UploadRefusedError(LayerwatchError):
    """An upload is not taken; the message says why and what to do, `status` is that of the answer."""

    def __init__(self, message: str, *, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> None:
        super().__init__(message)
        self.status = status

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer: what is busy or away may be asked again."""
        return {"Retry-After": "10"} if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR else {}

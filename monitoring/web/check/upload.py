"""What a person sends: the fields of a form, and files that lie on disk where they are large."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Annotated, Final

import structlog
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from layerwatch.errors import one_line
from layerwatch.layers import Stage
from layerwatch.profile import Profile
from monitoring.web.check.kinds import Kinds
from monitoring.web.check.lights import lights_of
from monitoring.web.check.refusal import UploadRefusedError

log = structlog.get_logger(__name__)

MOST_PICTURES: Final = 16
MOST_FIELDS: Final = 40
MOST_FIELD_BYTES: Final = 4096
MOST_WAIT_SECONDS: Final = 60
WAIT_SECONDS: Final = 30
LONGEST_NAME: Final = 100
MB: Final = 1_000_000
LARGEST_MB: Final = 64  # a picture is in memory at once, and Redis gives it out at once


class Fields(BaseModel):
    """The fields beside the pictures; what is empty is as if it were not there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    profile: str = ""
    stage: Stage = Stage.MELT
    mm_per_px: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] | None = None
    wait: Annotated[float, Field(ge=0, le=MOST_WAIT_SECONDS, allow_inf_nan=False)] = WAIT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One layer that is to be checked, its files in the order of their lights.

    Attributes:
        names: of the files, fit for paths and messages.
        profile: of the printer, with the scale that the sender knows better.
        wait: so many seconds the sender waits for the verdict.
    """

    files: tuple[UploadFile, ...]
    names: tuple[str, ...]
    lights: tuple[str, ...]
    profile: Profile
    stage: Stage
    wait: float


@asynccontextmanager
async def reading(request: Request, kinds: Kinds, *, most_bytes: int) -> AsyncIterator[Upload]:
    """Read an upload, whose files are there while the block runs.

    Raises:
        UploadRefusedError: it is not one layer as it should be sent.
    """
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "multipart/form-data":
        raise UploadRefusedError(
            "send multipart/form-data with the files as `pictures`", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        )
    try:
        form = await request.form(max_files=MOST_PICTURES, max_fields=MOST_FIELDS, max_part_size=MOST_FIELD_BYTES)
    except HTTPException as error:
        raise UploadRefusedError(
            f"{error.detail} Send 1 to {MOST_PICTURES} pictures of one layer.", status=HTTPStatus(error.status_code)
        ) from error
    except ClientDisconnect as error:
        raise UploadRefusedError("the upload broke off", status=HTTPStatus.BAD_REQUEST) from error
    except OSError as error:
        log.warning("upload_not_kept", error=str(error))
        raise UploadRefusedError(
            "the machine that serves this page has no room to keep the pictures while they are read; free some on its "
            "disk (TMPDIR)",
            status=HTTPStatus.SERVICE_UNAVAILABLE,
        ) from error
    try:
        yield _understood(form, kinds, most_bytes=most_bytes)
    finally:
        await form.close()


def _understood(form: FormData, kinds: Kinds, *, most_bytes: int) -> Upload:
    files = _files(form, most_bytes=most_bytes)
    fields = _fields(form)
    profile = kinds.profile(fields.profile)
    if fields.mm_per_px is not None:
        profile = profile.model_copy(update={"mm_per_px": fields.mm_per_px})
    names = [safe_name(file.filename or "") for file in files]
    lights = lights_of(names, profile, _listed(form, "lights"))
    in_order = sorted(zip(lights, names, files, strict=True), key=lambda one: one[0])
    return Upload(
        files=tuple(file for _, _, file in in_order),
        names=tuple(name for _, name, _ in in_order),
        lights=tuple(light for light, _, _ in in_order),
        profile=profile,
        stage=fields.stage,
        wait=fields.wait,
    )


def _files(form: FormData, *, most_bytes: int) -> list[UploadFile]:
    sent = [value for value in form.getlist("pictures") if isinstance(value, UploadFile)]
    files = [file for file in sent if file.filename or file.size]  # a browser sends an empty one where none was chosen
    if not 1 <= len(files) <= MOST_PICTURES:
        raise UploadRefusedError(f"pictures: choose 1 to {MOST_PICTURES} files, one for each light of one layer")
    for file in files:
        _refuse_large(safe_name(file.filename or ""), file.size or 0)
    size = sum(file.size or 0 for file in files)
    if size > most_bytes:
        raise UploadRefusedError(
            f"pictures: they have {size / MB:.1f} MB together, and {most_bytes // MB} MB are taken at once; "
            "send fewer, or raise MONITORING_MAX_UPLOAD_MB",
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    return files


def _refuse_large(name: str, size: int) -> None:
    if size > LARGEST_MB * MB:
        raise UploadRefusedError(
            f"{name} has {size / MB:.1f} MB; at most {LARGEST_MB} MB a picture are taken, so write it as PNG",
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )


def _fields(form: FormData) -> Fields:
    given = {name: value.strip() for name, value in form.items() if isinstance(value, str) and value.strip()}
    try:
        return Fields.model_validate(given)
    except ValidationError as error:
        raise UploadRefusedError(one_line([f"{item['loc'][0]}: {item['msg']}" for item in error.errors()])) from error


def _listed(form: FormData, field: str) -> list[str]:
    """Return the values of a field that is repeated, or holds several with commas between; none if all are empty."""
    values = [part.strip() for value in form.getlist(field) if isinstance(value, str) for part in value.split(",")]
    return values if any(values) else []


def safe_name(name: str) -> str:
    """Return the last part of a file name, without what is no letter, digit or harmless sign."""
    last = PurePosixPath(name.replace("\\", "/")).name
    kept = "".join(sign if sign.isalnum() or sign in " ._()-" else "-" for sign in last).strip(" .")
    return kept[-LONGEST_NAME:] or "picture"

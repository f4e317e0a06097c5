"""The running builds and the plant for programs."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request

from monitoring.web.context import context_of
from monitoring.web.now.status import status_of
from monitoring.web.now.wire import PrinterNow, Printers, Status

router = APIRouter(prefix="/api", tags=["now"])


@router.get("/printers")
async def printers(request: Request) -> Printers:
    """Return each printer with its running build, how that is, what was told of it, and what is wrong."""
    shown = context_of(request).present.look()
    return Printers(now=datetime.now(UTC), printers=tuple(map(PrinterNow.of, shown.cards)))


@router.get("/status")
async def status(request: Request) -> Status:
    """Return whether all is well, and everything that is silent, down or late, with what to do.

    The same body comes with each `status` event of `/api/events`.
    """
    return status_of(context_of(request).present)

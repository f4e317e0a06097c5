"""Beside the page: lets the trainer's files follow the database, whatever happened while no page was there."""

import asyncio
import threading

import structlog

from layerwatch.errors import SettingsError
from monitoring.corrections.desk import CorrectionDesk, Reconciled
from monitoring.corrections.folder import CorrectionFileError, CorrectionFolder
from monitoring.corrections.pictures import PicturesThere
from monitoring.history.database import AWAY, in_words
from monitoring.web.context import Context
from monitoring.web.history import NoHistoryError

EVERY_SECONDS = 300.0  # a layer that was printed anew takes its corrections out of the folder within that time

log = structlog.get_logger(__name__)


async def reconcile_for_ever(context: Context) -> None:
    """Look at all files at the start and then now and again, in a thread, until cancelled."""
    stop = threading.Event()
    pictures = PicturesThere(context.settings.sources_dir)  # remembers from one look to the next
    try:
        while True:
            await asyncio.to_thread(_reconcile, context, pictures, stop)
            await asyncio.sleep(EVERY_SECONDS)
    finally:
        stop.set()


def _reconcile(context: Context, pictures: PicturesThere, stop: threading.Event) -> None:
    try:
        folder = CorrectionFolder(context.settings.corrections_dir)
        desk = CorrectionDesk(context.history.engine(), folder, pictures)
        done = desk.reconcile(stopped=stop.is_set)
    except (NoHistoryError, SettingsError):
        return  # there is nothing yet that could be corrected
    except (CorrectionFileError, *AWAY) as error:
        log.warning("corrections_not_reconciled", reason=in_words(error))
    except Exception:  # the page goes on
        log.exception("corrections_not_reconciled")
    else:
        _tell(done)


def _tell(done: Reconciled) -> None:
    if done.changed or done.failed:
        log.info("corrections_reconciled", layers=done.layers, changed=done.changed, failed=done.failed)

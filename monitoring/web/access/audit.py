"""What routes call to have written down what somebody does."""

from datetime import UTC, datetime

import structlog
from fastapi import Request

from monitoring.web.access.asking import address_of, asking
from monitoring.web.access.audit_log import AuditAwayError, AuditEntry, Outcome
from monitoring.web.access.roles import User
from monitoring.web.context import context_of

log = structlog.get_logger(__name__)

LONGEST = 300


def audit(request: Request, action: str, subject: str) -> None:
    """Write down what somebody is about to do; call it first, in a thread, and act when it returns.

    Raises:
        AuditAwayError: it could not be written, and must not be done; it is answered with 503.
    """
    context_of(request).access.audit.add(_entry(request, asking(request), action, subject, Outcome.ALLOWED))


def audit_session(request: Request, user: User, action: str) -> None:
    """Write down that somebody comes or goes; a full disk keeps nobody from looking."""
    _add_or_log(request, _entry(request, user, action, "", Outcome.ALLOWED))


def audit_refusal(request: Request, action: str) -> None:
    """Write down what somebody was not allowed to do."""
    _add_or_log(request, _entry(request, asking(request), action, "", Outcome.REFUSED))


def _add_or_log(request: Request, entry: AuditEntry) -> None:
    try:
        context_of(request).access.audit.add(entry)
    except AuditAwayError as error:
        log.error("audit_not_written", error=str(error), action=entry.action)  # noqa: TRY400 - expected, in one line


def _entry(request: Request, user: User | None, action: str, subject: str, outcome: Outcome) -> AuditEntry:
    return AuditEntry(
        time=datetime.now(UTC),
        user=user.name if user else None,
        role=user.role if user else None,
        address=address_of(request),
        action=action[:LONGEST],
        subject=subject[:LONGEST],
        outcome=outcome,
    )

"""Logging in with a token, and out."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from monitoring.web.access.asking import address_of
from monitoring.web.access.audit import audit_refusal, audit_session
from monitoring.web.access.cookie import remove_token, set_token
from monitoring.web.access.gates import CHALLENGE, Gate, TokenGate
from monitoring.web.context import context_of
from monitoring.web.rendering import render

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False)

HOME = "/"
NO_COPIES = {"Cache-Control": "no-store"}
NEVER_AFTER = ("/login", "/logout")


@router.get("/login")
def login_page(request: Request, next: str = HOME) -> Response:  # noqa: A002 - its name in the address
    """Return the form; who is known already goes on."""
    gate = _gate(request)
    if gate.user(request):
        return RedirectResponse(local_path(next), HTTPStatus.SEE_OTHER)
    return _form(request, gate, next)


@router.post("/login")
def log_in(
    request: Request,
    token: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = HOME,  # noqa: A002 - its name in the form
) -> Response:
    """Take a token, keep it in a cookie, and go on to where the user wanted to be."""
    gate = _gate(request)
    token = token.strip()
    user = gate.with_token(token)
    if user is None:
        gate.count_failure(request)
        log.warning("login_failed", address=address_of(request))
        audit_refusal(request, "log in")
        return _form(request, gate, next, wrong=True)
    audit_session(request, user, "log in")
    answer = RedirectResponse(local_path(next), HTTPStatus.SEE_OTHER, NO_COPIES)
    set_token(request, answer, token)
    return answer


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Forget the cookie."""
    user = _gate(request).user(request)
    if user is not None:
        audit_session(request, user, "log out")
    answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER, NO_COPIES)
    remove_token(request, answer)
    return answer


def local_path(text: str) -> str:
    """Return a path of this page, and the front page for anything that could lead elsewhere."""
    plain = text.isascii() and text.isprintable() and "\\" not in text
    if not plain or not text.startswith("/") or text.startswith("//") or urlsplit(text).path in NEVER_AFTER:
        return HOME
    return text


def _gate(request: Request) -> TokenGate:
    gate: Gate = context_of(request).access.gate
    if isinstance(gate, TokenGate):
        return gate
    raise HTTPException(404, "nobody logs in on this page: MONITORING_ACCESS is not token")


def _form(request: Request, gate: TokenGate, next_path: str, *, wrong: bool = False) -> HTMLResponse:
    status = HTTPStatus.UNAUTHORIZED if wrong else HTTPStatus.OK
    has_users = gate.has_users
    page = render(request, "login.html", status=status, next=local_path(next_path), wrong=wrong, has_users=has_users)
    page.headers.update({**NO_COPIES, **(CHALLENGE if wrong else {})})
    return page

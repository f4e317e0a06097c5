"""Pages for people: a template, and what every page shows."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from monitoring.web.access.asking import asking
from monitoring.web.context import context_of


def render(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page; the template also knows `user`, None before a login, and `path`."""
    known = {"user": asking(request), "path": request.url.path}
    html = context_of(request).templates.get_template(template).render(**known, **values)
    return HTMLResponse(html, status)

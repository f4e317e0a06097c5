"""Pages for people: a template, and what every page shows."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from monitoring.web.access.user import user_of
from monitoring.web.context import context_of


def render(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page; the template also knows `user` and `path`."""
    known = {"user": user_of(request), "path": request.url.path}
    html = context_of(request).templates.get_template(template).render(**known, **values)
    return HTMLResponse(html, status)

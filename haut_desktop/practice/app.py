"""The platform's routes, gathered, and its answers to what no route takes."""

from collections.abc import Iterable
from itertools import chain
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from haut_desktop.practice import (
    applications,
    authentication,
    aux_images,
    datasets,
    dictionaries,
    effects,
    images,
    not_done,
    practice_pages,
    private_tokens,
    results,
    signed_upload,
    subjects,
    webhooks,
)
from haut_desktop.practice.answers import ContractError
from haut_desktop.practice.calls import Endpoint, make_asgi_endpoints
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.service import Service

_MODULES: Final = (
    authentication,
    private_tokens,
    dictionaries,
    datasets,
    applications,
    subjects,
    images,
    aux_images,
    results,
    signed_upload,
    webhooks,
    effects,
    not_done,
    practice_pages,
)


def make_platform_app(service: Service) -> Starlette:
    """The ASGI application of the platform's port."""
    endpoints = list(chain.from_iterable(module.ENDPOINTS for module in _MODULES))
    app = Starlette(
        routes=_make_routes(service, endpoints), exception_handlers={HTTPException: _refuse}
    )
    app.state.service = service
    app.router.redirect_slashes = False
    return app


def _make_routes(service: Service, endpoints: Iterable[Endpoint]) -> list[Route]:
    by_path: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, []).append(endpoint)
    return [
        Route(
            path,
            make_asgi_endpoints(service, group, authentication.authenticate),
            methods=[endpoint.method for endpoint in group],
        )
        for path, group in by_path.items()
    ]


async def _refuse(request: Request, error: Exception) -> Response:
    """404 and 405 in the envelope; a GET without the last slash is sent to the one with it.

    Django redirects so; a POST would lose its body that way, so it gets 404 (a guess).
    """
    status = error.status_code if isinstance(error, HTTPException) else 500
    path = request.url.path
    if status == 404 and request.method in ("GET", "HEAD") and not path.endswith("/"):
        return RedirectResponse(request.url.replace(path=path + "/"), 301)
    is_plain = request.app.state.service.has(Quirk.PLAIN_ERRORS)
    code, detail = {
        404: ("not_found", "Not found."),
        405: ("method_not_allowed", f'Method "{request.method}" not allowed.'),
    }.get(status, ("error", "A server error occurred."))
    return ContractError(status, code, detail).answer(is_plain=is_plain)

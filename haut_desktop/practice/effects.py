"""Effects: what a simulation may show; made, listed, read.

How an effect is attached to a dataset and gets its variants is not documented, so it has none.
"""

import uuid
from typing import Any, Final

from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, invalid, not_found
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.clock import utc_now
from haut_desktop.practice.fields import Body, read_choice, read_optional_text, read_text
from haut_desktop.practice.pages import answer_page
from haut_desktop.practice.records import Row, from_json, to_json
from haut_desktop.practice.service import Service

_TYPES: Final = ("product", "environment", "procedure")
_LONGEST_DESCRIPTION: Final = 10_000


def _create(call: Call) -> Response:
    company_id, body, now = call.company(), call.body(), utc_now()
    effect = {
        "id": str(uuid.uuid4()),
        "company_id": company_id,
        "title": read_text(body, "title"),
        "description": read_optional_text(body, "description", max_length=_LONGEST_DESCRIPTION),
        "type": None if body.get("type") is None else read_choice(body, "type", _TYPES),
        "attach_options": to_json(_read_attach_options(body)),
        "created": now,
        "updated": now,
    }
    call.service.records.insert("effects", **effect)
    return answer_json(_show(call.service, effect), 201)


def _read_attach_options(body: Body) -> dict[str, Any] | None:
    """``model`` and ``comparison``, whose values are not documented: kept as they came."""
    options = body.get("attach_options")
    if options is None:
        return None
    if not isinstance(options, dict):
        raise invalid("attach_options", "Expected a dictionary of items.", "not_a_dict")
    return {name: options.get(name) for name in ("model", "comparison")}


def _list(call: Call) -> Response:
    return answer_page(
        call,
        "SELECT * FROM effects WHERE company_id = ?",
        call.company(),
        show=lambda effect: _show(call.service, effect),
        ordering={"title": "title", "created_at": "created", "updated_at": "updated"},
        search="title",
    )


def _get(call: Call) -> Response:
    effect = call.service.records.fetch_one(
        "SELECT * FROM effects WHERE id = ? AND company_id = ?",
        call.path("effect_id"),
        call.company(),
    )
    if effect is None:
        raise not_found()
    return answer_json(_show(call.service, effect))


def _show(service: Service, effect: Row) -> dict[str, Any]:
    return {
        "id": effect["id"],
        "title": effect["title"],
        "description": effect["description"],
        "is_default": False,
        "type": effect["type"],
        "datasets": [],
        "updated_at": service.format_time(effect["updated"]),
        "created_at": service.format_time(effect["created"]),
        "effect_variants": [],
        "attach_options": from_json(effect["attach_options"]),
    }


_EFFECTS: Final = "/api/v1/companies/{company_id}/effects/"
ENDPOINTS: Final = (
    Endpoint("POST", _EFFECTS, _create),
    Endpoint("GET", _EFFECTS, _list),
    Endpoint("GET", _EFFECTS + "{effect_id}/", _get),
)

"""Webhooks: the one destination of a dataset that is told when an application finishes.

A practice platform sends nothing off the computer, so it takes destinations on it alone.
"""

import secrets
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, invalid
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.fields import Body, read_boolean, read_choice, read_text
from haut_desktop.practice.records import Row
from haut_desktop.practice.service import Service

HOSTS: Final = ("127.0.0.1", "localhost")
"""The only hosts that are ever sent anything."""

_FLAGS: Final = ("enabled", "add_survey_answers", "merge_webhooks")
_LONGEST_URL: Final = 2048
_LONGEST_KEY: Final = 128
_FORM: Final = "Enter a valid URL."
_ELSEWHERE: Final = (
    "The practice platform sends nothing off this computer: it takes http://127.0.0.1 and"
    " http://localhost only, with any port and path."
)


def find_webhook(service: Service, dataset_id: str) -> Row | None:
    """The dataset's destination, None without one or when it is switched off."""
    return service.records.fetch_one(
        "SELECT * FROM webhooks WHERE dataset_id = ? AND enabled = 1", dataset_id
    )


def read_destination(url: str) -> SplitResult:
    """The parts of an address on this computer; raises ContractError for every other one."""
    try:
        parts = urlsplit(url)
        port_is_right = parts.port != 0
    except ValueError as error:
        raise invalid("url", _FORM) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_right:
        raise invalid("url", _FORM)
    if not url.isascii() or not url.isprintable() or " " in url:
        raise invalid("url", _FORM)
    if parts.scheme != "http" or parts.hostname not in HOSTS or "@" in parts.netloc:
        raise invalid("url", _ELSEWHERE, "not_on_this_computer")
    return parts


def _replace(call: Call) -> Response:
    """Create the dataset's webhook, or put another one in its place."""
    dataset = call.dataset()
    fields = _read_fields(call.body())
    fields["secret_key"] = secrets.token_urlsafe(32)
    with call.service.records.transaction():
        call.service.records.execute("DELETE FROM webhooks WHERE dataset_id = ?", dataset["id"])
        call.service.records.insert("webhooks", dataset_id=dataset["id"], **fields)
    return answer_json(fields, 201)


def _read_fields(body: Body) -> dict[str, Any]:
    fields: dict[str, Any] = {"url": read_text(body, "url", max_length=_LONGEST_URL)}
    read_destination(fields["url"])
    fields["authorization"] = read_choice(body, "authorization", ("query", "basic", "bearer"))
    for name in ("authorization_key", "authorization_value"):
        fields[name] = read_text(body, name, max_length=_LONGEST_KEY)
        if not fields[name].isascii() or not fields[name].isprintable():
            raise invalid(name, "Enter letters, digits and signs that a header may carry.")
    fields["method"] = read_choice(body, "method", ("post", "get"))
    for name in _FLAGS:
        # Whether a webhook is on when nothing is said is not documented: it is, or why set it.
        fields[name] = name == "enabled" if body.get(name) is None else read_boolean(body, name)
    return fields


ENDPOINTS: Final = (
    Endpoint("POST", "/api/v1/companies/{company_id}/datasets/{dataset_id}/webhooks/", _replace),
)

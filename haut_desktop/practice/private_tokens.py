"""Private tokens: long-lived, shown once, for accounts whose password is not enough."""

import secrets
from typing import Final

from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, answer_nothing, invalid, not_found
from haut_desktop.practice.authentication import digest
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.clock import iso_form, utc_now
from haut_desktop.practice.fields import read_text, read_time
from haut_desktop.practice.pages import answer_page


def _create_private_token(call: Call) -> Response:
    body, account = call.body(), call.user()
    name = read_text(body, "name")
    read_text(body, "expiration_time")
    expires = read_time(body, "expiration_time") or 0.0
    if expires <= utc_now():
        raise invalid("expiration_time", "Expiration time must be in the future.")
    token = secrets.token_urlsafe(48)
    token_id = call.service.records.insert(
        "private_tokens",
        account_id=account["id"],
        name=name,
        digest=digest(token),
        expires=expires,
    )
    shown = {"id": token_id, "name": name, "expiration_time": iso_form(expires)}
    return answer_json({**shown, "data": token}, 201)


def _list_private_tokens(call: Call) -> Response:
    return answer_page(
        call,
        "SELECT * FROM private_tokens WHERE account_id = ?",
        call.user()["id"],
        show=lambda row: {
            "id": row["id"],
            "name": row["name"],
            "expiration_time": iso_form(row["expires"]),
        },
        ordering={"id": "id", "name": "name"},
        search="name",
    )


def _delete_private_token(call: Call) -> Response:
    deleted = call.service.records.execute(
        "DELETE FROM private_tokens WHERE id = ? AND account_id = ?",
        call.path("token_id"),
        call.user()["id"],
    )
    if not deleted:
        raise not_found()
    return answer_nothing()


ENDPOINTS: Final = (
    Endpoint("POST", "/api/v1/auth/private_tokens/", _create_private_token),
    Endpoint("GET", "/api/v1/auth/private_tokens/", _list_private_tokens),
    Endpoint("DELETE", "/api/v1/auth/private_tokens/{token_id}/", _delete_private_token),
)

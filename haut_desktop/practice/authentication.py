"""Accounts and the tokens that prove them: access, refresh and private tokens."""

import base64
import hashlib
import hmac
import secrets
from typing import Any, Final

import msgspec
from starlette.responses import Response

from haut_desktop.practice.answers import (
    ContractError,
    answer_json,
    invalid,
)
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.clock import utc_now
from haut_desktop.practice.fields import read_text
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Row
from haut_desktop.practice.service import Service

_LOGIN_WINDOW_S: Final = 60


def authenticate(service: Service, header: str | None) -> Row:
    """The account of an ``Authorization: Bearer`` header; raises ContractError with 401."""
    if not header:
        raise ContractError(
            401,
            "not_authenticated",
            "Authentication credentials were not provided.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    scheme, _, token = header.partition(" ")
    account_id = _read_token(service, token.strip()) if scheme == "Bearer" else None
    account = account_id and service.records.fetch_one(
        "SELECT * FROM accounts WHERE id = ?", account_id
    )
    if not account:
        detail = "Invalid or expired token."
        headers = {"WWW-Authenticate": "Bearer"}
        # Django REST Framework says 403 where its authentication names no scheme
        status = 403 if service.has(Quirk.TOKEN_REFUSED_403) else 401
        raise ContractError(status, "authentication_failed", detail, headers=headers)
    return account


def make_access_token(service: Service, account: Row) -> str:
    """A token of three parts whose payload names ``exp``, as Firebase's do."""
    now = int(utc_now())
    payload = {
        "iss": "practice",
        "sub": str(account["id"]),
        "email": account["username"],
        "iat": now,
        "exp": now + service.options.token_seconds,
        "jti": secrets.token_hex(8),
    }
    text = f"{_encode_part({'alg': 'HS256', 'typ': 'JWT'})}.{_encode_part(payload)}"
    return f"{text}.{_sign(service, text)}"


def _read_token(service: Service, token: str) -> int | None:
    """The account id of a valid access or private token."""
    text, _, signature = token.rpartition(".")
    if text and hmac.compare_digest(signature.encode(), _sign(service, text).encode()):
        part = text.partition(".")[2]
        payload = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return int(payload["sub"]) if utc_now() < payload["exp"] else None
    row = service.records.fetch_one("SELECT * FROM private_tokens WHERE digest = ?", digest(token))
    return row["account_id"] if row and utc_now() < row["expires"] else None


def _encode_part(value: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


def _sign(service: Service, text: str) -> str:
    digest = hmac.new(service.secret, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _log_in(call: Call) -> Response:
    service, body = call.service, call.body()
    username, password = read_text(body, "username"), read_text(body, "password")
    if "@" not in username:
        raise invalid("username", "Enter a valid email address.")
    _refuse_too_many(service, username)
    account = service.records.fetch_one("SELECT * FROM accounts WHERE username = ?", username)
    if account is None or not hmac.compare_digest(account["password"].encode(), password.encode()):
        detail = "No active account found with the given credentials."
        raise ContractError(401, "authentication_failed", detail)
    if account["mfa"]:
        raise invalid(None, "Multi-factor authentication is enabled for this user.", "mfa_enabled")
    service.records.count("logins")
    return answer_json(_show_login(service, account))


def _refuse_too_many(service: Service, username: str) -> None:
    """The login goes through a service that blocks; that it says 429 is a guess."""
    now = utc_now()
    times = service.login_times[username]
    while times and times[0] < now - _LOGIN_WINDOW_S:
        times.popleft()
    if len(times) >= service.options.logins_per_minute:
        wait_s = int(times[0] + _LOGIN_WINDOW_S - now) + 1
        raise ContractError(
            429,
            "throttled",
            f"Request was throttled. Expected available in {wait_s} seconds.",
            headers={"Retry-After": str(wait_s)},
        )
    times.append(now)


def _show_login(service: Service, account: Row) -> dict[str, Any]:
    access = make_access_token(service, account)
    return {
        "id": account["id"],
        "email": account["username"],
        "username": account["username"],
        "company_id": account["company_id"],
        "token_access": access,
        "access_token": access,
        "refresh_token": _make_refresh_token(service, account["id"]),
        "is_verified": True,
        "profile": _show_profile(account),
    }


def _show_profile(account: Row) -> dict[str, Any]:
    return {
        "metadata": None,
        "full_name": account["full_name"],
        "kyc_enabled": True,
        "terms_payment_accepted_at": None,
        "terms_and_policy_accepted_at": True,
        "feature_flags": {},
    }


def _make_refresh_token(service: Service, account_id: int) -> str:
    token = secrets.token_urlsafe(48)
    service.records.insert(
        "refresh_tokens", digest=digest(token), account_id=account_id, created=utc_now()
    )
    return token


def _refresh(call: Call) -> Response:
    service = call.service
    token = read_text(call.body(), "refresh_token", max_length=4096)
    account = service.records.fetch_one(
        "SELECT a.* FROM accounts a JOIN refresh_tokens r ON r.account_id = a.id"
        " WHERE r.digest = ?",
        digest(token),
    )
    if account is None:
        raise ContractError(401, "authentication_failed", "Invalid refresh token.")
    service.records.count("refreshes")
    access = make_access_token(service, account)
    if service.has(Quirk.REFRESH_ONLY_ID_TOKEN):
        return answer_json({"id_token": access})
    if service.has(Quirk.REFRESH_TOKEN_ROTATED):
        service.records.execute("DELETE FROM refresh_tokens WHERE digest = ?", digest(token))
        token = _make_refresh_token(service, account["id"])
    tokens = {"access_token": access, "token_access": access}
    if service.has(Quirk.REFRESH_NO_REFRESH_TOKEN):
        return answer_json(tokens)
    return answer_json({**tokens, "refresh_token": token})


def _get_profile(call: Call) -> Response:
    account = call.user()
    user = {"id": account["id"], "email": account["username"], "username": account["username"]}
    company = {"company_id": account["company_id"]}
    return answer_json({"user": user, **company, "profile": _show_profile(account)})


ENDPOINTS: Final = (
    Endpoint("POST", "/api/v1/auth/login/", _log_in, is_public=True),
    Endpoint("POST", "/api/v1/login/", _log_in, is_public=True),
    Endpoint("POST", "/api/v1/auth/refresh/", _refresh, is_public=True),
    Endpoint("POST", "/api/v1/refresh/", _refresh, is_public=True),
    Endpoint("GET", "/api/v1/auth/profile/", _get_profile),
)

"""Signing in, refreshing, and private tokens of the practice platform."""

import base64
import json

import httpx
import pytest

from haut_desktop.practice.quirks import Quirk
from tests.practice.server.conftest import StartClient
from tests.practice.server.running import TECHNICIAN, Client, Json


def _read_payload(token: str) -> Json:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize("path", ["/api/v1/auth/login/", "/api/v1/login/"])
def test_both_login_paths_give_the_token_under_both_names(shared: Client, path: str) -> None:
    answer = shared.http.post(path, json=TECHNICIAN)
    assert answer.status_code == 200
    login = answer.json()
    assert login["access_token"] == login["token_access"]
    assert login["refresh_token"]
    assert isinstance(login["id"], int)
    assert set(login) >= {"email", "username", "company_id", "is_verified", "profile"}


def test_an_access_token_says_when_it_ends(shared: Client) -> None:
    payload = _read_payload(shared.sign_in()["access_token"])
    assert payload["exp"] - payload["iat"] == 3600


def test_an_account_with_a_second_factor_cannot_sign_in_by_password(shared: Client) -> None:
    account = {"username": "second-factor@practice.example", "password": "practice-technician"}
    answer = shared.http.post("/api/v1/auth/login/", json=account)
    assert answer.status_code == 400
    assert "Multi-factor" in answer.json()["errors"][0]["detail"]


def test_a_wrong_password_is_401_in_the_envelope(shared: Client) -> None:
    answer = shared.http.post("/api/v1/auth/login/", json={**TECHNICIAN, "password": "x"})
    assert answer.status_code == 401
    assert answer.json()["type"] == "client_error"
    assert answer.json()["errors"][0]["code"] == "authentication_failed"


def test_a_wrong_password_with_letters_of_another_alphabet_is_wrong_too(shared: Client) -> None:
    answer = shared.http.post("/api/v1/auth/login/", json={**TECHNICIAN, "password": "Schlüssel"})
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"] == "authentication_failed"


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({"password": "x"}, "username", "required"),
        ({"username": "", "password": "x"}, "username", "blank"),
        ({"username": None, "password": "x"}, "username", "null"),
        ({"username": "no-address", "password": "x"}, "username", "invalid"),
    ],
)
def test_what_is_wrong_with_a_login_is_named_by_field(
    shared: Client, body: Json, attr: str, code: str
) -> None:
    answer = shared.http.post("/api/v1/auth/login/", json=body)
    assert answer.status_code == 400
    assert answer.json()["type"] == "validation_error"
    error = answer.json()["errors"][0]
    assert (error["attr"], error["code"]) == (attr, code)


def test_signing_in_too_often_is_refused_for_a_while(start: StartClient) -> None:
    client = start(logins_per_minute=3)
    statuses = [client.http.post("/api/v1/login/", json=TECHNICIAN).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = client.http.post("/api/v1/login/", json=TECHNICIAN)
    assert 1 <= int(refused.headers["Retry-After"]) <= 61


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authentication": "Bearer {}"},
        {"Authorization": "{}"},
        {"Authorization": "Token {}"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer a.b.c"},
    ],
)
def test_only_authorization_bearer_opens(shared: Client, headers: dict[str, str]) -> None:
    token = shared.sign_in()["access_token"]
    sent = {name: value.format(token) for name, value in headers.items()}
    answer = httpx.get(f"{shared.http.base_url}/api/v1/auth/profile/", headers=sent)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["attr"] is None


def test_a_token_past_its_life_is_401(start: StartClient) -> None:
    client = start(token_seconds=0)
    assert client.http.get("/api/v1/auth/profile/").status_code == 401


@pytest.mark.parametrize("path", ["/api/v1/auth/refresh/", "/api/v1/refresh/"])
def test_both_refresh_paths_give_a_new_token(shared: Client, path: str) -> None:
    login = shared.sign_in()
    answer = shared.post(path, {"refresh_token": login["refresh_token"]})
    assert answer["access_token"] == answer["token_access"] != login["access_token"]
    assert answer["refresh_token"] == login["refresh_token"]
    shared.http.headers["Authorization"] = f"Bearer {answer['access_token']}"
    assert shared.get("/api/v1/auth/profile/")["user"]["id"] == login["id"]


def test_a_wrong_refresh_token_is_401(shared: Client) -> None:
    answer = shared.http.post("/api/v1/auth/refresh/", json={"refresh_token": "x"})
    assert answer.status_code == 401


def test_a_rotated_refresh_token_works_once(start: StartClient) -> None:
    client = start(Quirk.REFRESH_TOKEN_ROTATED)
    body = {"refresh_token": client.sign_in()["refresh_token"]}
    answer = client.post("/api/v1/auth/refresh/", body)
    assert client.http.post("/api/v1/auth/refresh/", json=body).status_code == 401
    assert client.post("/api/v1/auth/refresh/", {"refresh_token": answer["refresh_token"]})


def test_a_refresh_may_answer_with_an_id_token_alone(start: StartClient) -> None:
    client = start(Quirk.REFRESH_ONLY_ID_TOKEN)
    body = {"refresh_token": client.sign_in()["refresh_token"]}
    assert list(client.post("/api/v1/auth/refresh/", body)) == ["id_token"]


def test_a_private_token_is_shown_once_and_opens_until_deleted(shared: Client) -> None:
    body = {"name": "Station 1", "expiration_time": "2100-01-01T00:00:00Z"}
    made = shared.post("/api/v1/auth/private_tokens/", body)
    listed = shared.get("/api/v1/auth/private_tokens/")
    assert [set(item) for item in listed["results"]] == [{"id", "name", "expiration_time"}]
    bearer = {"Authorization": f"Bearer {made['data']}"}
    assert shared.http.get("/api/v1/auth/profile/", headers=bearer).status_code == 200
    path = f"/api/v1/auth/private_tokens/{made['id']}/"
    assert shared.http.delete(path).status_code == 204
    assert shared.http.get("/api/v1/auth/profile/", headers=bearer).status_code == 401
    assert shared.http.delete(path).status_code == 404


@pytest.mark.parametrize("time", ["2001-01-01T00:00:00Z", "tomorrow", None])
def test_a_private_token_needs_a_time_to_come(shared: Client, time: str | None) -> None:
    body = {"name": "Station 1", "expiration_time": time}
    answer = shared.http.post("/api/v1/auth/private_tokens/", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "expiration_time"

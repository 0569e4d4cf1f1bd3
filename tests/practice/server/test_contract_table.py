"""Every row of the contract's table of endpoints, asked by a plain HTTP client over a socket."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest

from haut_desktop.practice.not_done import NOT_DONE, NotDone
from haut_desktop.practice.service import Options
from tests.practice.server.running import (
    DEADLINE_S,
    FACES,
    TECHNICIAN,
    Json,
    RunningPlatform,
    wait_for,
)

_ARCHITECTURE: Final = Path("resources/help/architecture.md")
_PAGE: Final = {"count", "next", "previous", "results"}
_SUBJECT: Final = {"id", "name", "birth_date", "biological_sex", "meta", "company", "dataset"}
_IMAGE: Final = {"id", "name", "side", "light", "image_type", "urls", "image_batch_id"}
_RUN: Final = {"id", "dataset_id"}
_RESULT: Final = {"id", "is_ok", "image_id", "algorithm_family_tech_name", "result"}
_AUX: Final = {"id", "aux_image_type", "urls", "signed_url", "algo_app"}
_EFFECT: Final = {
    "id",
    "title",
    "description",
    "is_default",
    "type",
    "datasets",
    "updated_at",
    "created_at",
    "effect_variants",
    "attach_options",
}
_FSM_2: Final = "8b5b3acc-480b-4412-8d2c-ebe6ab4384d7"

# Method, path, body, status, the keys that the answer has; a list in place of keys: a bare array
# of entries with them.
_ROWS: Final[tuple[tuple[str, str, Json, int, set[str] | list[str]], ...]] = (
    ("POST", "/api/v1/auth/login/", TECHNICIAN, 200, {"access_token", "token_access"}),
    ("POST", "/api/v1/login/", TECHNICIAN, 200, {"company_id", "refresh_token", "profile"}),
    ("POST", "/api/v1/auth/refresh/", {"refresh_token": "{refresh}"}, 200, {"access_token"}),
    ("POST", "/api/v1/refresh/", {"refresh_token": "{refresh}"}, 200, {"access_token"}),
    ("GET", "/api/v1/auth/profile/", None, 200, {"user"}),
    ("GET", "/api/v1/auth/private_tokens/", None, 200, _PAGE),
    ("GET", "/api/v1/dicts/algorithms/", None, 200, ["id", "version", "algorithm_family"]),
    ("GET", "/api/v1/dicts/image_types/", None, 200, ["id", "tech_name", "sides", "lights"]),
    ("GET", "{c}/applications/", None, 200, _PAGE),
    (
        "POST",
        "{c}/applications/skin_metrics/attach-to-dataset/",
        {"dataset_id": "{skin}"},
        201,
        _RUN,
    ),
    ("POST", f"{{c}}/applications/{_FSM_2}/runs/", {"dataset_id": "{dataset}"}, 201, _RUN),
    ("POST", "{c}/datasets/", {"name": "Table"}, 201, {"id", "connected_applications"}),
    ("GET", "{c}/datasets/", None, 200, _PAGE),
    ("GET", "{c}/datasets/short_list/", None, 200, ["id", "name"]),
    ("GET", "{d}/", None, 200, {"id", "company_id", "name", "image_type"}),
    ("PATCH", "{d}/", {"expire_images_after_days": None}, 200, {"id", "name"}),
    ("POST", "{d}/subjects/", {"name": "S-2"}, 201, _SUBJECT),
    ("GET", "{d}/subjects/", None, 200, _PAGE),
    ("GET", "{d}/subjects/{subject}/", None, 200, _SUBJECT),
    ("PATCH", "{d}/subjects/{subject}/", {"meta": {}}, 200, _SUBJECT),
    ("POST", "{d}/subjects/{subject}/batches/", {}, 201, {"id"}),
    ("GET", "{d}/subjects/{subject}/batches/", None, 200, _PAGE),
    ("POST", "{d}/subjects/{subject}/images/", {"b64data": "{picture}"}, 201, _IMAGE),
    ("GET", "{d}/subjects/{subject}/images/", None, 200, _PAGE),
    ("POST", "{b}/images/", {"b64data": "{picture}", "side_id": 2}, 201, _IMAGE),
    ("GET", "{b}/images/", None, 200, sorted(_IMAGE)),
    ("GET", "{i}/", None, 200, _IMAGE),
    ("GET", "{i}/results/", None, 200, sorted(_RESULT)),
    ("GET", "{i}/smoothed_results/", None, 200, ["algorithm_tech_name", "value"]),
    ("GET", "{i}/aux/", None, 200, sorted(_AUX)),
    ("GET", "{i}/aux/{aux}/signed_url/?expiration_seconds=946080000", None, 200, {"url"}),
    ("POST", "{v3}/subjects/{subject}/upload/", {"left": "left.jpg"}, 200, {"left"}),
    ("POST", "{v3}/batches/{batch}/compute/", {"app_args": {}}, 204, set()),
    ("GET", "{v3}/batches/{batch}/results/", None, 200, {"face_skin_metrics_3"}),
    ("POST", "{c}/effects/", {"title": "Table"}, 201, _EFFECT),
    ("GET", "{c}/effects/", None, 200, _PAGE),
    ("DELETE", "{d}/subjects/delete/", {"subjects_ids": ["{second}"]}, 204, set()),
    ("DELETE", "{d}/subjects/{third}/", None, 204, set()),
    ("DELETE", "{d}/subjects/{subject}/batches/{second_batch}/", None, 204, set()),
)


class _Stranger:
    """A client that knows the public documentation and nothing else."""

    def __init__(self, url: str, picture: bytes) -> None:
        self.http = httpx.Client(base_url=url, timeout=DEADLINE_S)
        signed_in = self._ask("POST", "/api/v1/auth/login/", TECHNICIAN)
        self.http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        company = f"/api/v1/companies/{signed_in['company_id']}"
        datasets = {
            row["name"]: row["id"] for row in self._ask("GET", f"{company}/datasets/short_list/")
        }
        self.names = {
            "refresh": signed_in["refresh_token"],
            "picture": base64.b64encode(picture).decode(),
            "c": company,
            "v3": company.replace("v1", "v3"),
            "d": f"{company}/datasets/{datasets[FACES]}",
            "dataset": datasets["Practice study, not set up"],
            "skin": datasets["Practice study (skin)"],
        }
        self._prepare(picture)

    def _ask(self, method: str, path: str, body: Json = None) -> Json:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json() if answer.content else None

    def fill(self, value: Json) -> Json:
        """The value with its {names} replaced."""
        match value:
            case str():
                for name, text in self.names.items():
                    value = value.replace("{" + name + "}", text)
                return value
            case dict():
                return {name: self.fill(part) for name, part in value.items()}
            case list():
                return [self.fill(part) for part in value]
        return value

    def _prepare(self, picture: bytes) -> None:
        """One picture sent the signed way and computed, and more subjects to delete."""
        names = self.names
        for name in ("subject", "second", "third"):
            made = self._ask("POST", f"{names['d']}/subjects/", {"name": name})
            names[name] = made["id"]
        batches = f"{names['d']}/subjects/{names['subject']}/batches"
        names["second_batch"] = self._ask("POST", f"{batches}/", {})["id"]
        slots = self._ask(
            "POST", f"{names['v3']}/subjects/{names['subject']}/upload/", {"front": "front.jpg"}
        )
        slot, names["batch"] = slots["front"], slots["image_batch_id"]
        assert httpx.put(slot["url"], headers=slot["headers"], content=picture).status_code == 200
        names["b"] = f"{batches}/{names['batch']}"
        names["i"] = f"{names['b']}/images/{slot['id']}"
        results = f"{names['v3']}/batches/{names['batch']}"
        self._ask("POST", f"{results}/compute/", {"app_args": {}})
        wait_for(
            lambda: (
                self._ask("GET", f"{results}/results/")
                .get("face_skin_metrics_3", {})
                .get("all_algorithms_calculated")
            )
        )
        names["aux"] = wait_for(lambda: self._ask("GET", f"{names['i']}/aux/"))[0]["id"]


@pytest.fixture(scope="module")
def stranger(
    tmp_path_factory: pytest.TempPathFactory, faces: dict[str, bytes]
) -> Iterator[_Stranger]:
    folder = tmp_path_factory.mktemp("platform")
    platform = RunningPlatform(folder, Options(has_demonstration=False))
    client = _Stranger(platform.url, faces["front"])
    yield client
    client.http.close()
    platform.stop()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "keys"), _ROWS, ids=[f"{row[0]} {row[1]}" for row in _ROWS]
)
def test_each_row_of_the_contracts_table_answers_as_documented(
    stranger: _Stranger,
    method: str,
    path: str,
    body: Json,
    status: int,
    keys: set[str] | list[str],
) -> None:
    answer = stranger.http.request(method, stranger.fill(path), json=stranger.fill(body))
    assert answer.status_code == status, answer.text
    if isinstance(keys, list):
        rows = answer.json()
        assert rows
        assert all(row.keys() >= set(keys) for row in rows)
    elif keys:
        assert answer.json().keys() >= keys
    else:
        assert answer.content == b""


def test_a_private_token_lives_until_it_is_deleted(stranger: _Stranger) -> None:
    body = {"name": "T", "expiration_time": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    made = stranger.http.post("/api/v1/auth/private_tokens/", json=body)
    assert made.status_code == 201
    token = {"Authorization": f"Bearer {made.json()['data']}"}
    assert stranger.http.get("/api/v1/auth/profile/", headers=token).status_code == 200
    path = f"/api/v1/auth/private_tokens/{made.json()['id']}/"
    assert stranger.http.delete(path).status_code == 204
    assert stranger.http.get("/api/v1/auth/profile/", headers=token).status_code == 401


@pytest.mark.parametrize("row", NOT_DONE, ids=[row.path for row in NOT_DONE])
def test_what_the_practice_platform_does_not_do_it_says(stranger: _Stranger, row: NotDone) -> None:
    path = stranger.fill(row.path.replace("{company_id}", "c1").replace("{subject_id}", "s1"))
    path = path.replace("{batch_id}", "b1")
    answer = stranger.http.request(row.method, path, json={})
    assert answer.status_code == 501
    error = answer.json()["errors"][0]
    assert error["code"] == "not_implemented"
    assert error["detail"].startswith("The practice platform doesn't do this")


def test_the_architecture_page_names_what_the_practice_platform_does_not_do() -> None:
    page = _ARCHITECTURE.read_text("utf-8")
    assert [row.path for row in NOT_DONE if f"`{row.method} {row.path}`" not in page] == []

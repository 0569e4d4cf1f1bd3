"""Effects: made with a title, listed in pages, found by a part of the title."""

import uuid
from pathlib import Path

import pytest

from haut_desktop.practice.service import Options
from tests.practice.server.running import Client, Json, RunningPlatform


def _path(client: Client) -> str:
    return f"{client.company}effects/"


def test_a_new_effect_has_every_documented_field(shared: Client) -> None:
    body = {
        "title": "Calm",
        "description": "Less red.",
        "type": "product",
        "attach_options": {"model": "m", "comparison": True},
    }
    answer = shared.http.post(_path(shared), json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert isinstance(made.pop("id"), str)
    assert made.pop("created_at") == made.pop("updated_at")
    assert made == {**body, "is_default": False, "datasets": [], "effect_variants": []}


def test_a_title_is_enough_and_the_effect_is_read_by_its_id(shared: Client) -> None:
    made = shared.post(_path(shared), {"title": "Alone"})
    assert (made["description"], made["type"], made["attach_options"]) == (None, None, None)
    assert shared.get(f"{_path(shared)}{made['id']}/") == made
    assert shared.http.get(f"{_path(shared)}{uuid.uuid4()}/").status_code == 404


def test_effects_are_pages_and_searched_by_title(shared: Client) -> None:
    for number in range(3):
        shared.post(_path(shared), {"title": f"Page {number}"})
    first = shared.get(_path(shared), q="page", page_size=2)
    assert (first["count"], len(first["results"]), first["previous"]) == (3, 2, None)
    second = shared.get(first["next"])
    assert [effect["title"] for effect in second["results"]] == ["Page 2"]
    assert shared.http.get(_path(shared), params={"q": "page", "page": 9}).status_code == 404


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "title"),
        ({"title": " "}, "title"),
        ({"title": "x", "type": "magic"}, "type"),
        ({"title": "x", "description": 1}, "description"),
        ({"title": "x", "attach_options": []}, "attach_options"),
    ],
)
def test_a_wrong_effect_is_refused_by_field(shared: Client, body: Json, attr: str) -> None:
    answer = shared.http.post(_path(shared), json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr


def test_effects_of_another_company_are_forbidden(shared: Client) -> None:
    assert shared.http.get(f"/api/v1/companies/{uuid.uuid4()}/effects/").status_code == 403


def test_effects_survive_a_restart(tmp_path: Path) -> None:
    found: list[Json] = []
    for _ in range(2):
        platform = RunningPlatform(tmp_path, Options(has_demonstration=False))
        client = Client(platform.url)
        with client.http:
            client.sign_in()
            if not found:
                client.post(_path(client), {"title": "Lasting"})
            found.append(client.get(_path(client)))
        platform.stop()
    assert found[0] == found[1]
    assert found[0]["count"] == 1

"""Quirks where the contract says nothing: what a client sees of each; the older ones' tests stand
beside what they change."""

import time
from collections.abc import Callable

import httpx
import pytest

from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.service import LISTED_LATE_S
from tests.practice.server.conftest import StartClient
from tests.practice.server.running import NOT_SET_UP, SKIN, TECHNICIAN, Client, Json, wait_for

Quirky = Callable[..., Client]


@pytest.fixture
def quirky(shared: Client) -> Quirky:
    """The shared client, with exactly these quirks."""

    def take_on(*quirks: Quirk) -> Client:
        assert shared.http.put("/_practice/quirks/", json=list(quirks)).status_code == 200
        return shared

    return take_on


@pytest.fixture(autouse=True)
def _clear(shared: Client) -> None:
    shared.http.put("/_practice/quirks/", json=[])


def _new_dataset(client: Client, name: str) -> str:
    body = {"name": name, "image_type_id": 1}
    return f"{client.company}datasets/{client.post(f'{client.company}datasets/', body)['id']}/"


def _upload(client: Client, faces: dict[str, bytes], *sides: str) -> Json:
    subject = client.make_subject(client.dataset())
    return client.upload(subject["id"], {side: faces[side] for side in sides})


def test_quirks_are_taken_on_and_back_while_it_runs(quirky: Quirky) -> None:
    client = quirky(Quirk.PLAIN_ERRORS)
    assert client.get("/_practice/quirks/") == ["plain_errors"]
    assert set(client.http.get("/api/v1/nothing/").json()) == {"detail"}
    quirky()
    assert set(client.http.get("/api/v1/nothing/").json()) == {"type", "errors"}


def test_an_unknown_quirk_is_refused(shared: Client) -> None:
    assert shared.http.put("/_practice/quirks/", json=["nothing"]).status_code == 400


def test_a_refresh_may_come_without_a_refresh_token(quirky: Quirky) -> None:
    client = quirky(Quirk.REFRESH_NO_REFRESH_TOKEN)
    body = {"refresh_token": client.post("/api/v1/auth/login/", TECHNICIAN)["refresh_token"]}
    for _ in range(2):
        assert set(client.post("/api/v1/auth/refresh/", body)) == {"access_token", "token_access"}


def test_an_expired_token_may_be_answered_with_403(start: StartClient) -> None:
    client = start(Quirk.TOKEN_REFUSED_403, token_seconds=0)
    answer = client.http.get("/api/v1/auth/profile/")
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "authentication_failed"


def test_subject_names_may_have_to_be_unique(quirky: Quirky) -> None:
    client = quirky()
    dataset = _new_dataset(client, "unique")
    for _ in range(2):
        client.make_subject(dataset, "Twin")
    quirky(Quirk.SUBJECT_NAMES_UNIQUE)
    answer = client.http.post(f"{dataset}subjects/", json={"name": "Twin"})
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "name")


def test_a_subject_may_be_listed_late(quirky: Quirky) -> None:
    client = quirky(Quirk.SUBJECTS_LISTED_LATE)
    dataset = _new_dataset(client, "late")
    began = time.monotonic()
    client.make_subject(dataset, "Late")
    found = client.get(f"{dataset}subjects/", q="Late")["count"]
    assert found == 0 or time.monotonic() - began >= LISTED_LATE_S
    wait_for(lambda: client.get(f"{dataset}subjects/", q="Late")["count"])


def test_the_search_may_be_ignored_or_blind_to_names(quirky: Quirky) -> None:
    client = quirky()
    dataset = _new_dataset(client, "searched")
    for name in ("P-001", "P-002"):  # no letter of an id
        client.make_subject(dataset, name)
    counts = []
    for quirks in ((), (Quirk.SUBJECT_SEARCH_IGNORED,), (Quirk.SUBJECT_SEARCH_BLIND,)):
        quirky(*quirks)
        counts.append(client.get(f"{dataset}subjects/", q="P-001")["count"])
    assert counts == [1, 2, 0]


def test_pages_may_have_ten_entries_whatever_is_asked(quirky: Quirky) -> None:
    client = quirky(Quirk.PAGES_OF_TEN)
    dataset = _new_dataset(client, "many")
    for number in range(11):
        client.make_subject(dataset, f"S-{number}")
    page = client.get(f"{dataset}subjects/", page_size=100)
    assert (page["count"], len(page["results"])) == (11, 10)
    assert page["next"]


def test_initiating_may_leave_sides_out(quirky: Quirky) -> None:
    client = quirky(Quirk.INITIATE_FEWER_SIDES)
    subject = client.make_subject(client.dataset(NOT_SET_UP))
    batch = client.initiate(subject["id"], "front", "left", "right")
    assert set(batch) == {"front", "image_batch_id"}


@pytest.mark.parametrize(
    ("quirk", "status"), [(Quirk.COMPUTE_ANSWERS_200, 200), (Quirk.COMPUTE_ANSWERS_202, 202)]
)
def test_compute_may_be_answered_with_a_body(quirky: Quirky, quirk: Quirk, status: int) -> None:
    client = quirky(quirk)
    batch = client.initiate(client.make_subject(client.dataset(NOT_SET_UP))["id"])
    answer = client.compute(batch["image_batch_id"])
    assert answer.status_code == status
    assert isinstance(answer.json(), dict)


@pytest.mark.parametrize(
    ("quirk", "names"),
    [
        (Quirk.STORE_ETAG_ONLY, {"etag"}),
        (Quirk.STORE_ETAG_OPAQUE, {"etag", "x-goog-stored-content-length", "x-goog-generation"}),
        (Quirk.STORE_NO_PROOF, set[str]()),
    ],
)
def test_the_store_may_prove_less(quirky: Quirky, quirk: Quirk, names: set[str]) -> None:
    client = quirky(quirk)
    slot = client.initiate(client.make_subject(client.dataset(NOT_SET_UP))["id"])["front"]
    answer = client.put(slot, b"bytes")
    told = {name for name in answer.headers if name == "etag" or name.startswith("x-goog")}
    assert (answer.status_code, told) == (200, names)


def test_an_opaque_tag_is_no_md5(quirky: Quirky) -> None:
    client = quirky(Quirk.STORE_ETAG_OPAQUE)
    slot = client.initiate(client.make_subject(client.dataset(NOT_SET_UP))["id"])["front"]
    assert len(client.put(slot, b"bytes").headers["etag"].strip('"')) != 32


def test_a_computed_picture_is_replaced_unless_the_store_closes(
    quirky: Quirky, faces: dict[str, bytes]
) -> None:
    client = quirky()
    batch = _upload(client, faces, "front")
    assert client.put(batch["front"], b"other bytes").status_code == 200
    quirky(Quirk.STORE_CLOSED_BY_COMPUTE)
    answer = client.put(batch["front"], b"still other bytes")
    assert (answer.status_code, "AccessDenied" in answer.text) == (403, True)
    assert client.find_image(batch["front"]["id"])["puts"] == 2


def test_pictures_of_a_batch_may_come_in_pages_and_late(quirky: Quirky, skin: bytes) -> None:
    client = quirky(Quirk.BATCH_IMAGES_LATE)
    subject = f"{client.dataset(SKIN)}subjects/{client.make_subject(client.dataset(SKIN))['id']}/"
    batch = f"{subject}batches/{client.post(f'{subject}batches/', {})['id']}/"
    began = time.monotonic()
    client.send_inline(batch, skin)
    assert not client.get(f"{batch}images/") or time.monotonic() - began >= LISTED_LATE_S
    wait_for(lambda: client.get(f"{batch}images/"))
    quirky(Quirk.BATCH_IMAGES_PAGED)
    page = client.get(f"{batch}images/")
    assert (page["count"], len(page["results"])) == (1, 1)


def test_results_may_be_missing_before_the_first_one(quirky: Quirky) -> None:
    client = quirky()
    batch = client.initiate(client.make_subject(client.dataset())["id"])["image_batch_id"]
    assert client.results(batch) == {}
    quirky(Quirk.RESULTS_EARLY_404)
    answer: httpx.Response = client.http.get(f"{client.company_v3}batches/{batch}/results/")
    assert answer.status_code == 404


def test_results_may_come_for_one_side_only(quirky: Quirky, faces: dict[str, bytes]) -> None:
    client = quirky(Quirk.RESULTS_SOME_SIDES)
    batch = _upload(client, faces, "front", "left")
    found = client.wait_for_results(batch["image_batch_id"])
    assert set(found["predicted_images"]) == {"front"}

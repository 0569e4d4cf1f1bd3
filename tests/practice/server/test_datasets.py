"""Dictionaries, companies, datasets, applications and subjects of the practice platform."""

import re
import uuid

import httpx
import pytest

from haut_desktop.practice.quirks import Quirk
from tests.practice.server.conftest import StartClient
from tests.practice.server.running import FACES, NOT_SET_UP, Client, Json

_SPACE_FORM = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@pytest.mark.parametrize(
    "name", ["algorithms", "image_types", "biological_sexes", "aux_image_types"]
)
def test_dictionaries_are_bare_arrays_that_need_no_token(shared: Client, name: str) -> None:
    rows = httpx.get(f"{shared.http.base_url}/api/v1/dicts/{name}/").json()
    assert isinstance(rows, list)
    assert set(rows[0]) >= {"id", "name", "tech_name"}


def test_an_algorithm_of_the_dictionary_says_version_and_description(shared: Client) -> None:
    row = shared.get("/api/v1/dicts/algorithms/")[0]
    assert {"version", "html_description", "algorithm_family"} <= set(row)


def test_the_sides_of_a_selfie_are_front_right_left(shared: Client) -> None:
    selfie = shared.get("/api/v1/dicts/image_types/")[0]
    sides = [(side["id"], side["tech_name"]) for side in selfie["sides"]]
    assert sides == [(1, "front"), (2, "right"), (3, "left")]


def test_dictionaries_may_be_pages_with_words_as_ids(start: StartClient) -> None:
    client = start(Quirk.DICTIONARIES_PAGED, Quirk.IDS_AS_WORDS)
    page = client.get("/api/v1/dicts/biological_sexes/")
    assert page["count"] == len(page["results"])
    assert page["results"][0]["id"] == page["results"][0]["tech_name"]


def test_a_new_dataset_has_every_documented_field(shared: Client) -> None:
    made = shared.post(
        f"{shared.company}datasets/",
        {"name": "Trial", "image_type_id": 2, "clean_images_as_soon_as_ready": True},
    )
    assert made == shared.get(f"{shared.company}datasets/{made['id']}/")
    assert made["image_type"]["tech_name"] == made["image_type_tech_name"] == "skin"
    assert made["connected_applications"] == []
    assert made["clean_images_as_soon_as_ready"] is True
    assert made["expire_images_after_days"] is None


def test_a_dataset_is_changed_and_deleted(shared: Client) -> None:
    made = shared.post(f"{shared.company}datasets/", {"name": "Short-lived"})
    path = f"{shared.company}datasets/{made['id']}/"
    changed = shared.http.patch(path, json={"expire_images_after_days": 30})
    assert changed.json()["expire_images_after_days"] == 30
    assert shared.http.delete(path).status_code == 204
    assert shared.http.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "name"),
        ({"name": "x" * 513}, "name"),
        ({"name": "x", "image_type_id": 99}, "image_type_id"),
        ({"name": "x", "expire_images_after_days": 366}, "expire_images_after_days"),
        ({"name": "x", "clean_images_as_soon_as_ready": "yes"}, "clean_images_as_soon_as_ready"),
    ],
)
def test_a_wrong_dataset_is_refused_by_field(shared: Client, body: Json, attr: str) -> None:
    answer = shared.http.post(f"{shared.company}datasets/", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr


def test_the_short_list_is_a_bare_array_and_the_list_a_page(shared: Client) -> None:
    short = shared.get(f"{shared.company}datasets/short_list/", q="FACES")
    assert [row["name"] for row in short] == [FACES]
    page = shared.get(f"{shared.company}datasets/", page_size=1)
    assert set(page) == {"count", "next", "previous", "results"}
    assert len(page["results"]) == 1


def test_pages_lead_to_each_other_and_end(shared: Client) -> None:
    dataset = shared.dataset(NOT_SET_UP)
    for number in range(3):
        shared.make_subject(dataset, f"Page-{number}")
    query = {"q": "page-", "page_size": "2", "ordering": "-name"}
    first = shared.get(f"{dataset}subjects/", **query)
    second = shared.get(first["next"])
    assert [s["name"] for s in first["results"]] == ["Page-2", "Page-1"]
    assert [s["name"] for s in second["results"]] == ["Page-0"]
    assert (first["previous"], second["next"]) == (None, None)
    assert shared.get(second["previous"]) == first
    beyond = shared.http.get(f"{dataset}subjects/", params={**query, "page": "3"})
    assert beyond.status_code == 404


def test_another_company_is_forbidden_and_another_id_not_found(shared: Client) -> None:
    stranger = uuid.uuid4()
    assert shared.http.get(f"/api/v1/companies/{stranger}/datasets/").status_code == 403
    assert shared.http.get(f"{shared.company}datasets/{stranger}/").status_code == 404
    assert shared.http.get(f"{shared.dataset()}subjects/{stranger}/").status_code == 404
    answer = shared.http.post(f"{shared.company_v3}batches/{stranger}/compute/", json={})
    assert answer.status_code == 404


def test_a_subject_of_one_dataset_is_not_in_another(shared: Client) -> None:
    subject = shared.make_subject(shared.dataset())
    path = f"{shared.dataset(NOT_SET_UP)}subjects/{subject['id']}/"
    assert shared.http.get(path).status_code == 404


def test_a_path_without_its_last_slash_is_redirected_for_get_only(shared: Client) -> None:
    answer = shared.http.get("/api/v1/auth/profile")
    assert answer.status_code == 301
    assert answer.headers["Location"].endswith("/api/v1/auth/profile/")
    assert shared.http.post("/api/v1/auth/login", json={}).status_code == 404


def test_unknown_paths_methods_and_bodies_are_errors_in_the_envelope(shared: Client) -> None:
    answers = {
        "not_found": shared.http.get("/api/v1/nothing/"),
        "method_not_allowed": shared.http.put("/api/v1/auth/login/"),
        "parse_error": shared.http.post("/api/v1/auth/login/", content=b"{"),
        "invalid": shared.http.post("/api/v1/auth/login/", json=[1]),
    }
    codes = {code: answer.json()["errors"][0]["code"] for code, answer in answers.items()}
    assert codes == {code: code for code in answers}


def test_errors_may_be_plain(start: StartClient) -> None:
    client = start(Quirk.PLAIN_ERRORS)
    assert client.http.get("/api/v1/nothing/").json() == {"detail": "Not found."}
    assert list(client.http.post("/api/v1/login/", json={}).json()) == ["detail"]


def test_the_demonstration_dataset_has_its_applications(shared: Client) -> None:
    runs = shared.get(shared.dataset())["connected_applications"]
    names = [run["tech_name"] for run in runs]
    assert names[:2] == ["face_skin_metrics_2.0", "face_skin_metrics_3.0"]
    assert shared.get(shared.dataset(NOT_SET_UP))["connected_applications"] == []


def test_applications_are_a_page_with_their_algorithms(shared: Client) -> None:
    page = shared.get(f"{shared.company}applications/", q="metrics 3.0")
    (application,) = page["results"]
    assert application["tech_name"] == "face_skin_metrics_3.0"
    assert set(application["algorithms_versions"][0]) == {
        "id",
        "name",
        "tech_name",
        "html_description",
    }


def test_attaching_twice_gives_the_same_run(shared: Client) -> None:
    dataset = shared.post(f"{shared.company}datasets/", {"name": "Attach", "image_type_id": 1})
    path = f"{shared.company}applications/face_skin_metrics_3.0/attach-to-dataset/"
    first, second = (shared.post(path, {"dataset_id": dataset["id"]}) for _ in range(2))
    assert first["id"] == second["id"]
    assert first["dataset_id"] == dataset["id"]


def test_an_application_says_what_it_is_missing(shared: Client) -> None:
    dataset = shared.post(f"{shared.company}datasets/", {"name": "Missing", "image_type_id": 1})
    path = f"{shared.company}applications/product_effect_simulation/attach-to-dataset/"
    answer = shared.http.post(path, json={"dataset_id": dataset["id"]})
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert error["code"] == "missing_dependencies"
    assert error["extra"]["missing_application_tech_names"] == ["face_skin_metrics_2.0"]
    shared.post(f"{path}?attach_required=true", {"dataset_id": dataset["id"]})
    runs = shared.get(f"{shared.company}datasets/{dataset['id']}/")["connected_applications"]
    assert len(runs) == 2


def test_an_older_client_attaches_by_creating_a_run(shared: Client) -> None:
    dataset = shared.post(f"{shared.company}datasets/", {"name": "Runs", "image_type_id": 1})
    application = "8b5b3acc-480b-4412-8d2c-ebe6ab4384d7"
    path = f"{shared.company}applications/{application}/runs/"
    run = shared.post(path, {"dataset_id": dataset["id"]})
    assert run["tech_name"] == "face_skin_metrics_2.0"


def test_a_new_subject_reads_as_recorded_from_the_live_platform(shared: Client) -> None:
    made = shared.make_subject(shared.dataset(), "S-100")
    assert list(made) == [
        "name",
        "birth_date",
        "biological_sex",
        "meta",
        "id",
        "author_id",
        "creation_time",
        "company",
        "dataset",
        "promote_image_id",
    ]
    assert _SPACE_FORM.fullmatch(made["creation_time"])
    assert made["biological_sex"] is None
    assert isinstance(made["author_id"], int)
    assert made["dataset"]["name"] == FACES


def test_timestamps_may_be_iso(start: StartClient) -> None:
    client = start(Quirk.ISO_TIMESTAMPS)
    assert client.make_subject(client.dataset())["creation_time"].endswith("Z")


def test_biological_sex_is_written_by_id_or_name_and_read_as_object(shared: Client) -> None:
    entry = shared.get("/api/v1/dicts/biological_sexes/")[0]
    for text in (entry["id"], entry["tech_name"]):
        made = shared.make_subject(shared.dataset(), biological_sex=text)
        assert made["biological_sex"] == entry
    answer = shared.http.post(
        f"{shared.dataset()}subjects/", json={"name": "S-1", "biological_sex": "other"}
    )
    assert answer.status_code == 400


def test_names_of_subjects_need_not_be_unique(shared: Client) -> None:
    dataset = shared.dataset()
    ids = {shared.make_subject(dataset, "Twin")["id"] for _ in range(2)}
    found = shared.get(f"{dataset}subjects/", q="twin")
    assert {subject["id"] for subject in found["results"]} == ids


def test_a_subject_is_changed_and_deleted_alone_or_with_others(shared: Client) -> None:
    dataset = shared.dataset()
    ids = [shared.make_subject(dataset, f"D-{number}")["id"] for number in range(3)]
    changed = shared.http.patch(f"{dataset}subjects/{ids[0]}/", json={"meta": {"phototype": 3}})
    assert changed.json()["meta"] == {"phototype": 3}
    assert shared.http.delete(f"{dataset}subjects/{ids[0]}/").status_code == 204
    many = shared.http.request(
        "DELETE", f"{dataset}subjects/delete/", json={"subjects_ids": ids[1:]}
    )
    assert many.status_code == 204
    assert shared.get(f"{dataset}subjects/", q="D-")["count"] == 0


def test_uploading_to_a_deleted_subject_fails(shared: Client) -> None:
    subject = shared.make_subject(shared.dataset())
    shared.http.delete(f"{shared.dataset()}subjects/{subject['id']}/")
    path = f"{shared.company_v3}subjects/{subject['id']}/upload/"
    assert shared.http.post(path, json={"front": "front.jpg"}).status_code == 404

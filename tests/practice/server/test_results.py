"""What the practice platform computes, when, and in which shapes it tells."""

from itertools import pairwise
from pathlib import Path
from threading import Event, Semaphore
from typing import Any, Final

import cv2
import httpx
import numpy as np
import pytest

from haut_desktop.practice import computing
from haut_desktop.practice.mask_pictures import Pixels, encode_png
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.result_writing import write_result
from haut_desktop.practice.service import Options
from tests.practice.server.conftest import StartClient
from tests.practice.server.running import (
    DEADLINE_S,
    FACES,
    NOT_SET_UP,
    SKIN,
    Client,
    Json,
    RunningPlatform,
    wait_for,
)

_V3_FAMILY: Final = "selfie_v3"

Pictures = dict[str, bytes]


def _upload(client: Client, pictures: Pictures, dataset_name: str = FACES) -> tuple[Json, str]:
    """The initiated batch, and the path of its images."""
    dataset = client.dataset(dataset_name)
    subject = client.make_subject(dataset)
    batch = client.upload(subject["id"], pictures)
    place = f"{dataset}subjects/{subject['id']}/batches/{batch['image_batch_id']}/images/"
    return batch, place


def _count_algorithms(client: Client, dataset_name: str = FACES) -> int:
    runs = client.get(client.dataset(dataset_name))["connected_applications"]
    return sum(len(run["enabled_algorithms"]) for run in runs)


@pytest.fixture(scope="module")
def computed(shared: Client, faces: Pictures) -> tuple[Json, str]:
    """A batch of three sides whose results are complete."""
    batch, place = _upload(shared, faces)
    shared.wait_until_idle()
    return batch, place


def test_v3_results_have_parameters_by_kind(shared: Client, computed: tuple[Json, str]) -> None:
    found = shared.results(computed[0]["image_batch_id"])["face_skin_metrics_3"]
    assert found["all_algorithms_calculated"] is True
    parameters = found["parameters"]
    redness = parameters["redness"]
    assert 0 <= redness["score"] <= 100
    assert redness["grade"] in range(1, 6)
    assert redness["tag"] in {"Great", "Good", "Average", "Poor"}
    assert "forehead" in redness["areas"]
    assert -90 <= parameters["ita"]["ita"] <= 90
    assert isinstance(parameters["skintone"]["tag"], str)


def test_v3_masks_and_pictures_are_addresses_per_side_and_space(
    shared: Client, computed: tuple[Json, str]
) -> None:
    found = shared.results(computed[0]["image_batch_id"])["face_skin_metrics_3"]
    assert set(found["predicted_images"]) == {"front", "left", "right"}
    masks = found["parameters"]["redness"]["masks"]
    for space in ("aligned_face", "anonymised", "original"):
        picture = _fetch_picture(found["predicted_images"]["front"][space])
        mask = _fetch_picture(masks["front"][space])
        assert mask.shape[2] == 4
        assert mask.shape[:2] == picture.shape[:2]


def _fetch_picture(address: str) -> Json:
    data = httpx.get(address).content
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def test_v1_rows_are_a_bare_array_with_areas_and_versions(
    shared: Client, computed: tuple[Json, str]
) -> None:
    rows = shared.get(f"{computed[1]}{computed[0]['front']['id']}/results/")
    by_version = {row["algorithm_version_id"]: row for row in rows}
    assert len(by_version) == len(rows)
    redness = [r for r in rows if r["algorithm_family_tech_name"] == "selfie_v2.redness"]
    assert len(redness) == 2
    row = redness[0]
    assert row["is_ok"] is True
    assert len(row["creation_time"]) == len("2024-10-03 13:52:19")
    area = row["result"]["area_results"][0]
    assert area["area_name"] == "face"
    assert set(area["main_metric"]) >= {"value", "widget_type", "name", "tech_name", "units"}


def test_rows_of_v3_applications_are_not_in_the_v1_list(
    shared: Client, computed: tuple[Json, str]
) -> None:
    rows = shared.get(f"{computed[1]}{computed[0]['front']['id']}/results/")
    assert not [row for row in rows if row["algorithm_family_tech_name"].startswith(_V3_FAMILY)]


def test_v1_rows_are_filtered_by_run_and_application(
    shared: Client, computed: tuple[Json, str]
) -> None:
    path = f"{computed[1]}{computed[0]['front']['id']}/results/"
    rows = shared.get(path, application_name="Product Effect Simulation")
    assert [row["algorithm_family_tech_name"] for row in rows] == ["simulation.product_effect"]
    assert shared.get(path, application_run_id=rows[0]["application_run_id"]) == rows
    assert shared.get(path, application_id="nothing") == []


def test_vector_masks_are_in_the_space_of_their_view_box(
    shared: Client, computed: tuple[Json, str]
) -> None:
    rows = shared.get(f"{computed[1]}{computed[0]['front']['id']}/results/")
    areas = next(
        r["result"] for r in rows if r["result"]["algorithm_tech_name"] == "front_face_areas"
    )
    for name in ("masks_original", "masks_restored"):
        mask = next(mask for mask in areas[name] if "nose" in mask["tech_name"])
        width, height = map(int, mask["view_box"].split()[2:])
        ring = mask["features"][0]["geometry"]["coordinates"][0][0]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in ring)


def test_quality_is_on_the_image_record_once_it_is_known(
    shared: Client, computed: tuple[Json, str]
) -> None:
    image = shared.get(f"{computed[1]}{computed[0]['front']['id']}/")
    assert 0 <= image["quality_score"] <= 100
    assert isinstance(image["problems"], list)
    assert {aux["algo_app"] for aux in image["aux_images"]} == {
        "Face Skin Metrics 2.0",
        "Product Effect Simulation",
    }


def test_aux_images_are_restored_faces_and_predictions(
    shared: Client, computed: tuple[Json, str]
) -> None:
    path = f"{computed[1]}{computed[0]['front']['id']}/aux/"
    (restored,) = shared.get(path, algo_app="metrics")
    assert restored["aux_image_type"]["tech_name"] == "selfie_front_face_restored_rgba"
    assert _fetch_picture(restored["signed_url"]).shape[2] == 4
    (predicted,) = shared.get(path, aux_image_type="predicted")
    assert predicted["meta"]["is_predicted"] is True
    signed = shared.get(f"{path}{predicted['id']}/signed_url/", expiration_seconds=60)
    assert _fetch_picture(signed["url"]).shape[2] == 3
    assert shared.http.get(f"{path}nothing/signed_url/").status_code == 404


def test_every_algorithm_on_every_image_is_billed_once(
    shared: Client, computed: tuple[Json, str]
) -> None:
    image = shared.find_image(computed[0]["front"]["id"])
    assert image["times_computed"] == 1
    assert image["billed_transactions"] == _count_algorithms(shared)


def test_smoothed_results_average_the_subjects_images(
    shared: Client, computed: tuple[Json, str]
) -> None:
    rows = shared.get(
        f"{computed[1]}{computed[0]['front']['id']}/smoothed_results/",
        sample_time_window=14,
        sample_max_size=10,
        smoothing_method="mean",
    )
    assert "selfie_v2.redness" in {row["algorithm_tech_name"] for row in rows}
    assert all(isinstance(row["value"], int | float) for row in rows)


def test_without_a_face_rows_say_so(shared: Client, blank: bytes) -> None:
    batch, place = _upload(shared, {"front": blank})
    found = shared.wait_for_results(batch["image_batch_id"])
    assert found["parameters"]["redness"] == {"error": "No face detected"}
    shared.wait_until_idle()
    rows = shared.get(f"{place}{batch['front']['id']}/results/")
    assert {row["is_ok"] for row in rows} == {False}
    assert {row["result"]["error"] for row in rows} == {"No face detected"}


def test_what_is_no_picture_fails_without_a_bill(shared: Client) -> None:
    batch, place = _upload(shared, {"front": b"not a picture"})
    shared.wait_until_idle()
    rows = shared.get(f"{place}{batch['front']['id']}/results/")
    assert {row["is_ok"] for row in rows} == {False}
    assert shared.find_image(batch["front"]["id"])["billed_transactions"] == 0


def test_skin_is_computed_as_soon_as_it_is_sent(shared: Client, skin: bytes) -> None:
    dataset = shared.dataset(SKIN)
    place = f"{dataset}subjects/{shared.make_subject(dataset)['id']}/"
    image = shared.send_inline(place, skin)
    shared.wait_until_idle()
    path = f"{place}batches/{image['image_batch_id']}/images/{image['id']}/results/"
    rows = shared.get(path)
    assert len(rows) == _count_algorithms(shared, SKIN)
    assert all(row["is_ok"] for row in rows)


def test_images_collected_before_attaching_are_never_computed(
    start: StartClient, skin: bytes
) -> None:
    client = start()
    dataset = client.post(f"{client.company}datasets/", {"name": "Late", "image_type_id": 2})
    path = f"{client.company}datasets/{dataset['id']}/"
    place = f"{path}subjects/{client.make_subject(path)['id']}/"
    early = client.send_inline(place, skin)
    attach = f"{client.company}applications/skin_metrics/attach-to-dataset/"
    client.post(attach, {"dataset_id": dataset["id"], "enabled_algorithms": ["redness"]})
    late = client.send_inline(place, skin)
    client.wait_until_idle()
    assert client.find_image(early["id"])["times_computed"] == 0
    assert client.find_image(late["id"])["times_computed"] == 1
    rows = client.get(f"{place}batches/{late['image_batch_id']}/images/{late['id']}/results/")
    assert {row["result"]["algorithm_tech_name"] for row in rows} == {"redness"}


def test_a_dataset_without_applications_computes_nothing(shared: Client, faces: Pictures) -> None:
    batch, _ = _upload(shared, {"front": faces["front"]}, NOT_SET_UP)
    assert shared.results(batch["image_batch_id"]) == {}
    assert shared.find_image(batch["front"]["id"])["times_computed"] == 0


def test_results_grow_algorithm_by_algorithm(
    start: StartClient, faces: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, may_go_on = start(), Semaphore(0)

    def write_when_let(*job: Any) -> None:
        assert may_go_on.acquire(timeout=DEADLINE_S)
        write_result(*job)

    monkeypatch.setattr(computing, "write_result", write_when_let)
    batch, place = _upload(client, {"front": faces["front"]})
    assert client.results(batch["image_batch_id"]) == {}
    path = f"{place}{batch['front']['id']}/results/"
    lengths, left = list[int](), 0
    while queued := client.state()["queue_length"]:
        if queued != left:  # nothing is computed while this one looks, however long it takes
            lengths.append(len(client.get(path)))
            left = queued
            may_go_on.release()
    assert len(set(lengths)) > 3
    assert {later - earlier for earlier, later in pairwise(lengths)} <= {0, 1}


def test_pictures_are_deleted_and_results_kept_where_the_dataset_says_so(
    start: StartClient, skin: bytes
) -> None:
    client = start()
    dataset = client.dataset(SKIN)
    client.http.patch(dataset, json={"clean_images_as_soon_as_ready": True})
    place = f"{dataset}subjects/{client.make_subject(dataset)['id']}/"
    image = client.send_inline(place, skin)
    client.wait_until_idle()
    path = f"{place}batches/{image['image_batch_id']}/images/{image['id']}/"
    assert client.get(path)["urls"]["original"] is None
    assert httpx.get(image["urls"]["original"]).status_code == 404
    assert client.find_image(image["id"])["cleaned"] is True
    assert len(client.get(f"{path}results/")) == _count_algorithms(client, SKIN)


def test_computing_twice_changes_nothing(start: StartClient, faces: Pictures) -> None:
    client = start()
    batch, _ = _upload(client, {"front": faces["front"]})
    billed = client.wait_until_idle()["billed_transactions"]
    assert client.compute(batch["image_batch_id"]).status_code == 204
    assert client.wait_until_idle()["billed_transactions"] == billed


def test_computing_twice_may_bill_twice(start: StartClient, faces: Pictures) -> None:
    client = start(Quirk.COMPUTE_TWICE_BILLS)
    batch, _ = _upload(client, {"front": faces["front"]})
    billed = client.wait_until_idle()["billed_transactions"]
    client.compute(batch["image_batch_id"])
    assert client.wait_until_idle()["billed_transactions"] == 2 * billed
    assert client.find_image(batch["front"]["id"])["times_computed"] == 2


def test_computing_twice_or_early_may_be_refused(start: StartClient) -> None:
    client = start(Quirk.COMPUTE_TWICE_REFUSED, Quirk.COMPUTE_EARLY_REFUSED)
    batch = client.initiate(client.make_subject(client.dataset(NOT_SET_UP))["id"])
    assert client.compute(batch["image_batch_id"]).status_code == 400
    client.put(batch["front"], b"x")
    assert client.compute(batch["image_batch_id"]).status_code == 204
    assert client.compute(batch["image_batch_id"]).status_code == 400


def test_computing_early_fails_the_missing_images(start: StartClient) -> None:
    client = start()
    batch = client.initiate(client.make_subject(client.dataset())["id"])
    assert client.compute(batch["image_batch_id"]).status_code == 204
    found = client.wait_for_results(batch["image_batch_id"])
    assert found["parameters"]["redness"] == {"error": "Image is not uploaded"}


def test_failed_parameters_may_be_left_out(start: StartClient, blank: bytes) -> None:
    client = start(Quirk.FAILURES_LEFT_OUT)
    batch, _ = _upload(client, {"front": blank})
    assert client.wait_for_results(batch["image_batch_id"])["parameters"] == {}


def test_rows_may_come_at_once_in_pages_with_v3_among_them(
    start: StartClient, faces: Pictures
) -> None:
    client = start(Quirk.ROWS_AT_ONCE, Quirk.RESULTS_PAGED, Quirk.V3_ROWS_IN_V1, result_delay_s=0.5)
    batch, place = _upload(client, {"front": faces["front"]})
    path = f"{place}{batch['front']['id']}/results/"
    assert client.get(path)["count"] == 0
    client.wait_until_idle()
    page = client.get(path, page_size=100)
    assert page["count"] == len(page["results"]) == _count_algorithms(client)


@pytest.mark.parametrize(
    ("quirk", "kind"), [(Quirk.AUX_OLD_SHAPE, dict), (Quirk.AUX_NEW_SHAPE, str)]
)
def test_aux_images_have_an_old_and_a_new_shape(
    start: StartClient, faces: Pictures, quirk: Quirk, kind: type
) -> None:
    client = start(quirk)
    batch, place = _upload(client, {"front": faces["front"]})
    client.wait_until_idle()
    aux = client.get(f"{place}{batch['front']['id']}/aux/")[0]
    assert isinstance(aux["aux_image_type"], kind)
    assert ("signed_url" in aux) is (kind is str)
    assert ("urls" in aux) is (kind is dict)


def test_addresses_of_results_expire(start: StartClient, faces: Pictures) -> None:
    client = start(Quirk.RESULT_ADDRESSES_SHORT)
    batch = client.initiate(client.make_subject(client.dataset(NOT_SET_UP))["id"])
    client.put(batch["front"], faces["front"])
    (subject,) = client.get(f"{client.dataset(NOT_SET_UP)}subjects/")["results"]
    place = f"{client.dataset(NOT_SET_UP)}subjects/{subject['id']}/images/"
    (image,) = client.get(place)["results"]
    statuses = {200}
    while statuses == {200}:
        statuses = {httpx.get(image["urls"]["original"]).status_code}
    assert statuses == {400}


def test_a_subject_that_is_deleted_while_it_is_computed_leaves_nothing(
    tmp_path: Path, faces: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = RunningPlatform(tmp_path, Options(has_demonstration=False))
    client = Client(platform.url)
    client.sign_in()
    dataset = client.dataset()
    subject = client.make_subject(dataset)
    deleted = Event()

    def delete_meanwhile(picture: Pixels) -> bytes:
        if not deleted.is_set():
            httpx.delete(
                f"{platform.url}{dataset}subjects/{subject['id']}/", headers=client.http.headers
            ).raise_for_status()
            deleted.set()
        return encode_png(picture)

    monkeypatch.setattr("haut_desktop.practice.result_writing.encode_png", delete_meanwhile)
    client.upload(subject["id"], {"front": faces["front"]})
    wait_for(deleted.is_set)
    client.http.close()
    platform.stop()  # ends with the algorithm at hand
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in left if {"images", "masks"} & set(path.parts)]


def test_a_batch_of_hair_has_v3_results_without_anything_in_them(
    shared: Client, skin: bytes
) -> None:
    """v3 has nothing for hair, whose pictures are taken from sides that a face does not have."""
    made = shared.post(f"{shared.company}datasets/", {"name": "Hair", "image_type_id": 4})
    subject = shared.make_subject(f"{shared.company}datasets/{made['id']}/")
    place = f"{shared.company}datasets/{made['id']}/subjects/{subject['id']}/"
    image = shared.send_inline(place, skin, side_id=4)
    assert shared.results(image["image_batch_id"]) == {}

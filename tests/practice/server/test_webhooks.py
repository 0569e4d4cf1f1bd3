"""Webhooks: the destination is checked, kept, and told when an application finishes."""

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from haut_desktop.practice import webhook_sending
from haut_desktop.practice.service import Options
from haut_desktop.practice.serving import close_platform, open_platform
from haut_desktop.practice.webhook_sending import ATTEMPTS, queue_when_finished
from tests.practice.server.conftest import StartClient
from tests.practice.server.receiver import Receiver
from tests.practice.server.running import SKIN, Client, Json, RunningPlatform

_FSM_2: Final = "8b5b3acc-480b-4412-8d2c-ebe6ab4384d7"
_SOON: Final = {"webhook_wait_s": 0.01}

OpenReceiver = Callable[..., Receiver]


@pytest.fixture
def open_receiver() -> Iterator[OpenReceiver]:
    with ExitStack() as stack:

        def open_one(*statuses: int, location: str = "") -> Receiver:
            receiver = Receiver(statuses, location)
            stack.callback(receiver.stop)
            return receiver

        yield open_one


def _hook(url: str, **fields: object) -> Json:
    return {
        "url": url,
        "authorization": "query",
        "authorization_key": "key",
        "authorization_value": "a value",
        "method": "post",
        "enabled": True,
        "add_survey_answers": False,
        "merge_webhooks": False,
        **fields,
    }


def _url(receiver: Receiver, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{receiver.port}/told"


def _make_dataset(client: Client, *applications: str) -> str:
    """Path of a new dataset for faces with these applications attached."""
    made = client.post(f"{client.company}datasets/", {"name": "Hooked", "image_type_id": 1})
    for tech_name in applications or ("face_skin_metrics_2.0",):
        path = f"{client.company}applications/{tech_name}/attach-to-dataset/"
        client.post(path, {"dataset_id": made["id"]})
    return f"{client.company}datasets/{made['id']}/"


def _send(client: Client, dataset: str, data: bytes) -> Json:
    subject = client.make_subject(dataset)
    return client.send_inline(f"{dataset}subjects/{subject['id']}/", data)


def test_a_webhook_is_echoed_with_a_secret_key_and_replaced(shared: Client) -> None:
    dataset = _make_dataset(shared)
    answers = [
        shared.http.post(f"{dataset}webhooks/", json=_hook(url))
        for url in ("http://127.0.0.1:9/a", "http://localhost:9/b?c=d")
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    for answer in answers:
        echo = answer.json()
        assert echo.pop("secret_key")
        assert echo == _hook(echo["url"])


def test_a_webhook_is_on_when_nothing_is_said(shared: Client) -> None:
    required = ("url", "authorization", "authorization_key", "authorization_value", "method")
    body = {name: _hook("http://localhost:9/")[name] for name in required}
    echo = shared.post(f"{_make_dataset(shared)}webhooks/", body)
    flags = ("enabled", "add_survey_answers", "merge_webhooks")
    assert [echo[name] for name in flags] == [True, False, False]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("url", None, "null"),
        ("url", "somewhere", "invalid"),
        ("url", "http://localhost:99999/", "invalid"),
        ("url", "http://localhost/a b", "invalid"),
        ("authorization", "digest", "invalid_choice"),
        ("authorization_key", "", "blank"),
        ("authorization_value", "x" * 129, "max_length"),
        ("authorization_value", "x\r\nHost: y", "invalid"),
        ("method", "POST", "invalid_choice"),
        ("enabled", "yes", "invalid"),
    ],
)
def test_a_wrong_webhook_is_refused_by_field(
    shared: Client, field: str, value: object, code: str
) -> None:
    body = {**_hook("http://localhost:9/"), field: value}
    answer = shared.http.post(f"{shared.dataset()}webhooks/", json=body)
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert (error["attr"], error["code"]) == (field, code)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook",
        "http://192.168.1.20/hook",
        "http://127.0.0.1.example.org/",
        "http://127.0.0.1@example.org/",
        "http://localhost:80@example.org/",
        "https://localhost/",
    ],
)
def test_a_destination_off_this_computer_is_refused_in_clear_words(
    shared: Client, url: str
) -> None:
    answer = shared.http.post(f"{shared.dataset()}webhooks/", json=_hook(url))
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert error["attr"] == "url"
    assert "sends nothing off this computer" in error["detail"]


def test_a_finished_application_is_told_with_flattened_areas_and_signed_pictures(
    shared: Client, open_receiver: OpenReceiver, faces: dict[str, bytes]
) -> None:
    receiver, dataset = open_receiver(), _make_dataset(shared)
    shared.post(f"{dataset}webhooks/", _hook(f"{_url(receiver)}?from=platform"))
    image = _send(shared, dataset, faces["front"])
    (told,) = receiver.wait_for(1)
    assert (told.method, told.content_type) == ("POST", "application/json")
    asked = urlsplit(told.path)
    assert asked.path == "/told"
    assert parse_qs(asked.query) == {"from": ["platform"], "key": ["a value"]}
    payload = told.payload
    assert payload["application_id"] == _FSM_2
    assert payload["application_name"] == "Face Skin Metrics 2.0"
    (run,) = shared.get(dataset)["connected_applications"]
    assert payload["application_run_id"] == run["id"]
    area = next(area for area in payload["area_results"] if area["tech_name"] == "redness_score")
    assert area.keys() == {
        *("area_name", "name", "tech_name", "value"),
        *("widget_type", "widget_meta", "sub_metrics"),
    }
    subject = f"{dataset}subjects/{image['subject_id']}/batches/{image['image_batch_id']}/"
    rows = shared.get(f"{subject}images/{image['id']}/results/")
    areas = [area for row in rows for area in row["result"]["area_results"]]
    assert len(payload["area_results"]) == len(areas), "told before the last algorithm"
    assert payload["image_id"] == image["id"]
    assert payload["image_batch_id"] == image["image_batch_id"]
    original, restored = (
        payload["images"][name]["signed_url"] for name in ("original", "restored")
    )
    for address in (original, restored):
        assert parse_qs(urlsplit(address).query)["X-Goog-Expires"] == ["3600"]
    assert httpx.get(original).content == faces["front"]
    assert httpx.get(restored).headers["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    ("authorization", "header"),
    [
        ("basic", f"Basic {base64.b64encode(b'key:a value').decode()}"),
        ("bearer", "Bearer a value"),
    ],
)
def test_a_destination_is_asked_by_its_method_with_its_authorization(
    shared: Client, open_receiver: OpenReceiver, blank: bytes, authorization: str, header: str
) -> None:
    receiver, dataset = open_receiver(), _make_dataset(shared)
    hook = _hook(_url(receiver, "localhost"), method="get", authorization=authorization)
    shared.post(f"{dataset}webhooks/", hook)
    _send(shared, dataset, blank)
    (told,) = receiver.wait_for(1)
    assert (told.method, told.path, told.authorization) == ("GET", "/told", header)


def test_the_last_destination_alone_is_told(
    shared: Client, open_receiver: OpenReceiver, blank: bytes
) -> None:
    earlier, later, dataset = open_receiver(), open_receiver(), _make_dataset(shared)
    for receiver in (earlier, later):
        shared.post(f"{dataset}webhooks/", _hook(_url(receiver)))
    _send(shared, dataset, blank)
    later.wait_for(1)
    assert earlier.told == []


def test_a_webhook_that_is_off_tells_nothing(
    shared: Client, open_receiver: OpenReceiver, blank: bytes
) -> None:
    receiver, dataset = open_receiver(), _make_dataset(shared)
    shared.post(f"{dataset}webhooks/", _hook(_url(receiver), enabled=False))
    _send(shared, dataset, blank)
    assert shared.wait_until_idle()["webhooks_waiting"] == 0
    assert receiver.told == []


def test_each_application_is_told_by_itself_or_all_together(
    shared: Client, open_receiver: OpenReceiver, faces: dict[str, bytes]
) -> None:
    applications = ("face_skin_metrics_2.0", "face_skin_metrics_3.0")
    alone, together = open_receiver(), open_receiver()
    for receiver, is_merged in ((alone, False), (together, True)):
        dataset = _make_dataset(shared, *applications)
        shared.post(f"{dataset}webhooks/", _hook(_url(receiver), merge_webhooks=is_merged))
        _send(shared, dataset, faces["front"])
    each = [told.payload for told in alone.wait_for(2)]
    (merged,) = (told.payload for told in together.wait_for(1))
    assert [payload["application_name"] for payload in each] == [
        application["application_name"] for application in merged["applications"]
    ]
    assert len(merged["area_results"]) == sum(len(payload["area_results"]) for payload in each)


def test_a_picture_without_a_restored_face_has_no_address_for_one(
    shared: Client, open_receiver: OpenReceiver, skin: bytes
) -> None:
    receiver, dataset = open_receiver(), shared.dataset(SKIN)
    shared.post(f"{dataset}webhooks/", _hook(_url(receiver)))
    _send(shared, dataset, skin)
    (told,) = receiver.wait_for(1)
    assert told.payload["area_results"]
    assert told.payload["images"]["restored"] == {"signed_url": None}


def test_a_destination_in_trouble_is_asked_again(
    start: StartClient, open_receiver: OpenReceiver, blank: bytes
) -> None:
    client, receiver = start(**_SOON), open_receiver(503, 500)
    dataset = _make_dataset(client)
    client.post(f"{dataset}webhooks/", _hook(_url(receiver)))
    _send(client, dataset, blank)
    first, *_, last = receiver.wait_for(3)
    assert first.payload["image_id"] == last.payload["image_id"]


def test_a_destination_is_given_up_after_some_attempts(
    start: StartClient, open_receiver: OpenReceiver, blank: bytes
) -> None:
    client, receiver = start(**_SOON), open_receiver(*[500] * ATTEMPTS * 2)
    dataset = _make_dataset(client)
    client.post(f"{dataset}webhooks/", _hook(_url(receiver)))
    _send(client, dataset, blank)
    receiver.wait_for(ATTEMPTS)
    other = open_receiver()
    client.post(f"{dataset}webhooks/", _hook(_url(other)))
    _send(client, dataset, blank)
    other.wait_for(1)
    assert len(receiver.told) == ATTEMPTS


def test_a_redirection_is_not_followed(
    start: StartClient, open_receiver: OpenReceiver, blank: bytes
) -> None:
    elsewhere = open_receiver()
    receiver = open_receiver(*[307] * ATTEMPTS, location=_url(elsewhere))
    client = start(**_SOON)
    dataset = _make_dataset(client)
    client.post(f"{dataset}webhooks/", _hook(_url(receiver)))
    _send(client, dataset, blank)
    receiver.wait_for(ATTEMPTS)
    assert elsewhere.told == []


@pytest.mark.timeout(20)
def test_a_destination_that_never_comes_to_its_answer_is_broken_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook_sending, "_LONGEST_S", 0.05)

    def put_off(listener: socket.socket) -> None:
        asker, _ = listener.accept()
        with asker, suppress(OSError):
            while True:
                asker.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=put_off, args=(listener,), daemon=True).start()
        hook = _hook(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        with pytest.raises((OSError, HTTPException)):
            webhook_sending._send(hook, b"{}")


def test_what_was_not_told_yet_is_told_after_a_restart(
    tmp_path: Path, open_receiver: OpenReceiver, blank: bytes
) -> None:
    receiver = open_receiver(503)
    options = Options(has_demonstration=False)
    platform = RunningPlatform(tmp_path, options)
    client = Client(platform.url)
    with client.http:
        client.sign_in()
        dataset = _make_dataset(client)
        client.post(f"{dataset}webhooks/", _hook(_url(receiver)))
        image = _send(client, dataset, blank)
        receiver.wait_for(1)
    platform.stop()
    platform = RunningPlatform(tmp_path, options)
    try:
        assert receiver.wait_for(2)[1].payload["image_id"] == image["id"]
    finally:
        platform.stop()


@pytest.mark.parametrize(("is_demonstration", "told"), [(True, 0), (False, 1)])
def test_nobody_is_told_of_the_demonstration(
    tmp_path: Path, is_demonstration: bool, told: int
) -> None:
    service = open_platform(tmp_path, Options())
    records = service.records
    job = records.fetch_one(
        "SELECT j.image_id, j.run_id, s.dataset_id FROM jobs j JOIN images i ON i.id = j.image_id"
        " JOIN batches b ON b.id = i.batch_id JOIN subjects s ON s.id = b.subject_id"
    )
    assert job is not None
    fields = {**_hook("http://localhost:9/"), "dataset_id": job["dataset_id"], "secret_key": "s"}
    records.insert("webhooks", **fields)
    records.execute("DELETE FROM jobs")
    if not is_demonstration:
        records.execute("DELETE FROM drawings")
    queue_when_finished(service, job["image_id"], job["run_id"])
    assert records.fetch_value("SELECT count(*) FROM webhook_queue") == told
    close_platform(service)

"""Faults on request: what a real HTTP client sees of each, and what the platform did."""

import base64
import json
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection

import httpx
import msgspec
import pytest

from haut_desktop.practice.faults import Fault, FaultKind, Faults, Target, parse_fault
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.server import main
from tests.practice.server.conftest import StartClient
from tests.practice.server.running import (
    DEADLINE_S,
    NOT_SET_UP,
    TECHNICIAN,
    Client,
    Json,
    wait_for,
)

PROFILE = "/api/v1/auth/profile/"


@pytest.fixture
def struck(shared: Client) -> Callable[..., Client]:
    """The shared client, with one fault set and all earlier ones taken back."""

    def set_fault(kind: str, **fields: object) -> Client:
        shared.http.delete("/_practice/faults/")
        shared.set_fault(kind=kind, **fields)
        return shared

    return set_fault


@pytest.fixture(autouse=True)
def _clear(shared: Client) -> None:
    shared.http.delete("/_practice/faults/")


def _new_slot(client: Client) -> Json:
    subject = client.make_subject(client.dataset(NOT_SET_UP))
    return client.initiate(subject["id"])["front"]


def test_a_dropped_answer_is_a_broken_connection_after_the_work(
    struck: Callable[..., Client],
) -> None:
    client = struck("drop_answer", method="POST", path="*/subjects/", count=1)
    dataset = client.dataset(NOT_SET_UP)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.make_subject(dataset, "Dropped")
    assert client.get(f"{dataset}subjects/", q="Dropped")["count"] == 1
    assert client.make_subject(dataset, "Dropped")["name"] == "Dropped"


def test_offline_breaks_the_connection_before_the_work(struck: Callable[..., Client]) -> None:
    client = struck("offline", method="POST", path="*/subjects/", count=1)
    dataset = client.dataset(NOT_SET_UP)
    with pytest.raises(httpx.TransportError):
        client.make_subject(dataset, "Unheard")
    assert client.get(f"{dataset}subjects/", q="Unheard")["count"] == 0


def test_a_late_commit_breaks_first_and_works_later(struck: Callable[..., Client]) -> None:
    delay_s = 0.2
    client = struck("commit_late", method="POST", path="*/subjects/", count=1, delay_s=delay_s)
    dataset, begin = client.dataset(NOT_SET_UP), time.monotonic()
    with pytest.raises(httpx.TransportError):
        client.make_subject(dataset, "Late")
    found = client.get(f"{dataset}subjects/", q="Late")["count"]
    assert found == 0 or time.monotonic() - begin >= delay_s
    wait_for(lambda: client.get(f"{dataset}subjects/", q="Late")["count"])


def test_a_truncated_answer_breaks_in_the_middle(struck: Callable[..., Client]) -> None:
    client = struck("truncated", path=PROFILE)
    with pytest.raises(httpx.RemoteProtocolError):
        client.http.get(PROFILE)


@pytest.mark.parametrize(
    ("kind", "fields", "status"),
    [("401", {}, 401), ("403", {}, 403), ("429", {}, 429), ("5xx", {"status": 502}, 502)],
)
def test_refusals_come_in_the_envelope(
    struck: Callable[..., Client], kind: str, fields: dict[str, object], status: int
) -> None:
    answer = struck(kind, path=PROFILE, **fields).http.get(PROFILE)
    assert answer.status_code == status
    assert set(answer.json()) == {"type", "errors"}


def test_a_refused_token_may_be_said_with_403(struck: Callable[..., Client]) -> None:
    answer = struck("401", path=PROFILE, status=403).http.get(PROFILE)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "authentication_failed"


def test_throttling_says_how_long(struck: Callable[..., Client]) -> None:
    answer = struck("429", path=PROFILE, retry_after_s=7).http.get(PROFILE)
    assert answer.headers["Retry-After"] == "7"


def test_a_captive_portal_answers_with_a_page(struck: Callable[..., Client]) -> None:
    answer = struck("html").http.get(PROFILE)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("status", [302, 307])
def test_a_captive_portal_may_send_on_to_its_own_host(
    struck: Callable[..., Client], status: int
) -> None:
    client = struck("redirect", status=status, location="http://guest.invalid/login")
    answer = client.http.get(PROFILE)
    assert (answer.status_code, answer.headers["location"]) == (
        status,
        "http://guest.invalid/login",
    )


def test_an_answer_may_be_empty(struck: Callable[..., Client]) -> None:
    answer = struck("empty").http.get(PROFILE)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("kind", ["5xx", "html", "empty", "wrong_shape", "429", "401", "403"])
def test_a_wrong_answer_may_come_after_the_work(struck: Callable[..., Client], kind: str) -> None:
    client = struck(kind, method="POST", path="*/subjects/", count=1, done=True)
    dataset = client.dataset(NOT_SET_UP)
    answer = client.http.post(f"{dataset}subjects/", json={"name": f"Done {kind}"})
    assert answer.status_code != 201
    assert client.get(f"{dataset}subjects/", q=f"Done {kind}")["count"] == 1


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [("store", 403, "AccessDenied"), ("store", None, "EntityTooLarge"), ("platform", None, "413")],
)
def test_a_body_may_be_refused_before_it_is_read(
    struck: Callable[..., Client], target: str, status: int | None, words: str
) -> None:
    client = struck("slow", path="/nowhere/")
    slot = _new_slot(client)
    client.set_fault(kind="refuse_early", target=target, status=status)
    url = httpx.URL(slot["url"] if target == "store" else f"{client.http.base_url}/subjects/")
    connection = HTTPConnection(url.host, url.port, timeout=DEADLINE_S)
    # only the length is announced: no byte of the body has left when the answer comes
    connection.putrequest("PUT", url.raw_path.decode())
    connection.putheader("Content-Length", "1000000")
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("connection")) == (status or 413, "close")
    assert words in answer.read().decode()
    connection.close()
    client.http.delete("/_practice/faults/")
    assert not client.find_image(slot["id"])["stored"]


@pytest.mark.parametrize("skew_s", [7200.0, -7200.0])
def test_the_platforms_clock_may_be_wrong(struck: Callable[..., Client], skew_s: float) -> None:
    client = struck("clock_skew", skew_s=skew_s)
    answer = client.http.post("/api/v1/auth/login/", json=TECHNICIAN)
    there = parsedate_to_datetime(answer.headers["date"]).timestamp()
    assert abs(there - time.time() - skew_s) < DEADLINE_S
    token = answer.json()["access_token"].split(".")[1]
    expires = json.loads(base64.urlsafe_b64decode(token + "=="))["exp"]
    assert abs(expires - 3600 - time.time() - skew_s) < DEADLINE_S


def test_an_address_from_a_slow_clock_is_over_at_once(struck: Callable[..., Client]) -> None:
    client = struck("clock_skew", path="*/upload/", skew_s=-7200)
    answer = client.put(_new_slot(client), b"x")
    assert "ExpiredToken" in answer.text


def test_a_wrong_clock_joins_what_else_goes_wrong(struck: Callable[..., Client]) -> None:
    client = struck("clock_skew", path=PROFILE, skew_s=3600)
    client.set_fault(kind="5xx", path=PROFILE, count=1)
    answer = client.http.get(PROFILE)
    there = parsedate_to_datetime(answer.headers["date"]).timestamp()
    assert answer.status_code == 503
    assert there - time.time() > 1800


def test_every_answer_has_one_date(shared: Client) -> None:
    assert len(shared.http.get(PROFILE).headers.get_list("date")) == 1


def test_json_of_the_wrong_shape_is_still_json(struck: Callable[..., Client]) -> None:
    assert "user" not in struck("wrong_shape").get(PROFILE)


def test_a_slow_answer_waits_for_its_delay(struck: Callable[..., Client]) -> None:
    client = struck("slow", path=PROFILE, delay_s=0.2)
    begin = time.monotonic()
    assert client.get(PROFILE)
    assert time.monotonic() - begin >= 0.2


def test_a_slow_store_takes_its_time_per_byte(struck: Callable[..., Client]) -> None:
    client = struck("slow", target="store", bytes_per_s=50_000)
    slot, begin = _new_slot(client), time.monotonic()
    assert client.put(slot, bytes(10_000)).status_code == 200
    assert time.monotonic() - begin >= 0.2


def test_faults_of_the_store_leave_the_platform_alone(struck: Callable[..., Client]) -> None:
    client = struck("5xx", target="store", count=1)
    slot = _new_slot(client)
    answer = client.put(slot, b"x")
    assert (answer.status_code, "InternalError" in answer.text) == (503, True)
    assert client.put(slot, b"x").status_code == 200


def test_a_stored_picture_may_lose_its_answer(struck: Callable[..., Client]) -> None:
    client = struck("drop_answer", target="store", method="PUT", count=1)
    slot = _new_slot(client)
    with pytest.raises(httpx.TransportError):
        client.put(slot, b"x" * 100_000)
    assert client.find_image(slot["id"])["stored"] is True


def test_an_address_may_be_said_to_be_expired(struck: Callable[..., Client]) -> None:
    client = struck("address_expired", target="store", count=1)
    answer = client.put(_new_slot(client), b"x")
    assert answer.status_code == 400
    assert "ExpiredToken" in answer.text


def test_the_store_may_report_other_bytes(struck: Callable[..., Client]) -> None:
    client = struck("wrong_hash", target="store", count=1)
    slot = _new_slot(client)
    wrong, right = client.put(slot, b"x"), client.put(slot, b"x")
    assert wrong.status_code == right.status_code == 200
    assert wrong.headers["x-goog-hash"] != right.headers["x-goog-hash"]


def test_a_fault_strikes_after_its_skips_and_as_often_as_said(
    struck: Callable[..., Client],
) -> None:
    client = struck("401", path=PROFILE, skip=1, count=2)
    statuses = [client.http.get(PROFILE).status_code for _ in range(4)]
    assert statuses == [200, 401, 401, 200]
    (shown,) = client.get("/_practice/faults/")
    assert (shown["seen"], shown["struck"]) == (4, 2)


def test_chance_is_the_same_for_the_same_seed() -> None:
    def strike(seed: int) -> list[bool]:
        faults = Faults()
        faults.add(Fault(FaultKind.OFFLINE, probability=0.5, seed=seed))
        return [faults.choose(Target.PLATFORM, "GET", "/") is not None for _ in range(64)]

    assert strike(1) == strike(1) != strike(2)
    assert 10 < sum(strike(1)) < 54


def test_the_command_line_writes_a_fault_in_one_word() -> None:
    fault = parse_fault("drop_answer,path=*/compute/,method=POST,count=1,probability=0.5")
    assert fault == Fault(
        FaultKind.DROP_ANSWER, path="*/compute/", method="POST", count=1, probability=0.5
    )


def test_the_help_explains_every_fault_and_quirk(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    for word in (*FaultKind, *Quirk):
        assert f"  {word} " in said
        assert word.words in said
    for field in msgspec.structs.fields(Fault)[1:]:
        assert f"{field.name}=" in said


@pytest.mark.parametrize(
    "text", ["", "offline,done=true", "nothing", "slow,often", "slow,delay=1", "slow,count=x"]
)
def test_a_wrong_fault_on_the_command_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_fault(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing", "no such kind of fault: nothing. There are offline, slow, drop_answer"),
        ("slow,delay=1", "a fault has no delay. There are kind, target, method"),
        ("slow,count=x", "count: a whole number, not x"),
        ("slow,delay_s=long", "delay_s: a number, not long"),
        ("slow,done=perhaps", "done: true or false, not perhaps"),
        ("slow,target=screen", "target: platform, store or both, not screen"),
        ("slow,probability=2", "probability: from 0 to 1, not 2"),
        ("slow,probability=nan", "probability: from 0 to 1, not nan"),
        ("slow,delay_s=-1", "delay_s: not less than 0, not -1"),
        ("slow,bytes_per_s=0", "bytes_per_s: more than 0; nothing at all is offline"),
        ("5xx,status=7", "status: from 200 to 599, not 7"),
    ],
)
def test_a_refused_fault_says_what_there_is(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}"):
        parse_fault(text)


def test_a_wrong_fault_over_the_wire_is_refused(shared: Client) -> None:
    answer = shared.http.post("/_practice/faults/", json={"kind": "nothing"})
    assert answer.status_code == 400
    assert "There are offline" in answer.text
    assert shared.http.post("/_practice/faults/", json=["offline"]).status_code == 400


def test_requests_are_counted(start: StartClient) -> None:
    client = start()
    client.get(PROFILE)
    state = client.state()
    assert state["logins"] == 1
    assert state["requests"][f"GET {PROFILE}"] == 1

"""Batches, pictures, the object store and what is billed."""

import base64
import hashlib
import random
import re
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection

import httpx
import pytest

from haut_desktop.practice.answers import invalid
from haut_desktop.practice.checksums import crc32c
from haut_desktop.practice.computing import Computing
from haut_desktop.practice.quirks import Quirk
from tests.practice.server.conftest import StartClient
from tests.practice.server.running import DEADLINE_S, NOT_SET_UP, SKIN, Client, Json

_LIMIT_BYTES = 31_457_280


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def _code(answer: httpx.Response) -> str:
    assert answer.headers["content-type"].startswith("application/xml")
    found = re.search(r"<Code>(\w+)</Code>", answer.text)
    assert found is not None
    return found[1]


def _new_subject(client: Client, dataset_name: str = NOT_SET_UP) -> Json:
    return client.make_subject(client.dataset(dataset_name))


def test_crc32c_has_the_value_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("size_bytes", (0, 1, 300, 6777, 6778, 7162, 13_554, 40_001))
def test_crc32c_of_a_shortened_message_is_that_of_its_bits(size_bytes: int) -> None:
    # RFC 3720, appendix B.4: 32 bytes of zeros; others bit by bit
    assert crc32c(bytes(32)) == 0x8A9136AA
    data = random.Random(size_bytes).randbytes(size_bytes)
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    assert crc32c(data) == register ^ 0xFFFFFFFF


def test_initiating_answers_only_the_asked_sides_with_ids_and_headers(shared: Client) -> None:
    batch = shared.initiate(_new_subject(shared)["id"], "front", "left", meta={"visit": "V1"})
    assert set(batch) == {"front", "left", "image_batch_id"}
    slot = batch["front"]
    assert slot["method"] == "PUT"
    assert slot["headers"]["X-Goog-Content-Length-Range"] == f"1,{_LIMIT_BYTES}"
    assert slot["headers"]["Content-Type"] == slot["content_type"] == "application/octet-stream"
    assert slot["headers"]["Host"] == httpx.URL(slot["url"]).netloc.decode()
    assert slot["id"] != batch["left"]["id"]


@pytest.mark.parametrize(
    "body", [{}, {"front": ""}, {"front": "x" * 256}, {"front": "f.jpg", "meta": [1]}]
)
def test_a_wrong_initiation_is_refused(shared: Client, body: Json) -> None:
    path = f"{shared.company_v3}subjects/{_new_subject(shared)['id']}/upload/"
    assert shared.http.post(path, json=body).status_code == 400


def test_signed_upload_is_for_faces(shared: Client) -> None:
    path = f"{shared.company_v3}subjects/{_new_subject(shared, SKIN)['id']}/upload/"
    assert shared.http.post(path, json={"front": "front.jpg"}).status_code == 400


def test_the_store_proves_what_it_holds(shared: Client) -> None:
    slot = shared.initiate(_new_subject(shared)["id"])["front"]
    data = b"some bytes" * 1000
    answer = shared.put(slot, data)
    assert answer.status_code == 200
    crc = base64.b64encode(crc32c(data).to_bytes(4, "big")).decode()
    assert answer.headers["x-goog-hash"] == f"crc32c={crc},md5={_md5(data)}"
    assert answer.headers["etag"] == f'"{hashlib.md5(data).hexdigest()}"'
    image = shared.find_image(slot["id"])
    assert image["sha256"] == hashlib.sha256(data).hexdigest()
    assert image["size"] == len(data)


def test_a_repeated_put_replaces_the_same_object(shared: Client) -> None:
    slot = shared.initiate(_new_subject(shared)["id"])["front"]
    for data in (b"first", b"second"):
        assert shared.put(slot, data).status_code == 200
    image = shared.find_image(slot["id"])
    assert (image["size"], image["puts"]) == (6, 2)


@pytest.mark.parametrize("size", [0, _LIMIT_BYTES + 1])
def test_the_store_refuses_a_size_outside_the_range(shared: Client, size: int) -> None:
    slot = shared.initiate(_new_subject(shared)["id"])["front"]
    url = httpx.URL(slot["url"])
    # Only the length is announced: the store answers before it reads a big body.
    connection = HTTPConnection(url.host, url.port, timeout=DEADLINE_S)
    connection.putrequest("PUT", url.raw_path.decode(), skip_host=True)
    for name, value in {**slot["headers"], "Content-Length": str(size)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()
    assert not shared.find_image(slot["id"])["stored"]


def test_changed_headers_break_the_signature(shared: Client) -> None:
    slot = shared.initiate(_new_subject(shared)["id"])["front"]
    for name, value in (
        ("Content-Type", "image/jpeg"),
        ("X-Goog-Content-Length-Range", "1,99999999999"),
    ):
        answer = shared.put({**slot, "headers": {**slot["headers"], name: value}}, b"x")
        assert answer.status_code == 403
        assert _code(answer) == "SignatureDoesNotMatch"
    without = {"Content-Type": slot["content_type"]}
    assert httpx.put(slot["url"], headers=without, content=b"x").status_code == 400


def test_an_address_opens_one_object_by_one_method(shared: Client) -> None:
    slot = shared.initiate(_new_subject(shared)["id"])["front"]
    other = slot["url"].replace(slot["id"], "00000000-0000-0000-0000-000000000000")
    assert shared.put({**slot, "url": other}, b"x").status_code == 403
    assert httpx.get(slot["url"], headers=slot["headers"]).status_code == 403


def test_the_platforms_token_at_the_store_is_refused_and_recorded(shared: Client) -> None:
    slot = shared.initiate(_new_subject(shared)["id"])["front"]
    headers = {**slot["headers"], "Authorization": shared.http.headers["Authorization"]}
    assert shared.put({**slot, "headers": headers}, b"x").status_code == 400
    violations = shared.get("/_practice/violations/")
    assert violations[-1]["kind"] == "token_sent_to_object_store"
    assert slot["id"] in violations[-1]["path"]


def test_an_expired_address_is_refused_as_the_store_does(start: StartClient) -> None:
    client = start(address_seconds=0)
    answer = client.put(client.initiate(_new_subject(client)["id"])["front"], b"x")
    assert answer.status_code == 400
    assert _code(answer) == "ExpiredToken"


def test_the_store_may_say_403_on_expiry(start: StartClient) -> None:
    client = start(Quirk.STORE_403_ON_EXPIRY, address_seconds=0)
    answer = client.put(client.initiate(_new_subject(client)["id"])["front"], b"x")
    assert answer.status_code == 403


def test_content_md5_is_checked_where_it_is_sent(start: StartClient) -> None:
    client = start(Quirk.CONTENT_MD5)
    slot = client.initiate(_new_subject(client)["id"])["front"]
    assert slot["headers"]["Content-MD5"] == ""
    data = b"some bytes"
    for value, status in ((_md5(data), 200), (_md5(b"other"), 400), ("short", 400), ("", 200)):
        headers = {**slot["headers"], "Content-MD5": value}
        assert client.put({**slot, "headers": headers}, data).status_code == status
    without = {name: text for name, text in slot["headers"].items() if name != "Content-MD5"}
    assert client.put({**slot, "headers": without}, data).status_code == 400


def test_the_platform_and_the_store_tell_the_time(shared: Client) -> None:
    slot = shared.initiate(_new_subject(shared)["id"])["front"]
    assert parsedate_to_datetime(shared.put(slot, b"x").headers["date"]).tzinfo is not None


def test_app_args_must_not_be_null(shared: Client) -> None:
    batch = shared.initiate(_new_subject(shared)["id"])
    path = f"{shared.company_v3}batches/{batch['image_batch_id']}/compute/"
    assert shared.http.post(path, json={"app_args": None}).status_code == 400
    answer = shared.http.post(path, json={"app_args": {}})
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_batch_keeps_its_time_and_meta(shared: Client) -> None:
    subject = _new_subject(shared)
    batch = shared.initiate(
        subject["id"], creation_time="2024-05-06T09:00:00+02:00", meta={"visit": "Week 4"}
    )
    path = f"{shared.dataset(NOT_SET_UP)}subjects/{subject['id']}/batches/"
    (listed,) = shared.get(path)["results"]
    assert listed["id"] == batch["image_batch_id"]
    assert listed["creation_time"] == "2024-05-06 07:00:00"
    assert listed["meta"] == {"visit": "Week 4"}
    assert [image["id"] for image in listed["images"]] == [batch["front"]["id"]]
    assert shared.get(f"{path}{listed['id']}/") == listed


def test_an_image_record_has_its_names_and_no_address_before_it_is_stored(shared: Client) -> None:
    subject = _new_subject(shared)
    batch = shared.initiate(subject["id"], "left")
    path = f"{shared.dataset(NOT_SET_UP)}subjects/{subject['id']}/batches/"
    path += f"{batch['image_batch_id']}/images/{batch['left']['id']}/"
    image = shared.get(path)
    assert image["side"] == {"id": 3, "name": "Left", "tech_name": "left"}
    assert image["urls"] == {"original": None}
    shared.put(batch["left"], b"bytes")
    address = shared.get(path)["urls"]["original"]
    assert httpx.get(address).content == b"bytes"


def test_base64_into_a_subject_makes_a_batch(shared: Client, skin: bytes) -> None:
    subject = _new_subject(shared, SKIN)
    place = f"{shared.dataset(SKIN)}subjects/{subject['id']}/"
    first, second = (shared.send_inline(place, skin) for _ in range(2))
    assert first["image_batch_id"] != second["image_batch_id"]
    assert httpx.get(first["urls"]["original"]).content == skin
    assert shared.get(f"{place}images/")["count"] == 2


def test_base64_may_carry_a_data_urls_prefix(shared: Client) -> None:
    place = f"{shared.dataset(NOT_SET_UP)}subjects/{_new_subject(shared)['id']}/"
    body = {"b64data": "data:image/jpeg;base64," + base64.b64encode(b"picture").decode()}
    image = shared.post(f"{place}images/", body)
    assert shared.find_image(image["id"])["size"] == 7


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "b64data"),
        ({"b64data": "no base64!"}, "b64data"),
        ({"b64data": "eA==", "side_id": 9}, "side_id"),
        ({"b64data": "eA==", "light_id": 9}, "light_id"),
    ],
)
def test_a_wrong_base64_upload_makes_nothing(shared: Client, body: Json, attr: str) -> None:
    subject = _new_subject(shared)
    place = f"{shared.dataset(NOT_SET_UP)}subjects/{subject['id']}/"
    answer = shared.http.post(f"{place}images/", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr
    assert shared.get(f"{place}batches/")["count"] == 0


def test_a_batch_is_made_listed_and_deleted_with_its_pictures(shared: Client) -> None:
    place = f"{shared.dataset(NOT_SET_UP)}subjects/{_new_subject(shared)['id']}/"
    made = shared.post(f"{place}batches/", {"creation_time": "2024.05.06 09:00:00"})
    assert made["creation_time"] == "2024-05-06 09:00:00"
    batch = f"{place}batches/{made['id']}/"
    image = shared.send_inline(batch, b"picture", side_id=2, name="right.jpg")
    assert (image["side_tech_name"], image["name"]) == ("right", "right.jpg")
    assert [row["id"] for row in shared.get(f"{batch}images/")] == [image["id"]]
    assert shared.http.delete(batch).status_code == 204
    assert httpx.get(image["urls"]["original"]).status_code == 404
    assert shared.get(f"{place}images/")["count"] == 0


def test_one_picture_of_a_batch_is_deleted(shared: Client) -> None:
    place = f"{shared.dataset(NOT_SET_UP)}subjects/{_new_subject(shared)['id']}/"
    image = shared.send_inline(place, b"picture")
    path = f"{place}batches/{image['image_batch_id']}/images/{image['id']}/"
    assert shared.http.delete(path).status_code == 204
    assert shared.http.get(path).status_code == 404


def test_a_signature_with_letters_of_another_alphabet_is_refused_as_any_other(
    shared: Client,
) -> None:
    subject = shared.make_subject(shared.dataset())
    slot = shared.initiate(subject["id"])["front"]
    address = slot["url"].partition("X-Goog-Signature=")[0] + "X-Goog-Signature=%C3%A4"
    answer = shared.put({**slot, "url": address}, b"letters")
    assert answer.status_code == 403
    assert "SignatureDoesNotMatch" in answer.text


def test_what_ends_before_it_is_queued_has_not_happened(
    start: StartClient, skin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start()
    place = f"{client.dataset(SKIN)}subjects/{client.make_subject(client.dataset(SKIN))['id']}/"
    batch = client.initiate(client.make_subject(client.dataset())["id"])
    client.put(batch["front"], skin)
    with monkeypatch.context() as patched:
        patched.setattr(Computing, "queue", _end)
        body = {"b64data": base64.b64encode(skin).decode()}
        assert client.http.post(f"{place}images/", json=body).status_code == 400
        assert client.compute(batch["image_batch_id"]).status_code == 400
    assert client.get(f"{place}images/")["count"] == 0
    assert client.compute(batch["image_batch_id"]).status_code == 204
    assert client.find_image(batch["front"]["id"])["times_computed"] == 1


def _end(*_: object, **__: object) -> None:
    raise invalid(None, "The platform ends here.", "ended")

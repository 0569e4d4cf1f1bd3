"""JSON in every spelling of the contract, and in none, into domain objects."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import msgspec
import pytest

from haut_desktop.api.errors import error_of
from haut_desktop.api.fields import Fields, iso_moment, parse_moment
from haut_desktop.api.transport import InlineBody
from haut_desktop.api.wire import (
    parse_batch,
    parse_image,
    parse_initiated,
    parse_profile,
    parse_subject,
)
from haut_desktop.api.wire_catalog import (
    parse_algorithm,
    parse_application,
    parse_dataset,
)
from haut_desktop.domain.analysis import Purpose
from haut_desktop.domain.errors import (
    HautError,
    NotThePlatformError,
    PermissionRefusedError,
    RefusedError,
    ServerTroubleError,
    SignedOutError,
    UnexpectedAnswerError,
)
from haut_desktop.domain.imaging import ImageType, Side


def _fields(**data: Any) -> Fields:
    return Fields("the call", data)


def test_both_forms_of_a_timestamp_are_the_same_moment() -> None:
    moment = datetime(2024, 10, 3, 13, 52, 19, tzinfo=UTC)
    assert parse_moment("2024-10-03 13:52:19") == moment
    assert parse_moment("2024-10-03T15:52:19+02:00") == moment
    assert iso_moment(moment) == "2024-10-03T13:52:19.000Z"
    assert parse_moment("yesterday") is None
    assert parse_moment(12) is None


def test_a_recorded_subject_is_read() -> None:
    subject = parse_subject(
        _fields(
            name="S-001",
            birth_date="1980-02-03",
            biological_sex={"id": "u", "name": "Female", "tech_name": "female"},
            meta=None,
            id="subject-1",
            author_id=1234,
            creation_time="2025-02-27 03:40:28",
            company={"id": "c", "name": "…"},
            promote_image_id=None,
        )
    )
    assert (subject.id, subject.name, subject.subject_id) == ("subject-1", "S-001", None)
    assert subject.details.birth_date == date(1980, 2, 3)
    assert subject.details.biological_sex == "female"


@pytest.mark.parametrize("meta", ("text", 5, [1], {"haut_desktop": "text"}, {"source": "web"}))
def test_anybody_elses_meta_is_nobodys_trouble(meta: object) -> None:
    assert parse_subject(_fields(id="s", name="x", meta=meta)).subject_id is None


@pytest.mark.parametrize(
    "profile",
    (
        {"user": {"id": 7}, "company_id": "c"},
        {"user": {"id": 7, "company_id": "c"}},
        {"id": 7, "company": {"id": "c"}},
        {"user": {"id": 7, "company": {"id": "c"}}},
    ),
)
def test_a_profiles_company_is_found_wherever_it_stands(profile: dict[str, Any]) -> None:
    account = parse_profile(_fields(**profile), "https://x.example")
    assert (account.company_id, account.user_id) == ("c", 7)


def test_a_profile_without_a_company_says_so() -> None:
    with pytest.raises(UnexpectedAnswerError, match="company_id"):
        parse_profile(_fields(user={"id": 7}), "https://x.example")


def test_addresses_keep_their_headers_and_may_lack_an_image_id() -> None:
    address = {
        "url": "https://store.example/x",
        "headers": {"Content-Type": "application/octet-stream", "X-Goog-Length": 5},
    }
    answer = _fields(front=address, left={**address, "id": "i"}, image_batch_id="b", new_key=1)
    batch = parse_initiated(answer, {Side.FRONT: "f", Side.LEFT: "l"})
    (_, front), (_, left) = batch.addresses
    assert (batch.platform_id, front.platform_id, left.platform_id) == ("b", None, "i")
    assert front.method == "PUT"
    assert front.headers == (
        ("Content-Type", "application/octet-stream"),
        ("X-Goog-Length", "5"),
    )
    assert "store.example" not in repr(front)


def test_a_side_without_an_address_is_named() -> None:
    with pytest.raises(UnexpectedAnswerError, match="left"):
        parse_initiated(
            _fields(front={"url": "u"}, image_batch_id="b"), {Side.FRONT: "f", Side.LEFT: "l"}
        )


@pytest.mark.parametrize(
    ("record", "side", "light"),
    (
        ({"side_tech_name": "left", "light_tech_name": "uv"}, Side.LEFT, "uv"),
        ({"side": {"id": 2, "name": "…"}, "light": {"id": 1}}, Side.RIGHT, "regular"),
        ({"side_id": 3, "light": {"id": 4, "tech_name": "uv"}}, Side.LEFT, "uv"),
        ({"side": {"id": 9, "tech_name": "scalp"}}, Side.OTHER, "regular"),
        ({}, Side.OTHER, "regular"),
    ),
)
def test_side_and_light_are_read_from_names_or_ids(
    record: dict[str, Any], side: Side, light: str
) -> None:
    image = parse_image(_fields(id="i", **record))
    assert (image.side, image.light) == (side, light)


def test_a_picture_that_was_deleted_has_no_address_and_keeps_its_problems() -> None:
    image = parse_image(_fields(id="i", urls=None, problems=["dark"], quality_issues=["dark"]))
    assert (image.original_url, image.problems) == ("", ("dark",))


def test_a_batchs_meta_is_kept_where_it_is_text() -> None:
    batch = parse_batch(_fields(id="b", meta={"visit": "v", "n": 2, "deep": {"a": 1}}))
    assert dict(batch.meta) == {"visit": "v", "n": "2"}


@pytest.mark.parametrize(
    "entry",
    (
        {"id": 51, "tech_name": "selfie_v2.Redness", "version": "2.1", "name": "Redness"},
        {"id": 51, "algorithm_tech_name": "redness", "version": "2.1", "name": "Redness"},
        {"id": "51", "version": "2.1", "algorithm_family": {"name": "Redness"}},
    ),
)
def test_every_spelling_of_an_algorithm_is_read(entry: dict[str, Any]) -> None:
    algorithm = parse_algorithm(_fields(**entry))
    assert (algorithm.version_id, algorithm.tech_name) == (51, "redness")
    assert (algorithm.version, algorithm.name) == ("2.1", "Redness")


@pytest.mark.parametrize(
    ("connected", "names"),
    (
        ([{"tech_name": "a_1"}, {"application": {"tech_name": "a_2"}}], ("a_1", "a_2")),
        (["a_1"], ("a_1",)),
        ([{"application_name": "A"}], ("A",)),
        ([{"id": "run"}], ("unknown",)),
        ([], ()),
        (None, None),
    ),
)
def test_connected_applications_are_read_in_every_shape(
    connected: object, names: tuple[str, ...] | None
) -> None:
    dataset = parse_dataset(_fields(id="d", name="D", connected_applications=connected))
    assert dataset.applications == names


def test_a_dataset_of_an_unknown_image_type_keeps_its_word() -> None:
    assert parse_dataset(_fields(id="d", image_type_tech_name="toenail")).image_type == "toenail"
    assert parse_dataset(_fields(id="d", image_type={"tech_name": "VISIA"})).image_type is (
        ImageType.VISIA
    )


def test_a_dataset_that_cleans_up_says_that_it_keeps_nothing() -> None:
    assert not parse_dataset(_fields(id="d", clean_images_as_soon_as_ready=True)).keeps_images
    assert parse_dataset(_fields(id="d")).keeps_images


def test_a_simulation_is_known_by_its_name() -> None:
    simulation = parse_application(_fields(id="a", tech_name="product_effect_simulation"))
    metrics = parse_application(_fields(id="a", tech_name="face_skin_metrics_3.0"))
    assert (simulation.purpose, metrics.purpose) == (Purpose.SIMULATION, Purpose.METRICS)


async def test_an_inline_body_is_the_json_it_claims_to_be_twice() -> None:
    data, sent = bytes(range(256)) * 9000, list[int]()
    body = InlineBody(b'{"name":"x"}', "b64data", data, sent.append)
    for _ in range(2):
        whole = b"".join([chunk async for chunk in body])
        fields = msgspec.json.decode(whole, type=dict[str, str])
        assert fields["name"] == "x"
        assert msgspec.convert(fields["b64data"], bytes) == data
        assert len(whole) == body.size_bytes
        assert body.is_sent
    assert sent[-1] == len(data)


@pytest.mark.parametrize(
    ("response", "error"),
    (
        (httpx.Response(401, json={"detail": "x"}), SignedOutError),
        (httpx.Response(403, json={"detail": "x"}), PermissionRefusedError),
        (httpx.Response(401, html="<html>"), NotThePlatformError),
        (httpx.Response(404, html="<html>"), RefusedError),
        (httpx.Response(413, html="<html>"), RefusedError),
        (httpx.Response(502, html="<html>"), ServerTroubleError),
        (httpx.Response(511, html="<html>"), NotThePlatformError),
        (httpx.Response(307, headers={"location": "/x"}), NotThePlatformError),
        (httpx.Response(304), NotThePlatformError),
    ),
)
def test_who_is_to_blame_is_read_from_status_and_kind(
    response: httpx.Response, error: type[HautError]
) -> None:
    assert isinstance(error_of(response), error)


@pytest.mark.parametrize(
    ("body", "code", "detail", "attr"),
    (
        (
            {"type": "validation_error", "errors": [{"code": "c", "detail": "d", "attr": "a.b"}]},
            "c",
            "d",
            "a.b",
        ),
        ({"detail": "d"}, "error", "d", None),
        ({"name": ["d", "e"]}, "invalid", "d", "name"),
        ({"detail": [{"loc": ["body", "x", 0], "msg": "d", "type": "t"}]}, "t", "d", "x.0"),
        ({"detail": [{"loc": ["body"], "msg": "d", "type": "t"}]}, "t", "d", None),
        # what is no field is not told as one, and no words are none
        ({"non_field_errors": ["d"]}, "invalid", "d", None),
        ({"errors": [{"code": "c", "detail": "d", "attr": "non_field_errors"}]}, "c", "d", None),
        ({"errors": [{"code": "c", "attr": "a"}]}, "c", "", "a"),
        ({"detail": None}, "error", "", None),
        ({"detail": []}, "error", "", None),
        ([1], "unknown", "", None),
        ({"errors": []}, "unknown", "", None),
    ),
)
def test_every_envelope_of_an_error_gives_its_reason(
    body: object, code: str, detail: str, attr: str | None
) -> None:
    error = error_of(httpx.Response(400, json=body))
    assert isinstance(error, RefusedError)
    assert (error.code, error.detail, error.attr) == (code, detail, attr)

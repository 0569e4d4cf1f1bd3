"""Batches and images of v1: made, listed, sent as base64, deleted."""

import base64
import binascii
import re
import uuid
from typing import Any, Final

from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, answer_nothing, invalid
from haut_desktop.practice.aux_images import list_aux_images
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.clock import utc_now
from haut_desktop.practice.dictionaries import LIGHTS, SIDES, ImageType, find_image_type
from haut_desktop.practice.fields import Body, read_integer, read_optional_text, read_time
from haut_desktop.practice.pages import answer_page, answer_rows
from haut_desktop.practice.records import Row, from_json, to_json
from haut_desktop.practice.service import Service, forget_image, original_key

MAXIMUM_SIZE_BYTES: Final = 31_457_280
_DATA_URL: Final = re.compile(r"^data:[\w/+.;=-]*,")
_QUALITY: Final = (
    "SELECT result FROM results WHERE image_id = ? AND is_ok = 1"
    " AND json_extract(result, '$.algorithm_tech_name') = 'quality' LIMIT 1"
)
_ACCEPT_SCORE: Final = 50
"""The quality score from which the vendor suggests to accept a picture."""


def create_batch(
    service: Service,
    subject_id: str,
    creation_time: float | None,
    *,
    meta: object = None,
    is_signed: bool = False,
) -> Row:
    now = utc_now()
    batch_id = str(uuid.uuid4())
    service.records.insert(
        "batches",
        id=batch_id,
        subject_id=subject_id,
        creation_time=now if creation_time is None else creation_time,
        created=now,
        meta=to_json(meta),
        signed=is_signed,
    )
    batch = service.records.fetch_one("SELECT * FROM batches WHERE id = ?", batch_id)
    assert batch is not None
    return batch


def create_image(service: Service, batch: Row, **fields: object) -> Row:
    """A new image record; fields are name, side_id, light_id and meta (JSON text)."""
    image_id = str(uuid.uuid4())
    service.records.insert("images", id=image_id, batch_id=batch["id"], created=utc_now(), **fields)
    image = service.records.fetch_one("SELECT * FROM images WHERE id = ?", image_id)
    assert image is not None
    return image


def image_type_of(service: Service, subject_id: str) -> ImageType:
    image_type_id = service.records.fetch_value(
        "SELECT d.image_type_id FROM datasets d JOIN subjects s ON s.dataset_id = d.id"
        " WHERE s.id = ?",
        subject_id,
    )
    image_type = find_image_type(image_type_id)
    assert image_type is not None
    return image_type


def list_images(service: Service, batch_id: str) -> list[Row]:
    return service.records.fetch_all(
        "SELECT * FROM images WHERE batch_id = ? ORDER BY rowid", batch_id
    )


def show_image(service: Service, image: Row) -> dict[str, Any]:
    """The image record with its aux images."""
    batch = service.records.fetch_one(
        "SELECT b.*, s.dataset_id FROM batches b JOIN subjects s ON s.id = b.subject_id"
        " WHERE b.id = ?",
        image["batch_id"],
    )
    assert batch is not None
    image_type = image_type_of(service, batch["subject_id"]).entry
    side, light = SIDES[image["side_id"]], LIGHTS[image["light_id"]]
    return {
        "id": image["id"],
        "name": image["name"],
        "side": side.show(),
        "light": light.show(),
        "image_type": image_type.show(),
        "side_name": side.name,
        "side_tech_name": side.tech_name,
        "light_name": light.name,
        "light_tech_name": light.tech_name,
        "image_type_name": image_type.name,
        "image_type_tech_name": image_type.tech_name,
        "creation_time": service.format_time(batch["creation_time"]),
        **_show_quality(service, image),
        "stage_step_number": None,
        "stage_number": None,
        "urls": {"original": service.sign_picture(original_key(image["id"]))},
        "image_batch_id": image["batch_id"],
        "subject_id": batch["subject_id"],
        "dataset_id": batch["dataset_id"],
        "meta": from_json(image["meta"]) or {},
        "aux_images": list_aux_images(service, image["id"]),
    }


def _show_quality(service: Service, image: Row) -> dict[str, Any]:
    """The quality fields, empty until the quality algorithm has run."""
    result = from_json(service.records.fetch_value(_QUALITY, image["id"]))
    areas = result["area_results"] if result else []
    if not areas:
        return {
            "quality_score": None,
            "quality_feedback": None,
            "quality_result": None,
            "quality_issues": [],
            "problems": [],
        }
    low = [
        metric
        for metric in areas[0]["sub_metrics"]
        if metric["tech_name"].endswith("_score") and metric["value"] < _ACCEPT_SCORE
    ]
    return {
        "quality_score": areas[0]["main_metric"]["value"],
        "quality_feedback": ", ".join(f"Low: {metric['name']}" for metric in low) or None,
        "quality_result": "bad" if low else "good",
        "quality_issues": [metric["name"] for metric in low],
        "problems": [metric["tech_name"].removesuffix("_score") for metric in low],
    }


def show_batch(service: Service, batch: Row) -> dict[str, Any]:
    return {
        "id": batch["id"],
        "subject_id": batch["subject_id"],
        "creation_time": service.format_time(batch["creation_time"]),
        "meta": from_json(batch["meta"]),
        "images": [show_image(service, image) for image in list_images(service, batch["id"])],
    }


def _create_batch(call: Call) -> Response:
    subject, body = call.subject(), call.body()
    time = read_time(body, "creation_time")
    batch = create_batch(call.service, subject["id"], time, meta=body.get("meta"))
    return answer_json(show_batch(call.service, batch), 201)


def _list_batches(call: Call) -> Response:
    return answer_page(
        call,
        "SELECT * FROM batches WHERE subject_id = ?",
        call.subject()["id"],
        show=lambda batch: show_batch(call.service, batch),
        ordering={"creation_time": "creation_time"},
    )


def _show_batch(call: Call) -> Response:
    return answer_json(show_batch(call.service, call.batch()))


def _delete_batch(call: Call) -> Response:
    batch = call.batch()
    for image in list_images(call.service, batch["id"]):
        forget_image(call.service, image["id"])
    call.service.records.execute("DELETE FROM batches WHERE id = ?", batch["id"])
    return answer_nothing()


def _send_into_batch(call: Call) -> Response:
    data = _read_picture(call.body())
    return _keep_picture(call, call.batch(), data)


def _send_into_subject(call: Call) -> Response:
    subject, data = call.subject(), _read_picture(call.body())
    _read_light_and_side(call.body(), image_type_of(call.service, subject["id"]))
    return _keep_picture(call, create_batch(call.service, subject["id"], None), data)


def _read_picture(body: Body) -> bytes:
    """The decoded bytes; a data URL's prefix is tolerated."""
    text = body.get("b64data")
    if not isinstance(text, str) or not text:
        raise invalid("b64data", "This field is required.", "required")
    try:
        data = base64.b64decode(_DATA_URL.sub("", text[:100]) + text[100:], validate=True)
    except binascii.Error as error:
        raise invalid("b64data", "The value is not base64.") from error
    if not 1 <= len(data) <= MAXIMUM_SIZE_BYTES:
        raise invalid("b64data", f"Ensure the file has 1 to {MAXIMUM_SIZE_BYTES} bytes.")
    return data


def _read_light_and_side(body: Body, image_type: ImageType) -> tuple[int, int]:
    """light_id and side_id; the image type's first where they are left out."""
    side_id = read_integer(body, "side_id") or image_type.sides[0].id
    light_id = read_integer(body, "light_id") or image_type.lights[0].id
    if side_id not in {side.id for side in image_type.sides}:
        raise invalid("side_id", "The image type has no such side.", "does_not_exist")
    if light_id not in {light.id for light in image_type.lights}:
        raise invalid("light_id", "The image type has no such light.", "does_not_exist")
    return light_id, side_id


def _keep_picture(call: Call, batch: Row, data: bytes) -> Response:
    """Store the picture and have it computed: base64 needs no further call."""
    service, body = call.service, call.body()
    image_type = image_type_of(service, batch["subject_id"])
    light_id, side_id = _read_light_and_side(body, image_type)
    image = create_image(
        service,
        batch,
        name=read_optional_text(body, "name", max_length=255) or "image.jpg",
        side_id=side_id,
        light_id=light_id,
        meta=to_json(body.get("meta")),
    )
    service.objects.put(original_key(image["id"]), data, "application/octet-stream")
    service.computing.request([image])
    return answer_json(show_image(service, image), 201)


def _list_batch_images(call: Call) -> Response:
    images = list_images(call.service, call.batch()["id"])
    return answer_rows(call, [show_image(call.service, image) for image in images])


def _list_subject_images(call: Call) -> Response:
    return answer_page(
        call,
        "SELECT i.* FROM images i JOIN batches b ON b.id = i.batch_id WHERE b.subject_id = ?",
        call.subject()["id"],
        show=lambda image: show_image(call.service, image),
        ordering={"name": "i.name", "creation_time": "b.creation_time"},
        table="i",
    )


def _show_image(call: Call) -> Response:
    return answer_json(show_image(call.service, call.image()))


def _delete_image(call: Call) -> Response:
    image = call.image()
    forget_image(call.service, image["id"])
    call.service.records.execute("DELETE FROM images WHERE id = ?", image["id"])
    return answer_nothing()


_SUBJECT: Final = "/api/v1/companies/{company_id}/datasets/{dataset_id}/subjects/{subject_id}/"
_BATCH: Final = _SUBJECT + "batches/{batch_id}/"
ENDPOINTS: Final = (
    Endpoint("POST", _SUBJECT + "batches/", _create_batch),
    Endpoint("GET", _SUBJECT + "batches/", _list_batches),
    Endpoint("GET", _BATCH, _show_batch),
    Endpoint("DELETE", _BATCH, _delete_batch),
    Endpoint("POST", _SUBJECT + "images/", _send_into_subject),
    Endpoint("GET", _SUBJECT + "images/", _list_subject_images),
    Endpoint("POST", _BATCH + "images/", _send_into_batch),
    Endpoint("GET", _BATCH + "images/", _list_batch_images),
    Endpoint("GET", _BATCH + "images/{image_id}/", _show_image),
    Endpoint("DELETE", _BATCH + "images/{image_id}/", _delete_image),
)

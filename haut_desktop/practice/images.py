"""Batches and images of v1: made, listed, sent as base64, deleted."""

import base64
import binascii
import re
from typing import Final

from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, answer_nothing, invalid
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.clock import true_now
from haut_desktop.practice.dictionaries import ImageType
from haut_desktop.practice.fields import Body, read_integer, read_optional_text, read_time
from haut_desktop.practice.image_records import (
    create_batch,
    create_image,
    image_type_of,
    list_images,
    show_batch,
    show_image,
)
from haut_desktop.practice.pages import answer_page, answer_rows
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Row, to_json
from haut_desktop.practice.service import LISTED_LATE_S, forget_image, original_key

MAXIMUM_SIZE_BYTES: Final = 31_457_280
_DATA_URL: Final = re.compile(r"^data:[\w/+.;=-]*,")


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
    images = list_images(call.service, batch["id"])
    call.service.records.execute("DELETE FROM batches WHERE id = ?", batch["id"])
    for image in images:
        forget_image(call.service, image["id"])
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
    name = read_optional_text(body, "name", max_length=255) or "image.jpg"
    meta = to_json(body.get("meta"))
    # all of it or nothing: a picture that is listed and never computed would be lost to a client
    with service.records.transaction():
        image = create_image(
            service, batch, name=name, side_id=side_id, light_id=light_id, meta=meta
        )
        service.objects.put(original_key(image["id"]), data, "application/octet-stream")
        service.computing.queue([image])
    service.computing.wake()
    return answer_json(show_image(service, image), 201)


def _list_batch_images(call: Call) -> Response:
    service = call.service
    lag_s = LISTED_LATE_S if service.has(Quirk.BATCH_IMAGES_LATE) else 0.0
    images = list_images(service, call.batch()["id"])
    service.computing.finish_demonstration(images)
    listed = [image for image in images if image["created"] <= true_now() - lag_s]
    shown = [show_image(service, image) for image in listed]
    return answer_rows(call, shown, is_paged=service.has(Quirk.BATCH_IMAGES_PAGED))


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
    call.service.records.execute("DELETE FROM images WHERE id = ?", image["id"])
    forget_image(call.service, image["id"])
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

"""v3: signed addresses for a batch, and the call that has it computed."""

from typing import Any, Final

from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, answer_nothing, invalid
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.dictionaries import SIDES
from haut_desktop.practice.fields import read_text, read_time
from haut_desktop.practice.image_records import (
    create_batch,
    create_image,
    image_type_of,
    list_images,
)
from haut_desktop.practice.images import MAXIMUM_SIZE_BYTES
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Row
from haut_desktop.practice.service import Service, original_key

_CONTENT_TYPE: Final = "application/octet-stream"
_SIDE_IDS: Final = {side.tech_name: side.id for side in SIDES.values() if side.id <= 3}


def _initiate(call: Call) -> Response:
    subject, body = call.subject(), call.body()
    if image_type_of(call.service, subject["id"]).entry.tech_name != "selfie":
        raise invalid(None, "Signed upload takes pictures of faces only.")
    names = {
        side: read_text(body, side, max_length=255)
        for side in ("front", "left", "right")
        if body.get(side) is not None
    }
    if not names:
        raise invalid(None, "At least one of front, left, right is required.", "required")
    if call.service.has(Quirk.INITIATE_FEWER_SIDES):
        names = dict(list(names.items())[:1])
    meta = body.get("meta", {})
    if meta is not None and not isinstance(meta, dict):
        raise invalid("meta", "Expected a dictionary of items.", "not_a_dict")
    time = read_time(body, "creation_time")
    batch = create_batch(call.service, subject["id"], time, meta=meta, is_signed=True)
    answer: dict[str, Any] = {
        side: _sign_upload(call.service, batch, side, name) for side, name in names.items()
    }
    return answer_json({**answer, "image_batch_id": batch["id"]})


def _sign_upload(service: Service, batch: Row, side: str, name: str) -> dict[str, Any]:
    image = create_image(service, batch, name=name, side_id=_SIDE_IDS[side], light_id=1, meta="{}")
    host = service.addresses.store_url.partition("://")[2]
    headers = {
        "Content-Type": _CONTENT_TYPE,
        "X-Goog-Content-Length-Range": f"1,{MAXIMUM_SIZE_BYTES}",
        "Host": host,
    }
    if service.has(Quirk.CONTENT_MD5):
        headers["Content-MD5"] = ""
    return {
        "url": service.addresses.sign(
            "PUT",
            original_key(image["id"]),
            seconds=service.options.address_seconds,
            headers=headers,
        ),
        "method": "PUT",
        "headers": headers,
        "content_type": _CONTENT_TYPE,
        "id": image["id"],
    }


def _compute(call: Call) -> Response:
    service, batch, body = call.service, call.batch(), call.body()
    if "app_args" in body and body["app_args"] is None:
        raise invalid("app_args", "This field may not be null.", "null")
    images = list_images(service, batch["id"])
    if service.has(Quirk.COMPUTE_EARLY_REFUSED) and not _all_stored(service, images):
        raise invalid(None, "Not every image of the batch is uploaded.", "not_uploaded")
    is_again = batch["computes"] > 0
    is_billed = not is_again or service.has(Quirk.COMPUTE_TWICE_BILLS)
    is_refused = is_again and service.has(Quirk.COMPUTE_TWICE_REFUSED)
    with service.records.transaction():
        service.records.execute(
            "UPDATE batches SET computes = computes + 1 WHERE id = ?", batch["id"]
        )
        if is_billed and not is_refused:
            service.computing.queue(images)
    if is_refused:
        raise invalid(None, "The batch is computed already.", "already_computed")
    service.computing.wake()
    if service.has(Quirk.COMPUTE_ANSWERS_200):
        return answer_json({})
    if service.has(Quirk.COMPUTE_ANSWERS_202):
        return answer_json({"task": {"status": "queued"}}, 202)
    return answer_nothing()


def _all_stored(service: Service, images: list[Row]) -> bool:
    return all(service.objects.find(original_key(image["id"])) for image in images)


ENDPOINTS: Final = (
    Endpoint("POST", "/api/v3/companies/{company_id}/subjects/{subject_id}/upload/", _initiate),
    Endpoint("POST", "/api/v3/companies/{company_id}/batches/{batch_id}/compute/", _compute),
)

"""Aux images: the restored face, the predicted effect, behind addresses that expire."""

from typing import Any, Final

from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, invalid, not_found
from haut_desktop.practice.applications import application_id, run_application
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.dictionaries import AUX_TYPES, show_word
from haut_desktop.practice.pages import answer_rows
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Row, from_json
from haut_desktop.practice.service import Service

_SELECT: Final = (
    "SELECT a.*, r.application FROM aux_images a JOIN runs r ON r.id = a.run_id"
    " WHERE a.image_id = ?"
)


def list_aux_images(service: Service, image_id: str) -> list[dict[str, Any]]:
    rows = service.records.fetch_all(f"{_SELECT} ORDER BY a.rowid", image_id)
    return [_show(service, row) for row in rows]


def _show(service: Service, aux: Row) -> dict[str, Any]:
    """Both known shapes at once, or one of them by quirk."""
    application = run_application(aux)
    address = service.sign_picture(aux["object_key"])
    old = {
        "id": aux["id"],
        "aux_image_type": show_word(service, aux["type"], AUX_TYPES[aux["type"]]),
        "creation_time": service.format_time(aux["created"]),
        "application_id": application_id(application),
        "application_name": application.name,
        "application_run_id": aux["run_id"],
        "application_description": application.description,
        "urls": {"original": address},
    }
    new = {
        "id": aux["id"],
        "algo_app": application.name,
        "meta": from_json(aux["meta"]),
        "signed_url": address,
    }
    if service.has(Quirk.AUX_OLD_SHAPE):
        return old
    if service.has(Quirk.AUX_NEW_SHAPE):
        return {**new, "aux_image_type": aux["type"]}
    return {**new, **old}


def _list(call: Call) -> Response:
    """Filters: application name contains, type's tech name contains; case does not matter."""
    application = (call.query("algo_app") or "").lower()
    kind = (call.query("aux_image_type") or "").lower()
    image = call.image()
    call.service.computing.finish_demonstration([image])
    rows = call.service.records.fetch_all(f"{_SELECT} ORDER BY a.rowid", image["id"])
    found = [
        row
        for row in rows
        if application in run_application(row).name.lower() and kind in row["type"]
    ]
    return answer_rows(call, [_show(call.service, row) for row in found])


def _sign(call: Call) -> Response:
    text = call.query("expiration_seconds")
    if text is not None and not (text.isdecimal() and int(text) > 0):
        raise invalid("expiration_seconds", "A valid integer is required.")
    aux = call.service.records.fetch_one(
        f"{_SELECT} AND a.id = ?", call.image()["id"], call.path("aux_id")
    )
    seconds = None if text is None else int(text)
    address = aux and call.service.sign_picture(aux["object_key"], seconds)
    if not address:
        raise not_found()
    return answer_json({"url": address})


_AUX: Final = (
    "/api/v1/companies/{company_id}/datasets/{dataset_id}/subjects/{subject_id}"
    "/batches/{batch_id}/images/{image_id}/aux/"
)
ENDPOINTS: Final = (
    Endpoint("GET", _AUX, _list),
    Endpoint("GET", _AUX + "{aux_id}/signed_url/", _sign),
)

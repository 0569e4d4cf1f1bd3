"""What only practice has: the state to look into, the faults to set, the violations seen."""

from typing import Any, Final

import msgspec
from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, answer_nothing, invalid
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.clock import iso_form
from haut_desktop.practice.dictionaries import LIGHTS, SIDES
from haut_desktop.practice.faults import read_fault
from haut_desktop.practice.image_records import list_images
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Row, from_json
from haut_desktop.practice.service import Service, original_key


def _show_state(call: Call) -> Response:
    """Everything the platform holds; ``?demonstration=false`` leaves its subjects out.

    ``?dataset=ID`` shows the subjects and batches of one dataset alone.
    """
    records, dataset_id = call.service.records, call.query("dataset")
    has_demonstration = call.query("demonstration") != "false"
    subjects = records.fetch_all(
        "SELECT * FROM subjects WHERE demonstration <= ? AND dataset_id = coalesce(?, dataset_id)"
        " ORDER BY rowid",
        has_demonstration,
        dataset_id,
    )
    batches = records.fetch_all(
        "SELECT b.*, s.dataset_id FROM batches b JOIN subjects s ON s.id = b.subject_id"
        " WHERE s.demonstration <= ? AND s.dataset_id = coalesce(?, s.dataset_id)"
        " ORDER BY b.rowid",
        has_demonstration,
        dataset_id,
    )
    counters = {row["name"]: row["value"] for row in records.fetch_all("SELECT * FROM counters")}
    return answer_json(
        {
            "subjects": [_show_subject(subject) for subject in subjects],
            "batches": [_show_batch(call.service, batch) for batch in batches],
            "billed_transactions": _count_transactions(call.service, has_demonstration),
            "queue_length": records.fetch_value("SELECT count(*) FROM jobs"),
            "webhooks_waiting": records.fetch_value("SELECT count(*) FROM webhook_queue"),
            "logins": counters.pop("logins", 0),
            "refreshes": counters.pop("refreshes", 0),
            "requests": counters,
        }
    )


def _count_transactions(service: Service, has_demonstration: bool) -> int:
    """Bills stay when what was billed is deleted."""
    total: int = service.records.fetch_value(
        "SELECT count(*) FROM transactions t WHERE ? OR NOT EXISTS ("
        " SELECT 1 FROM drawings d WHERE d.image_id = t.image_id)",
        has_demonstration,
    )
    return total


def _show_subject(subject: Row) -> dict[str, Any]:
    return {
        "id": subject["id"],
        "name": subject["name"],
        "dataset_id": subject["dataset_id"],
        "birth_date": subject["birth_date"],
        "biological_sex": subject["biological_sex"],
        "meta": from_json(subject["meta"]),
        "creation_time": iso_form(subject["created"]),
        "demonstration": bool(subject["demonstration"]),
    }


def _show_batch(service: Service, batch: Row) -> dict[str, Any]:
    return {
        "id": batch["id"],
        "subject_id": batch["subject_id"],
        "dataset_id": batch["dataset_id"],
        "creation_time": iso_form(batch["creation_time"]),
        "meta": from_json(batch["meta"]),
        "signed": bool(batch["signed"]),
        "computes": batch["computes"],
        "images": [_show_image(service, image) for image in list_images(service, batch["id"])],
    }


def _show_image(service: Service, image: Row) -> dict[str, Any]:
    stored = service.objects.find(original_key(image["id"])) or {}
    billed = service.records.fetch_value(
        "SELECT count(*) FROM transactions WHERE image_id = ?", image["id"]
    )
    return {
        "id": image["id"],
        "name": image["name"],
        "side": SIDES[image["side_id"]].tech_name,
        "light": LIGHTS[image["light_id"]].tech_name,
        "stored": bool(stored),
        "sha256": stored.get("sha256"),
        "size": stored.get("size"),
        "puts": stored.get("puts", 0),
        "cleaned": bool(image["cleaned"]),
        "times_computed": image["times_computed"],
        "billed_transactions": billed,
    }


def _list_violations(call: Call) -> Response:
    rows = call.service.records.fetch_all("SELECT * FROM violations ORDER BY id")
    return answer_json(
        [
            {"kind": row["kind"], "path": row["path"], "creation_time": iso_form(row["created"])}
            for row in rows
        ]
    )


def _list_faults(call: Call) -> Response:
    return answer_json(call.service.faults.show())


def _add_faults(call: Call) -> Response:
    """One fault, or a list of them."""
    try:
        value = msgspec.json.decode(call.raw)
        faults = [read_fault(fields) for fields in (value if isinstance(value, list) else [value])]
    except (ValueError, TypeError) as error:
        raise invalid(None, str(error)) from error
    for fault in faults:
        call.service.faults.add(fault)
    return answer_json(call.service.faults.show(), 201)


def _clear_faults(call: Call) -> Response:
    call.service.faults.clear()
    return answer_nothing()


def _show_quirks(service: Service) -> Response:
    return answer_json(sorted(service.quirks))


def _list_quirks(call: Call) -> Response:
    return _show_quirks(call.service)


def _set_quirks(call: Call) -> Response:
    """Take on exactly these quirks, from the next request on."""
    try:
        quirks = msgspec.json.decode(call.raw, type=set[Quirk])
    except msgspec.DecodeError as error:
        raise invalid(None, str(error)) from error
    call.service.quirks = quirks
    return _show_quirks(call.service)


ENDPOINTS: Final = (
    Endpoint("GET", "/_practice/state/", _show_state, is_public=True),
    Endpoint("GET", "/_practice/violations/", _list_violations, is_public=True),
    Endpoint("GET", "/_practice/faults/", _list_faults, is_public=True),
    Endpoint("POST", "/_practice/faults/", _add_faults, is_public=True),
    Endpoint("DELETE", "/_practice/faults/", _clear_faults, is_public=True),
    Endpoint("GET", "/_practice/quirks/", _list_quirks, is_public=True),
    Endpoint("PUT", "/_practice/quirks/", _set_quirks, is_public=True),
)

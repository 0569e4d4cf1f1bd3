"""Batches and images as records: made, found, and shown as the contract has them."""

import uuid
from typing import Any, Final

from haut_desktop.practice.aux_images import list_aux_images
from haut_desktop.practice.clock import true_now, utc_now
from haut_desktop.practice.dictionaries import LIGHTS, SIDES, ImageType, find_image_type
from haut_desktop.practice.records import Row, from_json, to_json
from haut_desktop.practice.service import Service, original_key

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
    service.records.insert(
        "images", id=image_id, batch_id=batch["id"], created=true_now(), **fields
    )
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

"""What a webhook tells: the results of an application on an image, with flattened areas."""

from typing import Any, Final

from haut_desktop.practice.applications import application_id, run_application
from haut_desktop.practice.dictionaries import SIDES
from haut_desktop.practice.records import Row, from_json
from haut_desktop.practice.service import Service, original_key

_ADDRESS_SECONDS: Final = 3600
"""The documentation's hour, whatever other addresses live."""
_RUNS: Final = (
    "SELECT r.* FROM runs r WHERE r.id = coalesce(?, r.id) AND EXISTS ("
    " SELECT 1 FROM results x WHERE x.run_id = r.id AND x.image_id = ?) ORDER BY r.rowid"
)
_IMAGE: Final = (
    "SELECT i.*, b.subject_id, s.dataset_id, d.company_id FROM images i"
    " JOIN batches b ON b.id = i.batch_id JOIN subjects s ON s.id = b.subject_id"
    " JOIN datasets d ON d.id = s.dataset_id WHERE i.id = ?"
)


def make_payload(service: Service, image_id: str, run_id: str | None) -> dict[str, Any] | None:
    """The message about one run, or about all of them together; None when image or run is gone.

    Only the message about one run is documented. All together is a guess: the fields are the first
    run's, ``area_results`` are everybody's, and ``applications`` has each run's own.
    """
    image = service.records.fetch_one(_IMAGE, image_id)
    runs = service.records.fetch_all(_RUNS, run_id, image_id)
    if image is None or not runs:
        return None
    told = [_tell_run(service, image_id, run) for run in runs]
    payload = {
        **told[0],
        "area_results": [area for one in told for area in one["area_results"]],
        "images": _show_pictures(service, image),
        # That ids are told is a guess; nobody could tell the pictures apart without.
        "image_id": image_id,
        "image_batch_id": image["batch_id"],
        "subject_id": image["subject_id"],
        "dataset_id": image["dataset_id"],
        "company_id": image["company_id"],
    }
    return payload if run_id is not None else {**payload, "applications": told}


def _tell_run(service: Service, image_id: str, run: Row) -> dict[str, Any]:
    application = run_application(run)
    rows = service.records.fetch_all(
        "SELECT result FROM results WHERE image_id = ? AND run_id = ? ORDER BY rowid",
        image_id,
        run["id"],
    )
    return {
        "application_id": application_id(application),
        "application_name": application.name,
        "application_run_id": run["id"],
        "area_results": [
            _flatten(area) for row in rows for area in from_json(row["result"])["area_results"]
        ],
    }


def _flatten(area: dict[str, Any]) -> dict[str, Any]:
    """An area with its main metric's fields beside its name, as webhooks have it."""
    main = area["main_metric"]
    names = ("name", "tech_name", "value", "widget_type", "widget_meta")
    return {
        "area_name": area["area_name"],
        **{name: main[name] for name in names},
        "sub_metrics": area["sub_metrics"] or [],
    }


def _show_pictures(service: Service, image: Row) -> dict[str, Any]:
    """An address of each picture for an hour; None for one that was not made or is deleted."""
    side = SIDES[image["side_id"]].tech_name
    keys = {
        "original": original_key(image["id"]),
        "restored": f"images/{image['id']}/aux/selfie_{side}_face_restored_rgba",
    }
    return {
        name: {"signed_url": service.sign_picture(key, _ADDRESS_SECONDS)}
        for name, key in keys.items()
    }

"""Results: rows per image in v1, one object per batch in v3, smoothed values."""

from statistics import fmean, median
from typing import Any, Final

from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, not_found
from haut_desktop.practice.applications import (
    application_id,
    list_runs,
    run_algorithms,
    run_application,
)
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.computing import count_jobs
from haut_desktop.practice.dictionaries import SIDES
from haut_desktop.practice.image_records import list_images
from haut_desktop.practice.offer import ALGORITHMS
from haut_desktop.practice.pages import answer_rows
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Row, from_json
from haut_desktop.practice.result_writing import SPACES, mask_key, picture_key
from haut_desktop.practice.service import Service

_BY_VERSION: Final = {algorithm.version_id: algorithm for algorithm in ALGORITHMS}
_SIDE_ORDER: Final = {"front": 0, "left": 1, "right": 2}
_DAY_S: Final = 86_400


def _list_results(call: Call) -> Response:
    service, image = call.service, call.image()
    if image["id"] not in {shown["id"] for shown in _shown_images(service, image["batch_id"])}:
        return answer_rows(call, [], is_paged=service.has(Quirk.RESULTS_PAGED))
    service.computing.finish_demonstration([image])
    rows = service.records.fetch_all(
        "SELECT x.*, r.application FROM results x JOIN runs r ON r.id = x.run_id"
        " WHERE x.image_id = ? ORDER BY x.rowid",
        image["id"],
    )
    shown = [_show_row(service, row) for row in rows if _is_listed(service, row)]
    found = [row for row in shown if _is_asked(call, row)]
    return answer_rows(call, found, is_paged=service.has(Quirk.RESULTS_PAGED))


def _is_listed(service: Service, row: Row) -> bool:
    if run_application(row).generation == "v3" and not service.has(Quirk.V3_ROWS_IN_V1):
        return False
    is_whole = not service.has(Quirk.ROWS_AT_ONCE)
    return is_whole or not count_jobs(service, row["image_id"], row["run_id"])


def _is_asked(call: Call, row: dict[str, Any]) -> bool:
    return all(
        call.query(name) in (None, row[name])
        for name in ("application_run_id", "application_name", "application_id")
    )


def _show_row(service: Service, row: Row) -> dict[str, Any]:
    application, algorithm = run_application(row), _BY_VERSION[row["version_id"]]
    return {
        "id": row["id"],
        "is_ok": bool(row["is_ok"]),
        "image_id": row["image_id"],
        "algorithm_version_id": row["version_id"],
        "creation_time": service.format_time(row["created"]),
        "application_id": application_id(application),
        "application_name": application.name,
        "application_description": application.description,
        "application_run_id": row["run_id"],
        "image_type": application.image_type,
        "algorithm_family_tech_name": algorithm.family_tech_name,
        "result": from_json(row["result"]),
    }


def _list_smoothed(call: Call) -> Response:
    """Main values averaged over the subject's earlier images of the same side."""
    service, image, subject = call.service, call.image(), call.subject()
    window_days = _read_number(call, "sample_time_window", 14)
    until = call.batch()["creation_time"]
    rows = service.records.fetch_all(
        "SELECT x.version_id, x.result FROM results x JOIN images i ON i.id = x.image_id"
        " JOIN batches b ON b.id = i.batch_id WHERE b.subject_id = ? AND i.side_id = ?"
        " AND x.is_ok = 1 AND b.creation_time BETWEEN ? AND ? ORDER BY b.creation_time DESC",
        subject["id"],
        image["side_id"],
        until - window_days * _DAY_S,
        until,
    )
    values: dict[str, list[float]] = {}
    for row in rows:
        areas = from_json(row["result"])["area_results"]
        value = areas[0]["main_metric"]["value"] if areas else None
        if isinstance(value, int | float):
            values.setdefault(_BY_VERSION[row["version_id"]].family_tech_name, []).append(value)
    size = _read_number(call, "sample_max_size", 10)
    smooth = median if call.query("smoothing_method") == "median" else fmean
    return answer_rows(
        call,
        [
            {"algorithm_tech_name": family, "value": smooth(samples[:size])}
            for family, samples in values.items()
        ],
    )


def _read_number(call: Call, name: str, default: int) -> int:
    text = call.query(name) or ""
    return int(text) if text.isdecimal() and int(text) else default


def _show_batch_results(call: Call) -> Response:
    service, batch = call.service, call.batch()
    images = sorted(
        _shown_images(service, batch["id"]),
        key=lambda image: _SIDE_ORDER.get(SIDES[image["side_id"]].tech_name, len(_SIDE_ORDER)),
    )
    service.computing.finish_demonstration(images)
    dataset_id = service.records.fetch_value(
        "SELECT dataset_id FROM subjects WHERE id = ?", batch["subject_id"]
    )
    answer: dict[str, Any] = {}
    for run in list_runs(service, dataset_id):
        if run_application(run).generation == "v3":
            answer |= _show_run_results(service, run, images)
    if not answer and service.has(Quirk.RESULTS_EARLY_404):
        raise not_found()
    return answer_json(answer)


def _shown_images(service: Service, batch_id: str) -> list[Row]:
    """The batch's images whose results are shown."""
    images = list_images(service, batch_id)
    return images[:1] if service.has(Quirk.RESULTS_SOME_SIDES) else images


def _show_run_results(service: Service, run: Row, images: list[Row]) -> dict[str, Any]:
    """The key of one application with all that is known; nothing before the first result."""
    rows = [
        row
        for image in images
        for row in service.records.fetch_all(
            "SELECT * FROM results WHERE run_id = ? AND image_id = ? ORDER BY rowid",
            run["id"],
            image["id"],
        )
    ]
    if not rows:
        return {}
    waiting = sum(count_jobs(service, image["id"], run["id"]) for image in images)
    key = run_application(run).tech_name.removesuffix(".0")
    return {
        key: {
            "all_algorithms_calculated": waiting == 0,
            "predicted_images": _show_pictures(service, images),
            "parameters": _show_parameters(service, run, images, rows),
        }
    }


def _show_pictures(service: Service, images: list[Row]) -> dict[str, Any]:
    return {
        SIDES[image["side_id"]].tech_name: _sign_spaces(
            service, {space: picture_key(image["id"], space) for space in SPACES}
        )
        for image in images
    }


def _sign_spaces(service: Service, keys: dict[str, str]) -> dict[str, str]:
    signed = {space: service.sign_picture(key) for space, key in keys.items()}
    return {space: address for space, address in signed.items() if address is not None}


def _show_parameters(
    service: Service, run: Row, images: list[Row], rows: list[Row]
) -> dict[str, Any]:
    by_place = {(row["image_id"], row["version_id"]): row for row in rows}
    parameters: dict[str, Any] = {}
    for algorithm in run_algorithms(run):
        found = [
            (image, by_place[image["id"], algorithm.version_id])
            for image in images
            if (image["id"], algorithm.version_id) in by_place
        ]
        if found and (shown := _show_parameter(service, found)):
            parameters[algorithm.parameter] = shown
    return parameters


def _show_parameter(service: Service, found: list[tuple[Row, Row]]) -> dict[str, Any] | None:
    """One parameter over the sides: the front picture's values count, else the next side's.

    How the platform joins the sides is unknown; masks are kept per side in any case.
    """
    good = [(image, row) for image, row in found if row["is_ok"]]
    if not good:
        error = {"error": from_json(found[0][1]["result"])["error"]}
        return None if service.has(Quirk.FAILURES_LEFT_OUT) else error
    shown: dict[str, Any] = from_json(good[0][1]["parameter"])
    areas: dict[str, Any] = {}
    masks: dict[str, Any] = {}
    for image, row in good:
        areas = {**from_json(row["parameter"]).get("areas", {}), **areas}
        keys = {space: mask_key(image["id"], row["version_id"], space) for space in SPACES}
        if signed := _sign_spaces(service, keys):
            masks[SIDES[image["side_id"]].tech_name] = signed
    return {**shown, **({"areas": areas} if areas else {}), **({"masks": masks} if masks else {})}


_IMAGE: Final = (
    "/api/v1/companies/{company_id}/datasets/{dataset_id}/subjects/{subject_id}"
    "/batches/{batch_id}/images/{image_id}/"
)
_BATCH_RESULTS: Final = "/api/v3/companies/{company_id}/batches/{batch_id}/results/"
ENDPOINTS: Final = (
    Endpoint("GET", _IMAGE + "results/", _list_results),
    Endpoint("GET", _IMAGE + "smoothed_results/", _list_smoothed),
    Endpoint("GET", _BATCH_RESULTS, _show_batch_results),
)

"""Computes one algorithm on one image and writes down everything that comes of it."""

import uuid
from typing import Any, Final

import cv2
import numpy as np

from haut_desktop.practice.algorithms.catalog import Algorithm, predict_effect
from haut_desktop.practice.algorithms.measurement import Measurement
from haut_desktop.practice.applications import run_algorithms, run_application
from haut_desktop.practice.clock import utc_now
from haut_desktop.practice.mask_pictures import (
    Pixels,
    draw_masks,
    encode_jpeg,
    encode_png,
)
from haut_desktop.practice.prepared import PreparedImage
from haut_desktop.practice.records import Row, to_json
from haut_desktop.practice.result_shapes import shape_failure, shape_parameter, shape_v1
from haut_desktop.practice.service import Service
from haut_desktop.practice.webhook_sending import queue_when_finished

SPACES: Final = ("aligned_face", "anonymised", "original")


def write_result(service: Service, job: Row, run: Row, prepared: PreparedImage) -> None:
    """Compute a job's algorithm and write down what it says, with masks and pictures."""
    algorithm = _algorithm_of(job, run)
    application = run_application(run)
    measured = prepared.measure(algorithm)
    parameter = None
    if isinstance(measured, str):
        result = shape_failure(algorithm, application.image_type, measured)
    else:
        result = _shape_result(algorithm, measured, application.image_type, prepared)
        parameter = shape_parameter(algorithm, measured)
        _write_pictures(service, run, prepared)
        if application.generation == "v3":
            _write_masks(service, algorithm, measured, prepared)
    is_ok, is_billed = not isinstance(measured, str), prepared.picture is not None
    _finish(service, job, is_ok=is_ok, is_billed=is_billed, result=result, parameter=parameter)


def write_internal_error(service: Service, job: Row) -> None:
    """A row for an algorithm that broke; the platform did not do its work and bills nothing."""
    run = service.records.fetch_one("SELECT * FROM runs WHERE id = ?", job["run_id"])
    if run is None:
        return
    result = shape_failure(
        _algorithm_of(job, run), run_application(run).image_type, "Internal error"
    )
    _finish(service, job, is_ok=False, is_billed=False, result=result, parameter=None)


def _algorithm_of(job: Row, run: Row) -> Algorithm:
    return next(a for a in run_algorithms(run) if a.version_id == job["version_id"])


def _finish(
    service: Service,
    job: Row,
    *,
    is_ok: bool,
    is_billed: bool,
    result: dict[str, Any],
    parameter: dict[str, Any] | None,
) -> None:
    """Result, bill and queues change together, so that a killed platform bills once."""
    now = utc_now()
    place = (job["image_id"], job["run_id"], job["version_id"])
    with service.records.transaction():
        if service.records.execute("DELETE FROM jobs WHERE id = ?", job["id"]) == 0:
            return  # the image was deleted meanwhile
        service.records.execute(
            "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            str(uuid.uuid4()),
            *place,
            is_ok,
            to_json(result),
            to_json(parameter),
            now,
        )
        if is_billed:
            service.records.execute(
                "INSERT INTO transactions (image_id, run_id, version_id, created)"
                " VALUES (?, ?, ?, ?)",
                *place,
                now,
            )
        queue_when_finished(service, job["image_id"], job["run_id"])


def mask_key(image_id: str, version_id: int, space: str) -> str:
    # The anonymised picture has the original's pixels, so their masks are the same.
    name = "aligned_face" if space == "aligned_face" else "original"
    return f"masks/{image_id}/{version_id}/{name}"


def picture_key(image_id: str, space: str) -> str:
    """Key of a v3 ``predicted_images`` entry."""
    return f"images/{image_id}/{space}"


def _shape_result(
    algorithm: Algorithm, measured: Measurement, image_type: str, prepared: PreparedImage
) -> dict[str, Any]:
    assert prepared.picture is not None
    aligned = prepared.aligned
    size = (prepared.picture.width, prepared.picture.height)
    restored = None if aligned is None else (aligned.size, aligned.matrix)
    return shape_v1(algorithm, measured, image_type, size, restored)


def _write_pictures(service: Service, run: Row, prepared: PreparedImage) -> None:
    """The pictures an application makes of an image, once."""
    application = run_application(run)
    if application.purpose == "simulation":
        _write_prediction(service, run, prepared)
    elif application.generation == "v3":
        _write_v3_pictures(service, prepared)
    elif prepared.aligned is not None:
        kind = f"selfie_{prepared.side}_face_restored_rgba"
        _write_aux(service, run, prepared, kind, meta={})


def _write_prediction(service: Service, run: Row, prepared: PreparedImage) -> None:
    _write_aux(
        service,
        run,
        prepared,
        "product_effect_predicted",
        meta={"prompt": {"name": "Practice product"}, "is_predicted": True},
    )


def _write_aux(
    service: Service, run: Row, prepared: PreparedImage, kind: str, *, meta: dict[str, Any]
) -> None:
    key = f"images/{prepared.image_id}/aux/{kind}"
    if service.objects.find(key) is None:
        assert prepared.picture is not None
        if kind == "product_effect_predicted":
            service.objects.put(key, encode_jpeg(predict_effect(prepared.picture)), "image/jpeg")
        else:
            assert prepared.aligned is not None
            service.objects.put(key, encode_png(_restore(prepared)), "image/png")
    service.records.execute(
        "INSERT OR IGNORE INTO aux_images VALUES (?, ?, ?, ?, ?, ?, ?)",
        str(uuid.uuid4()),
        prepared.image_id,
        run["id"],
        kind,
        key,
        to_json(meta),
        utc_now(),
    )


def _restore(prepared: PreparedImage) -> Pixels:
    """The aligned face, transparent around its outline."""
    aligned, picture = prepared.aligned, prepared.picture
    assert aligned is not None
    assert picture is not None
    alpha = np.zeros(aligned.rgb.shape[:2], np.uint8)
    if picture.face is not None:
        outline = cv2.transform(picture.face.outline[None].astype(np.float64), aligned.matrix)
        cv2.fillPoly(alpha, [np.asarray(outline[0]).round().astype(np.int32)], 255)
    return np.dstack([aligned.rgb, alpha])


def _write_v3_pictures(service: Service, prepared: PreparedImage) -> None:
    key = picture_key(prepared.image_id, "anonymised")
    if prepared.picture is None or service.objects.find(key) is not None:
        return
    if prepared.aligned is not None:
        data = encode_jpeg(prepared.aligned.rgb)
        service.objects.put(picture_key(prepared.image_id, "aligned_face"), data, "image/jpeg")
    service.objects.put(key, encode_jpeg(_anonymise(prepared)), "image/jpeg")


def _anonymise(prepared: PreparedImage) -> Pixels:
    """The picture with a bar over the eyes."""
    assert prepared.picture is not None
    rgb = prepared.picture.rgb.copy()
    face = prepared.picture.face
    eyes = (
        [] if face is None else [face.areas.get(f"{side}_eye_area") for side in ("left", "right")]
    )
    corners = [polygon for polygon in eyes if polygon is not None and len(polygon)]
    if corners:
        points = np.concatenate(corners)
        (left, top), (right, bottom) = points.min(0).astype(int), points.max(0).astype(int)
        cv2.rectangle(rgb, (int(left), int(top)), (int(right), int(bottom)), (0, 0, 0), -1)
    return rgb


def _write_masks(
    service: Service, algorithm: Algorithm, measured: Measurement, prepared: PreparedImage
) -> None:
    assert prepared.picture is not None
    mask = draw_masks(measured, prepared.picture.width, prepared.picture.height)
    if mask is None:
        return
    image_id, aligned = prepared.image_id, prepared.aligned
    original = mask_key(image_id, algorithm.version_id, "original")
    service.objects.put(original, mask.encode(), "image/png")
    if aligned is not None:
        key = mask_key(image_id, algorithm.version_id, "aligned_face")
        moved = mask.aligned(aligned.matrix, *aligned.size)
        service.objects.put(key, moved.encode(), "image/png")

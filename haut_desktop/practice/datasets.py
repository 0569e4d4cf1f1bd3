"""Companies and their datasets."""

import uuid
from typing import Any, Final

from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, answer_nothing, invalid, not_found
from haut_desktop.practice.applications import list_runs, show_run
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.clock import utc_now
from haut_desktop.practice.dictionaries import find_image_type
from haut_desktop.practice.fields import Body, read_boolean, read_integer, read_text
from haut_desktop.practice.pages import answer_page, answer_rows
from haut_desktop.practice.records import Row
from haut_desktop.practice.service import Service, forget_image

_MAXIMUM_DAYS: Final = 365
_SELFIE_ID: Final = 1


def show_dataset(service: Service, dataset: Row) -> dict[str, Any]:
    image_type = find_image_type(dataset["image_type_id"])
    assert image_type is not None
    runs = list_runs(service, dataset["id"])
    return {
        "id": dataset["id"],
        "company_id": dataset["company_id"],
        "name": dataset["name"],
        "image_type": image_type.show(),
        "image_type_name": image_type.entry.name,
        "image_type_tech_name": image_type.entry.tech_name,
        "connected_applications": [show_run(service, run) for run in runs],
        "expire_images_after_days": dataset["expire_images_after_days"],
        "expire_metadata_after_days": dataset["expire_metadata_after_days"],
        "clean_images_as_soon_as_ready": bool(dataset["clean_images_as_soon_as_ready"]),
        "custom_branding": dataset["custom_branding"],
        "author_id": dataset["author_id"],
        "creation_time": service.format_time(dataset["created"]),
    }


def _read_fields(body: Body, *, is_new: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if is_new or "name" in body:
        fields["name"] = read_text(body, "name")
    if is_new or "image_type_id" in body:
        image_type_id = read_integer(body, "image_type_id") or _SELFIE_ID
        if find_image_type(image_type_id) is None:
            raise invalid("image_type_id", "Object does not exist.", "does_not_exist")
        fields["image_type_id"] = image_type_id
    for name in ("expire_images_after_days", "expire_metadata_after_days"):
        if name in body:
            fields[name] = read_integer(body, name, minimum=1, maximum=_MAXIMUM_DAYS)
    if "clean_images_as_soon_as_ready" in body:
        fields["clean_images_as_soon_as_ready"] = read_boolean(
            body, "clean_images_as_soon_as_ready"
        )
    if "custom_branding" in body:
        fields["custom_branding"] = read_integer(body, "custom_branding")
    return fields


def create_dataset(service: Service, account: Row, fields: dict[str, Any]) -> Row:
    dataset_id = str(uuid.uuid4())
    service.records.insert(
        "datasets",
        id=dataset_id,
        company_id=account["company_id"],
        author_id=account["id"],
        created=utc_now(),
        **fields,
    )
    return _get(service, dataset_id)


def _get(service: Service, dataset_id: str) -> Row:
    dataset = service.records.fetch_one("SELECT * FROM datasets WHERE id = ?", dataset_id)
    assert dataset is not None
    return dataset


def _create(call: Call) -> Response:
    call.company()
    fields = _read_fields(call.body(), is_new=True)
    dataset = create_dataset(call.service, call.user(), fields)
    return answer_json(show_dataset(call.service, dataset), 201)


def _list(call: Call) -> Response:
    return answer_page(
        call,
        "SELECT * FROM datasets WHERE company_id = ?",
        call.company(),
        show=lambda dataset: show_dataset(call.service, dataset),
        ordering={"name": "name", "creation_time": "created"},
        search="name",
    )


def _short_list(call: Call) -> Response:
    rows = call.service.records.fetch_all(
        "SELECT id, name FROM datasets WHERE company_id = ?"
        " AND instr(lower(name), lower(?)) > 0 ORDER BY rowid",
        call.company(),
        call.query("q") or "",
    )
    return answer_rows(call, rows)


def _show(call: Call) -> Response:
    return answer_json(show_dataset(call.service, call.dataset()))


def _change(call: Call) -> Response:
    dataset = call.dataset()
    if fields := _read_fields(call.body(), is_new=False):
        call.service.records.update("datasets", dataset["id"], **fields)
    return answer_json(show_dataset(call.service, _get(call.service, dataset["id"])))


def _delete(call: Call) -> Response:
    dataset = call.dataset()
    images = call.service.records.fetch_all(
        "SELECT i.id FROM images i JOIN batches b ON b.id = i.batch_id"
        " JOIN subjects s ON s.id = b.subject_id WHERE s.dataset_id = ?",
        dataset["id"],
    )
    call.service.records.execute("DELETE FROM datasets WHERE id = ?", dataset["id"])
    for image in images:
        forget_image(call.service, image["id"])
    return answer_nothing()


def _list_companies(call: Call) -> Response:
    return answer_page(
        call,
        "SELECT * FROM companies WHERE id = ?",
        call.user()["company_id"],
        show=lambda company: company,
        ordering={"name": "name", "creation_time": "created"},
        search="name",
    )


def _show_company(call: Call) -> Response:
    company = call.service.records.fetch_one("SELECT * FROM companies WHERE id = ?", call.company())
    if company is None:
        raise not_found()
    return answer_json(company)


_DATASETS: Final = "/api/v1/companies/{company_id}/datasets/"
ENDPOINTS: Final = (
    Endpoint("GET", "/api/v1/companies/", _list_companies),
    Endpoint("GET", "/api/v1/companies/{company_id}/", _show_company),
    Endpoint("POST", _DATASETS, _create),
    Endpoint("GET", _DATASETS, _list),
    Endpoint("GET", _DATASETS + "short_list/", _short_list),
    Endpoint("GET", _DATASETS + "{dataset_id}/", _show),
    Endpoint("PATCH", _DATASETS + "{dataset_id}/", _change),
    Endpoint("DELETE", _DATASETS + "{dataset_id}/", _delete),
)

"""Subjects: one real person each, in one dataset; names need not be unique."""

import uuid
from typing import Any, Final

from starlette.responses import Response

from haut_desktop.practice.answers import answer_json, answer_nothing, invalid
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.clock import true_now
from haut_desktop.practice.dictionaries import find_sex, show_sex
from haut_desktop.practice.fields import Body, read_date, read_optional_text, read_text
from haut_desktop.practice.pages import answer_page
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Row, from_json, to_json
from haut_desktop.practice.service import LISTED_LATE_S, Service, forget_image

_SELECT: Final = (
    "SELECT s.*, d.name AS dataset_name, c.id AS company_id, c.name AS company_name"
    " FROM subjects s JOIN datasets d ON d.id = s.dataset_id"
    " JOIN companies c ON c.id = d.company_id"
)


def create_subject(service: Service, dataset: Row, author_id: int, **fields: object) -> Row:
    subject_id = str(uuid.uuid4())
    service.records.insert(
        "subjects",
        **{
            "id": subject_id,
            "dataset_id": dataset["id"],
            "author_id": author_id,
            "created": true_now(),
            **fields,
        },
    )
    return _get(service, subject_id)


def delete_subject(service: Service, subject_id: str) -> None:
    """Delete a subject with its batches, pictures and results."""
    images = service.records.fetch_all(
        "SELECT i.id FROM images i JOIN batches b ON b.id = i.batch_id WHERE b.subject_id = ?",
        subject_id,
    )
    service.records.execute("DELETE FROM subjects WHERE id = ?", subject_id)
    for image in images:
        forget_image(service, image["id"])


def _get(service: Service, subject_id: str) -> Row:
    subject = service.records.fetch_one(f"{_SELECT} WHERE s.id = ?", subject_id)
    assert subject is not None
    return subject


def _show_subject(service: Service, subject: Row) -> dict[str, Any]:
    return {
        "name": subject["name"],
        "birth_date": subject["birth_date"],
        "biological_sex": show_sex(service, subject["biological_sex"]),
        "meta": from_json(subject["meta"]),
        "id": subject["id"],
        "author_id": subject["author_id"],
        "creation_time": service.format_time(subject["created"]),
        "company": {"id": subject["company_id"], "name": subject["company_name"]},
        "dataset": {"id": subject["dataset_id"], "name": subject["dataset_name"]},
        "promote_image_id": None,
    }


def _read_fields(body: Body, *, is_new: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if is_new or "name" in body:
        fields["name"] = read_text(body, "name")
    if "birth_date" in body:
        fields["birth_date"] = read_date(body, "birth_date")
    if "biological_sex" in body:
        fields["biological_sex"] = _read_sex(body)
    if "meta" in body:
        fields["meta"] = to_json(body["meta"])
    return fields


def _read_sex(body: Body) -> str | None:
    text = read_optional_text(body, "biological_sex")
    if text is None:
        return None
    tech_name = find_sex(text)
    if tech_name is None:
        raise invalid("biological_sex", "Object does not exist.", "does_not_exist")
    return tech_name


def _create(call: Call) -> Response:
    dataset = call.dataset()
    fields = _read_fields(call.body(), is_new=True)
    if call.service.has(Quirk.SUBJECT_NAMES_UNIQUE):
        _refuse_taken(call.service, dataset, fields["name"])
    subject = create_subject(call.service, dataset, call.user()["id"], **fields)
    return answer_json(_show_subject(call.service, subject), 201)


def _refuse_taken(service: Service, dataset: Row, name: str) -> None:
    taken = service.records.fetch_one(
        "SELECT id FROM subjects WHERE dataset_id = ? AND name = ?", dataset["id"], name
    )
    if taken is not None:
        raise invalid("name", "Subject with this name already exists.", "unique")


def _list(call: Call) -> Response:
    service = call.service
    lag_s = LISTED_LATE_S if service.has(Quirk.SUBJECTS_LISTED_LATE) else 0.0
    return answer_page(
        call,
        f"{_SELECT} WHERE s.dataset_id = ? AND s.created <= ?",
        call.dataset()["id"],
        true_now() - lag_s,
        show=lambda subject: _show_subject(service, subject),
        ordering={"name": "s.name", "creation_time": "s.created"},
        search=_searched(service),
        table="s",
    )


def _searched(service: Service) -> str | None:
    """The column that ``q`` looks in."""
    if service.has(Quirk.SUBJECT_SEARCH_IGNORED):
        return None
    return "s.id" if service.has(Quirk.SUBJECT_SEARCH_BLIND) else "s.name"


def _show(call: Call) -> Response:
    subject = _get(call.service, call.subject()["id"])
    return answer_json(_show_subject(call.service, subject))


def _change(call: Call) -> Response:
    subject = call.subject()
    if fields := _read_fields(call.body(), is_new=False):
        call.service.records.update("subjects", subject["id"], **fields)
    return answer_json(_show_subject(call.service, _get(call.service, subject["id"])))


def _delete(call: Call) -> Response:
    delete_subject(call.service, call.subject()["id"])
    return answer_nothing()


def _delete_many(call: Call) -> Response:
    dataset, ids = call.dataset(), call.body().get("subjects_ids")
    if not isinstance(ids, list) or not ids:
        raise invalid("subjects_ids", "This field is required.", "required")
    for subject_id in ids:
        row = call.service.records.fetch_one(
            "SELECT id FROM subjects WHERE id = ? AND dataset_id = ?", subject_id, dataset["id"]
        )
        if row is not None:
            delete_subject(call.service, row["id"])
    return answer_nothing()


_SUBJECTS: Final = "/api/v1/companies/{company_id}/datasets/{dataset_id}/subjects/"
ENDPOINTS: Final = (
    Endpoint("POST", _SUBJECTS, _create),
    Endpoint("GET", _SUBJECTS, _list),
    Endpoint("DELETE", _SUBJECTS + "delete/", _delete_many),
    Endpoint("GET", _SUBJECTS + "{subject_id}/", _show),
    Endpoint("PATCH", _SUBJECTS + "{subject_id}/", _change),
    Endpoint("DELETE", _SUBJECTS + "{subject_id}/", _delete),
)

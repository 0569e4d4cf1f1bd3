"""Applications: the list, attaching one to a dataset, and the runs that come of it."""

import uuid
from typing import Any, Final

from starlette.responses import Response

from haut_desktop.practice.algorithms.catalog import Algorithm, Application
from haut_desktop.practice.answers import ContractError, answer_json, invalid, not_found
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.clock import true_now
from haut_desktop.practice.dictionaries import IMAGE_TYPES, find_image_type
from haut_desktop.practice.fields import read_text
from haut_desktop.practice.offer import APPLICATIONS
from haut_desktop.practice.pages import answer_rows
from haut_desktop.practice.records import Row, from_json, to_json
from haut_desktop.practice.service import Service

_IDS: Final = uuid.UUID("2f6a4c83-9a66-4d0c-8a56-6a6f3f2f0b55")
_KNOWN_IDS: Final = {"face_skin_metrics_2.0": "8b5b3acc-480b-4412-8d2c-ebe6ab4384d7"}
_REQUIRED: Final = {"product_effect_simulation": ("face_skin_metrics_2.0",)}
"""A simulation says how metrics would change, so it needs them (a guess)."""
_BY_NAME: Final = {application.tech_name: application for application in APPLICATIONS}
_PUBLISHED: Final = 1_735_689_600.0
_AUTHOR_ID: Final = 1


def application_id(application: Application) -> str:
    known = _KNOWN_IDS.get(application.tech_name)
    return known or str(uuid.uuid5(_IDS, application.tech_name))


def run_application(run: Row) -> Application:
    """The application that a run attached."""
    return _BY_NAME[run["application"]]


def run_algorithms(run: Row) -> tuple[Algorithm, ...]:
    """The algorithms that a run computes: all, or those enabled when it was attached."""
    algorithms = run_application(run).algorithms
    enabled = from_json(run["enabled_algorithms"])
    if not enabled:
        return algorithms
    return tuple(algorithm for algorithm in algorithms if algorithm.tech_name in enabled)


def list_runs(service: Service, dataset_id: str) -> list[Row]:
    return service.records.fetch_all(
        "SELECT * FROM runs WHERE dataset_id = ? ORDER BY rowid", dataset_id
    )


def attach(service: Service, dataset_id: str, tech_name: str, **options: str | None) -> Row:
    """Attach an application; a second time gives the run that is already there."""
    service.records.execute(
        "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?)",
        str(uuid.uuid4()),
        dataset_id,
        tech_name,
        options.get("enabled_algorithms"),
        options.get("algorithms_flags"),
        true_now(),
    )
    run = service.records.fetch_one(
        "SELECT * FROM runs WHERE dataset_id = ? AND application = ?", dataset_id, tech_name
    )
    assert run is not None
    return run


def show_run(service: Service, run: Row) -> dict[str, Any]:
    """A run, as the attach call and ``connected_applications`` show it."""
    application = run_application(run)
    return {
        "id": run["id"],
        "dataset_id": run["dataset_id"],
        "application_id": application_id(application),
        "application_run_id": run["id"],
        "name": application.name,
        "tech_name": application.tech_name,
        "application_name": application.name,
        "application_tech_name": application.tech_name,
        "enabled_algorithms": [algorithm.tech_name for algorithm in run_algorithms(run)],
        "algorithms_flags": from_json(run["algorithms_flags"]),
        "creation_time": service.format_time(run["created"]),
    }


def _show_application(service: Service, application: Application) -> dict[str, Any]:
    image_type = next(t for t in IMAGE_TYPES if t.entry.tech_name == application.image_type)
    return {
        "id": application_id(application),
        "name": application.name,
        "tech_name": application.tech_name,
        "author_id": _AUTHOR_ID,
        "creation_time": service.format_time(_PUBLISHED),
        "image_type": image_type.show(),
        "algorithms_versions": [
            {
                "id": algorithm.version_id,
                "name": algorithm.name,
                "tech_name": algorithm.tech_name,
                "html_description": algorithm.html_description,
            }
            for algorithm in application.algorithms
        ],
        "description": application.description,
        "preview": None,
        "promote_image_url": None,
        "is_enabled": True,
        "algorithms_flags": None,
    }


def _list_applications(call: Call) -> Response:
    call.company()
    query = (call.query("q") or "").lower()
    found = [a for a in APPLICATIONS if query in a.name.lower() or query in a.tech_name]
    if (ordering := call.query("ordering")) in ("name", "-name"):
        found.sort(key=lambda a: a.name, reverse=ordering == "-name")
    rows = [_show_application(call.service, application) for application in found]
    return answer_rows(call, rows, is_paged=True)


def _attach_to_dataset(call: Call) -> Response:
    call.company()
    application = _BY_NAME.get(call.path("tech_name"))
    if application is None:
        raise not_found()
    # The parameter's name is unknown: any true one stands for "attach what is required as well".
    with_required = "true" in (value.lower() for value in call.request.query_params.values())
    body = call.body()
    dataset = _read_dataset(call)
    return _attach_checked(call.service, dataset, application, body, with_required=with_required)


def _create_run(call: Call) -> Response:
    call.company()
    wanted = call.path("application_id")
    application = next((a for a in APPLICATIONS if application_id(a) == wanted), None)
    if application is None:
        raise not_found()
    dataset = _read_dataset(call)
    return _attach_checked(call.service, dataset, application, {}, with_required=False)


def _read_dataset(call: Call) -> Row:
    dataset = call.service.records.fetch_one(
        "SELECT * FROM datasets WHERE id = ? AND company_id = ?",
        read_text(call.body(), "dataset_id"),
        call.company(),
    )
    if dataset is None:
        raise invalid("dataset_id", "Object does not exist.", "does_not_exist")
    return dataset


def _attach_checked(
    service: Service,
    dataset: Row,
    application: Application,
    body: dict[str, Any],
    *,
    with_required: bool,
) -> Response:
    image_type = find_image_type(dataset["image_type_id"])
    if image_type is None or image_type.entry.tech_name != application.image_type:
        raise invalid("dataset_id", "The dataset's image type does not fit the application.")
    attached = {run["application"] for run in list_runs(service, dataset["id"])}
    missing = [n for n in _REQUIRED.get(application.tech_name, ()) if n not in attached]
    if missing and not with_required:
        extra = {"missing_application_tech_names": missing, "missing_algorithms": []}
        detail = "Missing dependencies."
        raise ContractError(400, "missing_dependencies", detail, extra=extra)
    for tech_name in missing:
        attach(service, dataset["id"], tech_name)
    run = attach(
        service,
        dataset["id"],
        application.tech_name,
        enabled_algorithms=to_json(body.get("enabled_algorithms")),
        algorithms_flags=to_json(body.get("algorithms_flags")),
    )
    return answer_json(show_run(service, run), 201)


_APPLICATIONS: Final = "/api/v1/companies/{company_id}/applications/"
ENDPOINTS: Final = (
    Endpoint("GET", _APPLICATIONS, _list_applications),
    Endpoint("POST", _APPLICATIONS + "{tech_name}/attach-to-dataset/", _attach_to_dataset),
    Endpoint("POST", _APPLICATIONS + "{application_id}/runs/", _create_run),
)

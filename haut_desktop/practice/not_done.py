"""What of the platform's contract the practice platform does not do, said in one place.

A client that asks for it reads so, instead of taking a bare 404 for a mistake of its own.
"""

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from haut_desktop.practice.answers import ContractError
from haut_desktop.practice.calls import Call, Endpoint


@dataclass(frozen=True, slots=True)
class NotDone:
    """An endpoint that the platform has and the practice platform only refuses."""

    method: str
    path: str
    instead: str
    """Why, and what a client does instead."""


_UPLOAD: Final = "What the platform answers is not public. Send pictures by v3, or as base64."
_RASTER: Final = "What the platform draws is not public. The results hold the masks."

NOT_DONE: Final = (
    NotDone(
        "POST", "/api/v1/companies/{company_id}/subjects/{subject_id}/signed_upload_url/", _UPLOAD
    ),
    NotDone("POST", "/api/v1/companies/{company_id}/batches/{batch_id}/compute/", _UPLOAD),
    NotDone("POST", "/service/rasterisation/v4/masks/", _RASTER),
    NotDone("POST", "/service/rasterisation/v5/svg_masks/", _RASTER),
    NotDone(
        "GET",
        "/notifications/",
        "What the platform's messages hold is not public. Ask for the results, or set a webhook.",
    ),
)


def _make_endpoint(row: NotDone) -> Endpoint:
    def refuse(_call: Call) -> Response:
        detail = f"The practice platform doesn't do this. {row.instead}"
        raise ContractError(501, "not_implemented", detail)

    return Endpoint(row.method, row.path, refuse, is_public=True)


ENDPOINTS: Final = tuple(_make_endpoint(row) for row in NOT_DONE)

"""What the platform answers: JSON, or errors in the envelope of drf-standardized-errors."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response


class ContractError(Exception):
    """An error that is an answer: a status and the envelope's entry."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        attr: str | None = None,
        extra: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.attr = attr
        self.extra = extra
        self.headers = headers

    def answer(self, *, is_plain: bool = False) -> Response:
        """The error as an answer; a plain one is ``{"detail": …}``."""
        if is_plain:
            return answer_json({"detail": self.detail}, self.status, self.headers)
        entry: dict[str, object] = {"code": self.code, "detail": self.detail, "attr": self.attr}
        if self.extra is not None:
            entry["extra"] = self.extra
        return answer_json({"type": self._type(), "errors": [entry]}, self.status, self.headers)

    def _type(self) -> str:
        if self.status == 400 and self.code != "parse_error":
            return "validation_error"
        return "server_error" if self.status >= 500 else "client_error"


def answer_json(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        msgspec.json.encode(value), status, headers=headers, media_type="application/json"
    )


def answer_nothing() -> Response:
    """204 without a body."""
    return Response(status_code=204)


def not_found() -> ContractError:
    return ContractError(404, "not_found", "Not found.")


def permission_denied() -> ContractError:
    return ContractError(
        403, "permission_denied", "You do not have permission to perform this action."
    )


def invalid(attr: str | None, detail: str, code: str = "invalid") -> ContractError:
    return ContractError(400, code, detail, attr=attr)

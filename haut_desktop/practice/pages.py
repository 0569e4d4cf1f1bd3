"""Lists: pages with count, next and previous, or bare arrays where the contract has them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.responses import Response

from haut_desktop.practice.answers import ContractError, answer_json
from haut_desktop.practice.calls import Call
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Row

# Default and maximum are unknown; a small default makes clients turn pages.
_DEFAULT_SIZE: Final = 10
_MAXIMUM_SIZE: Final = 100


def answer_page(
    call: Call,
    select: str,
    *parameters: object,
    show: Callable[[Row], object],
    ordering: Mapping[str, str],
    search: str | None = None,
    table: str = "",
) -> Response:
    """The asked page of a SELECT with a WHERE; q looks in the search column.

    ordering maps the names a client may ask for to columns; table is the alias whose rows count.
    """
    if search and (query := call.query("q")):
        select += f" AND instr(lower({search}), lower(?)) > 0"
        parameters += (query,)
    records = call.service.records
    total = records.fetch_value(f"SELECT count(*) FROM ({select})", *parameters)  # noqa: S608 - ours
    page, size = _read_number(call, "page", 1), _read_size(call)
    if page > 1 and (page - 1) * size >= total:
        raise ContractError(404, "not_found", "Invalid page.")
    order = _read_ordering(call, ordering, f"{table}.rowid" if table else "rowid")
    rows = records.fetch_all(
        f"{select} ORDER BY {order} LIMIT ? OFFSET ?", *parameters, size, (page - 1) * size
    )
    return answer_json(_page(call, [show(row) for row in rows], page, size, total))


def answer_rows(call: Call, rows: list[Any], *, is_paged: bool = False) -> Response:
    """All rows as a bare array, or as one page when a quirk says so."""
    if not is_paged:
        return answer_json(rows)
    page, size = _read_number(call, "page", 1), _read_size(call)
    begin = (page - 1) * size
    return answer_json(_page(call, rows[begin : begin + size], page, size, len(rows)))


def _page(call: Call, items: list[Any], page: int, size: int, total: int) -> dict[str, object]:
    url = call.request.url
    has_next = page * size < total
    return {
        "count": total,
        "next": str(url.include_query_params(page=page + 1)) if has_next else None,
        "previous": str(url.include_query_params(page=page - 1)) if page > 1 else None,
        "results": items,
    }


def _read_size(call: Call) -> int:
    if call.service.has(Quirk.PAGES_OF_TEN):
        return _DEFAULT_SIZE
    return min(_read_number(call, "page_size", _DEFAULT_SIZE), _MAXIMUM_SIZE)


def _read_number(call: Call, name: str, default: int) -> int:
    text = call.query(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise ContractError(404, "not_found", "Invalid page.")
    return int(text)


def _read_ordering(call: Call, columns: Mapping[str, str], oldest_first: str) -> str:
    """The asked order; as in DRF an unknown field is ignored."""
    asked = call.query("ordering") or ""
    column = columns.get(asked.removeprefix("-"))
    if column is None:
        return oldest_first
    return f"{column} {'DESC' if asked.startswith('-') else 'ASC'}, {oldest_first}"

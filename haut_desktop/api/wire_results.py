"""Results of a batch in v3: whatever parameters arrive, with ready-made mask pictures (§7.4)."""

from collections.abc import Iterator
from typing import Final

import msgspec

from haut_desktop.api.fields import Fields, decode_as, scalar, words_of
from haut_desktop.api.wire import side_of
from haut_desktop.api.wire_catalog import is_simulation
from haut_desktop.api.wire_rows import NO_REASON, WHOLE_AREA
from haut_desktop.domain.analysis import (
    AlgorithmResult,
    AreaResult,
    BatchResults,
    Mask,
    Metric,
    RemotePicture,
    bare_name,
)
from haut_desktop.domain.errors import UnexpectedAnswerError
from haut_desktop.domain.imaging import Side

GUESS_MAIN_KEYS: Final = (
    "score", "age", "eyes_age", "ita", "ita_angle", "ita_value", "density", "amount", "grade",
    "category", "type_label", "tag",
)  # fmt: skip
"""§7.4: which of a v3 parameter's fields is its main value is not said; the parameter's own name
comes first, then the first of these that is there. The others are its finer values."""

GUESS_V3_UNITS: Final = {"density": "‰", "age": "years", "eyes_age": "years", "ita": "°"}
"""§8.2: units as the one working client labels them."""

GUESS_V3_WIDGETS: Final = {"score": "bad_good_line", "density": "density", "ita": "ITA"}
"""§7.2 and §8.2: v3 gives no ``widget_type``; these say which v1 kind a field is like."""

GUESS_V3_NO_VALUES: Final = frozenset({"areas", "masks", "error", "is_ok", "version"})
"""§7.4: fields of a parameter that are not values."""

GUESS_V3_ERROR_KEYS: Final = ("error", "error_message")
"""§12: how v3 reports a failed parameter is unknown; a text under these keys is taken for it."""


def parse_batch_results(call: str, content: bytes) -> BatchResults:
    """Results of a batch (v3): an object keyed by application; whatever parameters arrive."""
    results: list[AlgorithmResult] = []
    pictures: list[RemotePicture] = []
    flags: list[bool] = []
    for key, raw in decode_as(call, content, dict[str, msgspec.Raw]).items():
        value = msgspec.json.decode(raw)
        if not isinstance(value, dict) or not value.keys() & _APPLICATION_KEYS:
            continue
        application = Fields(call, value)
        flags.append(application.get("all_algorithms_calculated") is True)
        pictures.extend(_parse_pictures(application, key))
        results.extend(_parse_parameters(call, key, bytes(raw)))
    return BatchResults(tuple(results), tuple(pictures), bool(flags) and all(flags), content)


_APPLICATION_KEYS: Final = {"all_algorithms_calculated", "parameters", "predicted_images"}


class _Application(msgspec.Struct):
    parameters: dict[str, msgspec.Raw] | None = None


# made at import, not at first use: msgspec breaks down when two threads learn a class at once
_APPLICATIONS: Final = msgspec.json.Decoder(_Application)


def _parse_parameters(call: str, application: str, raw: bytes) -> Iterator[AlgorithmResult]:
    try:
        parameters = _APPLICATIONS.decode(raw).parameters or {}
    except msgspec.ValidationError as error:
        raise UnexpectedAnswerError(call, "parameters") from error
    for name, part in parameters.items():
        yield _parse_parameter(call, application, name, bytes(part))


def _parse_parameter(call: str, application: str, name: str, raw: bytes) -> AlgorithmResult:
    value = msgspec.json.decode(raw)
    parameter = Fields(call, value if isinstance(value, dict) else {name: value})
    error = parameter.text(*GUESS_V3_ERROR_KEYS)
    is_ok = not error and parameter.get("is_ok") is not False and value is not None
    areas = [_values_area(WHOLE_AREA, name, parameter)]
    inner = parameter.part("areas")
    areas += [_values_area(area, name, inner.part(area)) for area in inner]
    return AlgorithmResult(
        algorithm=bare_name(name),
        version=parameter.text("version"),
        version_id=parameter.integer("algorithm_version_id"),
        name=words_of(bare_name(name)),
        application=application,
        side=Side.FRONT,
        is_ok=is_ok,
        error="" if is_ok else error or NO_REASON,
        areas=tuple(area for area in areas if area.main is not None) if is_ok else (),
        masks=tuple(_parse_raster_masks(name, parameter)) if is_ok else (),
        raw=raw,
    )


def _values_area(area: str, parameter: str, fields: Fields) -> AreaResult:
    """All plain values of a parameter, or of one of its areas, the most telling one first."""
    values = {
        key: value
        for key in fields
        if key not in GUESS_V3_NO_VALUES and (value := scalar(fields.get(key))) is not None
    }
    order = (parameter, *GUESS_MAIN_KEYS)
    keys = sorted(values, key=lambda key: order.index(key) if key in order else len(order))
    metrics = [_value_metric(key, values[key]) for key in keys]
    return AreaResult(area, metrics[0] if metrics else None, tuple(metrics[1:]))


def _value_metric(key: str, value: float | str) -> Metric:
    widget = "category" if isinstance(value, str) else GUESS_V3_WIDGETS.get(key, "numeric")
    return Metric(key, words_of(key), value, GUESS_V3_UNITS.get(key), widget)


def _parse_raster_masks(name: str, parameter: Fields) -> Iterator[Mask]:
    for side, space, url in _addresses(parameter.part("masks")):
        yield Mask(f"{bare_name(name)}_mask", side, space, raster_url=url)


def _parse_pictures(application: Fields, key: str) -> Iterator[RemotePicture]:
    """The pictures masks lie on; ``predicted_images`` of a metrics application are not predicted.

    The platform calls them so because its models cut them out; only a simulation's are predictions.
    """
    for side, space, url in _addresses(application.part("predicted_images")):
        yield RemotePicture(side, space, url, is_simulation(key), space)


def _addresses(sides: Fields) -> Iterator[tuple[Side, str, str]]:
    for side in sides:
        spaces = sides.part(side)
        for space in spaces:
            if url := spaces.text(space):
                yield side_of(side), space, url

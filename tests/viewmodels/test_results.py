"""The results' words, table, layers and trend, and the page's state."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

import pytest
import pytest_asyncio
from PySide6.QtGui import QColor, QImage
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from haut_desktop.domain.analysis import Change, Completeness, Metric, MetricKey
from haut_desktop.domain.errors import HautError, StoreBusyError
from haut_desktop.domain.imaging import ImageType, Side
from haut_desktop.domain.subjects import SubjectStatus
from haut_desktop.domain.trends import Occasion, trends
from haut_desktop.services.changes import Change as News
from haut_desktop.services.changes import Changes, Topic
from haut_desktop.services.results import ResultPicture, Results
from haut_desktop.services.results_masks import MasksAway
from haut_desktop.services.results_order import UNKNOWN
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.outbox import PageState
from haut_desktop.viewmodels.results import ResultsViewModel, Sight
from haut_desktop.viewmodels.results_html import sanitised
from haut_desktop.viewmodels.results_images import decode_mask, decode_picture
from haut_desktop.viewmodels.results_picture import PALETTE, layers
from haut_desktop.viewmodels.results_table import MetricColumn, MetricsModel, metric_lines
from haut_desktop.viewmodels.results_trends import trend_picture
from haut_desktop.viewmodels.results_words import (
    awaited_words,
    change_words,
    failure_words,
    key_words,
    state_explanation,
    value_words,
)
from tests.fakes.builders import make_study, make_subject
from tests.viewmodels.findings import (
    FakeResults,
    in_two_lights,
    make_findings,
    make_result,
    png,
    square,
)
from tests.waiting import emitted, eventually

SECOND = timedelta(seconds=1)
_FSM3 = "face_skin_metrics_3"
_HERE = frozenset({(Side.FRONT, "regular", "original")})
_ELSEWHERE = frozenset({(Side.FRONT, "regular", "aligned_face")})
_OTHER_LIGHT = frozenset({(Side.FRONT, "uv", "original")})


@dataclass
class Reading:
    """The view model with the fakes behind it."""

    results: FakeResults
    desk: Desk
    model: ResultsViewModel
    changes: Changes
    tasks: TaskScope

    async def open(self) -> None:
        self.desk.open_subject(make_subject(make_study()))
        await eventually(lambda: self.model.state is not PageState.LOADING)


@pytest_asyncio.fixture
async def reading(qtbot: QtBot) -> AsyncIterator[Reading]:
    errors: list[HautError] = []
    results, changes, desk = FakeResults(), Changes(), Desk("Europe/Berlin")
    tasks = TaskScope("test", errors.append)
    model = ResultsViewModel(
        results=cast(Results, results), desk=desk, changes=changes, tasks=tasks
    )
    yield Reading(results, desk, model, changes, tasks)
    model.close()
    await tasks.aclose()
    assert not errors


# ---- words


@pytest.mark.parametrize(
    ("metric", "words"),
    (
        (Metric("score", "Score", 83.0, widget="bad_good_line"), "83\u202f/ 100"),
        (Metric("ita", "ITA", 14.23, "deg", "ITA"), "14.2°"),
        (Metric("amount", "Amount", 1455.0), "1,455"),
        (Metric("density", "Density", 0.25, "‰"), "0.25\u202f‰"),
        (Metric("type", "Type", "Oily", widget="category"), "Oily"),
    ),
)
def test_a_value_carries_its_unit(metric: Metric, words: str) -> None:
    assert value_words(metric) == words


@pytest.mark.parametrize(
    ("change", "words"),
    (
        (Change(3.1, "Baseline", True), "▲ +3.1 better"),
        (Change(-3.0, "Baseline", True), "▼ −3 worse"),
        (Change(4.0, "Baseline", None), "▲ +4"),
        (Change(0.0, "Baseline", True), "= no change"),
        (None, ""),
    ),
)
def test_a_change_is_told_by_arrow_and_word(change: Change | None, words: str) -> None:
    assert change_words(change) == words


def test_a_missing_face_says_what_to_do() -> None:
    title, todo = failure_words(make_result(error="No face detected"))
    assert title == "No face was found"
    assert "Take it again" in todo


def test_an_unknown_failure_is_shown_in_the_platforms_words() -> None:
    assert failure_words(make_result(error="Lens cap on"))[0] == "Lens cap on"


@pytest.mark.parametrize(
    "state", (Completeness.PENDING, Completeness.PARTIAL, Completeness.OVERDUE)
)
def test_an_unfinished_analysis_is_explained(state: Completeness) -> None:
    assert state_explanation(state)


@pytest.mark.parametrize(
    ("names", "words"),
    (
        ((), ""),
        (("acne",), "Still awaited: Acne."),
        (("acne", "Pores"), "Still awaited: Acne and Pores."),
        (tuple("abcdef"), "Still awaited: A, B, C, D and 2 more."),
    ),
)
def test_what_is_awaited_is_named(names: tuple[str, ...], words: str) -> None:
    assert awaited_words(names) == words


def test_a_description_keeps_its_text_and_loses_what_could_reach_out() -> None:
    html = '<p onclick="x()">Red <b>skin</b><img src="http://x"><a href="http://x">more</a></p>'
    assert sanitised(html + "<script>x()</script>") == "<p>Red <b>skin</b>more</p>"


# ---- table


def test_an_algorithm_opens_to_its_finer_metrics_and_areas() -> None:
    (line,) = metric_lines([make_result()], Side.FRONT, {})
    assert (line.name, line.area, line.value) == ("Redness", "Face", "70\u202f/ 100")
    assert [(c.name, c.area) for c in line.children] == [("Spots", "Face"), ("Redness", "Nose")]


def test_scores_stand_under_each_other_with_the_decimals_that_one_of_them_needs() -> None:
    whole, broken = make_result("redness", 76.0), make_result("pores", 74.8)
    lines = metric_lines([whole, broken], Side.FRONT, {})
    assert [line.value for line in lines] == ["76.0\u202f/ 100", "74.8\u202f/ 100"]
    (line,) = metric_lines([whole], Side.FRONT, {})
    assert line.value == "76\u202f/ 100"


def test_a_change_of_a_score_has_the_decimals_of_the_scores() -> None:
    whole, broken = make_result("redness", 76.0), make_result("pores", 74.8)
    key = MetricKey("redness", "1.0", "face", "redness_score", Side.FRONT)
    changes = {key: Change(2.0, "Baseline", True)}
    assert metric_lines([whole, broken], Side.FRONT, changes)[0].change == "▲ +2.0 better"
    assert metric_lines([whole], Side.FRONT, changes)[0].change == "▲ +2 better"


def test_two_versions_stand_side_by_side() -> None:
    results = [make_result(version="1.0"), make_result(version="2.0")]
    assert [line.version for line in metric_lines(results, Side.FRONT, {})] == ["1.0", "2.0"]


def test_several_applications_have_headings() -> None:
    results = [make_result(), make_result(application=_FSM3)]
    lines = metric_lines(results, Side.FRONT, {})
    assert [line.name for line in lines if line.is_section] == [
        "Face skin metrics 2.0",
        "Face skin metrics 3",
    ]


def test_another_sides_results_are_not_listed() -> None:
    assert metric_lines([make_result(side=Side.LEFT)], Side.FRONT, {}) == ()


def test_a_failed_algorithm_stays_in_the_table() -> None:
    (line,) = metric_lines([make_result(error="No face detected")], Side.FRONT, {})
    assert (line.value, bool(line.failure)) == ("No face was found", True)


def test_the_table_keeps_qts_rules(qtmodeltester: ModelTester) -> None:
    model = MetricsModel()
    results = [make_result(), make_result("pores", application=_FSM3)]
    model.show(metric_lines(results, Side.FRONT, {}))
    qtmodeltester.check(model)  # type: ignore[no-untyped-call] # pytest-qt has no types here


# ---- layers and pictures


def test_all_masks_of_a_result_are_one_layer() -> None:
    lines = make_result("lines", masks=(square("deep_lines_mask"), square("fine_lines_mask")))
    visit = make_findings(lines)
    (layer,) = layers(visit.masks, visit.pictures[0])
    assert (layer.name, len(layer.masks)) == ("Lines", 2)


def test_masks_of_another_space_do_not_lie_on_the_picture() -> None:
    visit = make_findings(make_result(masks=(square(space="restored"),)))
    assert layers(visit.masks, visit.pictures[0]) == ()


def test_nothing_lies_on_a_predicted_picture() -> None:
    visit = make_findings(make_result(masks=(square(),)))
    predicted = ResultPicture(Side.FRONT, "original", "key", is_predicted=True)
    assert layers(visit.masks, predicted) == ()


def test_layers_of_one_application_have_short_names_and_no_heading() -> None:
    visit = make_findings(make_result(masks=(square(),)), make_result("pores", masks=(square(),)))
    shown = layers(visit.masks, visit.pictures[0])
    assert [(layer.name, layer.group) for layer in shown] == [("Redness", ""), ("Pores", "")]


def test_a_mask_keeps_its_colour_whatever_has_arrived() -> None:
    found = make_findings(
        make_result("redness", masks=(square(),)), make_result("pores", masks=(square("pores"),))
    )
    redness, pores = (replace(mask, place=n) for mask, n in zip(found.masks, (0, 3), strict=True))
    picture = found.pictures[0]
    both = {layer.id: layer.colour for layer in layers((redness, pores), picture)}
    alone = {layer.id: layer.colour for layer in layers((pores,), picture)}
    assert alone.items() <= both.items()
    assert len(set(both.values())) == 2


@pytest.mark.parametrize("places", [range(23), (0, 8), (UNKNOWN,) * 12, (3, 3)])
def test_masks_that_are_shown_together_have_colours_of_their_own(places: Sequence[int]) -> None:
    words = [f"measure_{number}" for number in range(len(places))]
    results = [
        make_result(word, application=("one", "two")[number % 2], masks=(square(word),))
        for number, word in enumerate(words)
    ]
    found = make_findings(*results)
    masks = [replace(mask, place=n) for mask, n in zip(found.masks, places, strict=True)]
    shown = layers(masks, found.pictures[0])
    assert len({layer.colour for layer in shown}) == len(places)


def test_of_more_masks_than_colours_the_first_in_the_lists_keep_theirs() -> None:
    words = [f"measure_{number}" for number in range(len(PALETTE) + 6)]
    found = make_findings(*(make_result(word, masks=(square(word),)) for word in words))
    masks = [replace(mask, place=n) for n, mask in enumerate(found.masks)]
    shown = layers(masks[::-1], found.pictures[0])
    by_name = {layer.masks[0].place: layer.colour for layer in shown}
    assert [by_name[place] for place in range(len(PALETTE))] == list(PALETTE)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Score", "Redness, face"),
        ("Redness", "Redness, face"),
        ("Redness score", "Redness score, face"),
        ("Spots", "Redness: Spots, face"),
    ],
)
def test_a_trends_title_names_the_measure_once(name: str, title: str) -> None:
    assert key_words(MetricKey("redness", "1.0", "face", "score", Side.FRONT), name) == title


@pytest.mark.parametrize(
    ("side", "title"),
    [
        (Side.LEFT, "Redness, face, left view"),
        (Side.OTHER, "Redness, face, other view"),
    ],
)
def test_a_trend_names_its_side_as_the_outbox_does(side: Side, title: str) -> None:
    assert key_words(MetricKey("redness", "1.0", "face", "score", side), "Redness") == title


def test_a_trend_names_the_light_where_it_is_not_the_usual_one() -> None:
    key = MetricKey("redness", "1.0", "face", "score", Side.LEFT, "cross_polarised")
    assert key_words(key, "Redness") == "Redness, face, left view, cross polarised light"


async def test_what_was_submitted_is_seen_at_once(reading: Reading) -> None:
    reading.model.start()
    await reading.open()
    assert reading.model.state is PageState.EMPTY
    reading.results.found = (make_findings(completeness=Completeness.PENDING),)
    reading.changes.send(News(Topic.OUTBOX))
    await eventually(lambda: reading.model.state is PageState.READY)


def test_layers_are_grouped_by_application_and_told_apart_by_version() -> None:
    results = (
        make_result(version="1.0", masks=(square(),)),
        make_result(version="2.0", masks=(square(),)),
        make_result(version="2.0", application=_FSM3, masks=(square(),)),
    )
    visit = make_findings(*results)
    shown = layers(visit.masks, visit.pictures[0])
    assert [(layer.name, layer.group) for layer in shown] == [
        ("Redness 1.0", "Face skin metrics 2.0"),
        ("Redness 2.0", "Face skin metrics 2.0"),
        ("Redness", "Face skin metrics 3"),
    ]


def test_a_mask_names_its_version_where_the_table_has_another_without_a_mask() -> None:
    visit = make_findings(
        make_result(version="1.0"),
        make_result(version="2.0", masks=(square(),)),
        make_result("pores", masks=(square("pores"),)),
    )
    results = [stored.result for stored in visit.results]
    shown = layers(visit.masks, visit.pictures[0], results)
    assert [layer.name for layer in shown] == ["Redness 2.0", "Pores"]


def test_bytes_that_are_no_picture_decode_to_nothing() -> None:
    assert decode_picture(b"<html>") is None


def test_a_raster_without_transparency_is_painted_by_its_brightness() -> None:
    white, black = (
        decode_mask(png(colour="#fff"), "#ff0000"),
        decode_mask(png(colour="#000"), "#f00"),
    )
    assert _pixel(white) == (255, 255)
    assert _pixel(black)[1] == 0


def _pixel(image: QImage | None) -> tuple[int, int]:
    """Red and opacity of a mask's first pixel."""
    assert image is not None
    colour: QColor = image.pixelColor(1, 1)
    return colour.red(), colour.alpha()


# ---- view model


async def test_the_newest_visit_is_shown_first(reading: Reading) -> None:
    reading.results.found = (make_findings(make_result()), make_findings(visit="Week 4", weeks=4))
    await reading.open()
    assert [chip.name for chip in reading.model.chips()] == ["Baseline", "Week 4"]
    assert reading.model.index == 1


async def test_a_subject_without_results_has_an_empty_page(reading: Reading) -> None:
    await reading.open()
    await eventually(lambda: reading.model.state is PageState.EMPTY)
    assert reading.model.visit is None


async def test_a_failed_read_is_shown(reading: Reading) -> None:
    reading.results.trouble = StoreBusyError()
    await reading.open()
    assert reading.model.state is PageState.FAILED


async def test_change_is_shown_from_the_second_visit_on(reading: Reading) -> None:
    later = make_findings(make_result(value=73.5), visit="Week 4", weeks=4)
    reading.results.found = (make_findings(make_result(value=70.0)), later)
    await reading.open()
    cell = reading.model.metrics.index(0, MetricColumn.CHANGE)
    assert cell.data() == "▲ +3.5 better"
    reading.model.choose_visit(0)
    assert reading.model.metrics.index(0, MetricColumn.CHANGE).data() == ""


async def test_the_trend_breaks_where_a_visit_has_no_value(reading: Reading) -> None:
    reading.results.found = (
        make_findings(make_result()),
        make_findings(make_result(error="No face detected"), visit="Week 4", weeks=4),
        make_findings(make_result(value=80.0), visit="Week 8", weeks=8),
    )
    await reading.open()
    reading.model.choose_line(reading.model.metrics.line_at(reading.model.metrics.index(0, 0)))
    trend = reading.model.trend()
    assert trend is not None
    (line,) = trend.lines
    assert line.pieces == (((0, 70.0),), ((2, 80.0),))


async def test_versions_are_lines_of_their_own_in_one_plot(reading: Reading) -> None:
    reading.results.found = (
        make_findings(make_result(version="1.0")),
        make_findings(make_result(version="2.0"), visit="Week 4", weeks=4),
    )
    await reading.open()
    reading.model.choose_line(reading.model.metrics.line_at(reading.model.metrics.index(0, 0)))
    trend = reading.model.trend()
    assert trend is not None
    assert [line.version for line in trend.lines] == ["1.0", "2.0"]


async def test_the_picture_and_its_layers_are_shown(reading: Reading) -> None:
    reading.results.found = (make_findings(make_result(masks=(square(),))),)
    async with emitted(reading.model.sight_changed) as emission:
        await reading.open()
    (sight,) = emission.args
    assert isinstance(sight, Sight)
    assert sight.image is not None
    assert [layer.name for layer in sight.layers] == ["Redness"]


async def test_a_picture_that_is_not_here_leaves_the_numbers(reading: Reading) -> None:
    reading.results.found = (make_findings(make_result()),)
    reading.results.data = None
    async with emitted(reading.model.sight_changed) as emission:
        await reading.open()
    assert emission.args == (Sight(None, "Baseline/original"),)
    assert reading.model.metrics.rowCount() == 1


async def test_news_of_the_subject_are_read_again(reading: Reading) -> None:
    await reading.open()
    reading.results.found = (make_findings(make_result()),)
    subject = reading.desk.subject
    assert subject is not None
    reading.changes.send(News(Topic.RESULTS, frozenset({subject.id})))
    await eventually(lambda: reading.model.state is PageState.READY)
    assert len(reading.model.visits) == 1


async def test_visits_made_elsewhere_are_looked_for_once(reading: Reading) -> None:
    await reading.open()
    reading.model.start()
    reading.model.start()
    await eventually(lambda: reading.results.discovered)
    assert len(reading.results.discovered) == 1


async def test_batches_of_one_visit_name_their_kind_of_picture(reading: Reading) -> None:
    face = replace(make_findings(make_result()), image_type=ImageType.SELFIE)
    skin = replace(face, image_type=ImageType.SKIN)
    alone = replace(make_findings(make_result(), visit="Week 4"), image_type=ImageType.SKIN)
    reading.results.found = (face, skin, alone)
    await reading.open()
    assert [chip.kind for chip in reading.model.chips()] == ["Face", "Skin", ""]


async def test_an_unfinished_visit_names_what_is_awaited(reading: Reading) -> None:
    found = make_findings(make_result(), completeness=Completeness.OVERDUE)
    reading.results.found = (replace(found, awaited=("Pores",)),)
    await reading.open()
    phrase, explanation = reading.model.note
    assert phrase.text == "Overdue"
    assert explanation.endswith("Still awaited: Pores.")


@pytest.mark.parametrize(
    ("state", "away", "words"),
    (
        (Completeness.PENDING, MasksAway(), "Fetching the masks…"),
        (Completeness.PARTIAL, MasksAway(), "Fetching the masks…"),
        (Completeness.COMPLETE, MasksAway(_HERE, is_being_fetched=True), "Fetching the masks…"),
        (Completeness.COMPLETE, MasksAway(), "No masks lie on this picture."),
        (Completeness.OVERDUE, MasksAway(), "No masks lie on this picture."),
        (Completeness.COMPLETE, MasksAway(_ELSEWHERE), "No masks lie on this picture."),
        (Completeness.COMPLETE, MasksAway(_OTHER_LIGHT), "No masks lie on this picture."),
        (
            Completeness.COMPLETE,
            MasksAway(_HERE),
            "The masks could not be fetched. “Look again” (F5) asks for them once more.",
        ),
    ),
)
async def test_a_picture_without_masks_says_why(
    reading: Reading, state: Completeness, away: MasksAway, words: str
) -> None:
    found = replace(make_findings(make_result(), completeness=state), masks_away=away)
    reading.results.found = (found,)
    await reading.open()
    assert reading.model.masks_note == words


async def test_nothing_is_said_where_masks_lie_on_the_picture(reading: Reading) -> None:
    found = make_findings(make_result(masks=(square(),)), completeness=Completeness.PARTIAL)
    reading.results.found = (found,)
    await reading.open()
    assert reading.model.masks_note == ""


# ---- several lights


async def test_each_light_of_a_side_has_its_own_picture_masks_and_values(reading: Reading) -> None:
    reading.results.found = (in_two_lights(),)
    await reading.open()
    model = reading.model
    assert model.lights == ("regular", "uv")
    seen = {}
    for light in model.lights:
        async with emitted(model.sight_changed) as emission:
            model.choose_light(light)
        (sight,) = emission.args
        assert isinstance(sight, Sight)
        values = [model.metrics.index(n, 2).data() for n in range(model.metrics.rowCount())]
        laid = [mask.result.light for layer in sight.layers for mask in layer.masks]
        seen[light] = (sight.picture_id, laid, values)
    assert seen == {
        "regular": ("Baseline/original", ["regular"], ["70\u202f/ 100"]),
        "uv": ("Baseline/uv", ["uv"], ["20\u202f/ 100"]),
    }


async def test_a_light_is_compared_and_drawn_with_itself(reading: Reading) -> None:
    reading.results.found = (in_two_lights(), in_two_lights(visit="Week 4", weeks=4, uv=26.0))
    await reading.open()
    reading.model.choose_light("uv")
    first = reading.model.metrics.index(0, 0)
    assert first.siblingAtColumn(MetricColumn.CHANGE).data() == "▲ +6 better"
    reading.model.choose_line(reading.model.metrics.line_at(first))
    trend = reading.model.trend()
    assert trend is not None
    assert [line.pieces for line in trend.lines] == [(((0, 20.0), (1, 26.0)),)]
    assert trend.title == "Redness, face, UV light"


async def test_a_light_stays_over_visits_that_have_it(reading: Reading) -> None:
    alone = make_findings(make_result(), visit="Week 8", weeks=8)
    reading.results.found = (in_two_lights(), in_two_lights(visit="Week 4", weeks=4), alone)
    await reading.open()
    seen = []
    for place in (1, 0, 2):
        reading.model.choose_visit(place)
        reading.model.choose_light(reading.model.lights[-1]) if place == 1 else None
        seen.append(reading.model.light)
    assert seen == ["uv", "uv", "regular"]


# ---- another subject


async def test_nothing_of_the_subject_before_is_shown_under_the_next_ones_name(
    reading: Reading,
) -> None:
    reading.results.found = (make_findings(make_result(masks=(square(),))),)
    await reading.open()
    reading.model.choose_line(reading.model.metrics.line_at(reading.model.metrics.index(0, 0)))
    reading.results.found = (make_findings(completeness=Completeness.PENDING, spaces=()),)
    async with (
        emitted(reading.model.sight_changed) as sights,
        emitted(reading.model.trend_changed) as drawn,
        emitted(reading.model.about_changed) as abouts,
    ):
        reading.desk.open_subject(make_subject(make_study(), "B-002"))
        assert sights.calls[-1] == (Sight(None),)
        assert drawn.calls[-1] == (None,)
        assert abouts.calls[-1] == (None, "")
        assert reading.model.metrics.rowCount() == 0


async def test_a_picture_that_comes_late_is_not_shown_under_the_next_ones_name(
    reading: Reading,
) -> None:
    reading.results.found = (make_findings(make_result()),)
    reading.results.gate.clear()
    await reading.open()
    await eventually(lambda: reading.results.asked)
    reading.model.choose_line(reading.model.metrics.line_at(reading.model.metrics.index(0, 0)))
    reading.results.found = ()
    async with (
        emitted(reading.model.sight_changed) as sights,
        emitted(reading.model.about_changed) as abouts,
    ):
        reading.desk.open_subject(make_subject(make_study(), "B-002"))
        reading.results.gate.set()
        await eventually(lambda: not reading.tasks.running())
    assert all(call == (Sight(None),) for call in sights.calls)
    assert all(call == (None, "") for call in abouts.calls)


async def test_a_picture_that_comes_late_is_not_shown_under_the_next_visits_name(
    reading: Reading,
) -> None:
    reading.results.found = (make_findings(make_result()), make_findings(visit="Week 4", weeks=4))
    reading.results.gate.clear()
    await reading.open()
    await eventually(lambda: reading.results.asked == ["Week 4/original"])
    async with emitted(reading.model.sight_changed) as sights:
        reading.model.choose_visit(0)
        reading.results.gate.set()
        await eventually(lambda: not reading.tasks.running())
    shown = [sight for (sight,) in sights.calls if isinstance(sight, Sight)]
    assert [sight.picture_id for sight in shown if sight.image] == ["Baseline/original"]


async def test_the_picture_of_the_visit_before_goes_while_the_next_ones_is_fetched(
    reading: Reading,
) -> None:
    masked = make_findings(make_result(masks=(square(),)))
    reading.results.found = (masked, make_findings(visit="Week 4", weeks=4))
    async with emitted(reading.model.sight_changed):
        await reading.open()
    reading.results.gate.clear()
    async with emitted(reading.model.sight_changed) as sights:
        reading.model.choose_visit(0)
    coming = layers(masked.masks, masked.pictures[0])
    assert coming, "the list of masks stays, and so does the place in it"
    assert sights.args == (Sight(None, "Baseline/original", coming, is_coming=True),)
    async with emitted(reading.model.sight_changed) as sights:
        reading.results.gate.set()
    (sight,) = sights.args
    assert isinstance(sight, Sight)
    assert (sight.picture_id, sight.image is None, sight.is_coming) == (
        "Baseline/original",
        False,
        False,
    )


async def test_the_picture_that_is_looked_at_stays_while_it_is_read_again(
    reading: Reading,
) -> None:
    reading.results.found = (make_findings(make_result()),)
    async with emitted(reading.model.sight_changed):
        await reading.open()
    reading.results.gate.clear()
    reading.results.asked.clear()
    reading.model.refresh()
    await eventually(lambda: reading.results.asked)
    assert not reading.model._late.isActive()
    reading.results.gate.set()


async def test_news_of_the_open_subject_leave_what_is_looked_at(reading: Reading) -> None:
    reading.results.found = (make_findings(make_result()), make_findings(visit="Week 4", weeks=4))
    await reading.open()
    reading.model.choose_visit(0)
    subject = reading.desk.subject
    assert subject is not None
    states: list[PageState] = []
    reading.model.state_changed.connect(states.append)
    reading.desk.open_subject(replace(subject, status=SubjectStatus.COMPLETED))
    await eventually(lambda: states and not reading.tasks.running())
    assert reading.model.index == 0
    assert PageState.LOADING not in states


async def test_a_trend_goes_on_over_batches_of_other_pictures(reading: Reading) -> None:
    """A visit with faces and skin has two batches; no value of the face is missing between."""
    baseline = make_findings(make_result(value=70.0))
    week_4 = make_findings(make_result(value=80.0), visit="Week 4", weeks=4)
    skin = [
        replace(one, batch=replace(one.batch, created_at=one.batch.created_at + SECOND), results=())
        for one in (baseline, week_4)
    ]
    reading.results.found = (baseline, skin[0], week_4, skin[1])
    await reading.open()
    reading.model.choose_visit(0)
    reading.model.choose_line(reading.model.metrics.line_at(reading.model.metrics.index(0, 0)))
    trend = reading.model.trend()
    assert trend is not None
    assert trend.visits == ("Baseline", "Week 4")
    assert trend.lines[0].pieces == (((0, 70.0), (1, 80.0)),)


async def test_two_batches_of_one_visit_are_no_change_and_no_line(reading: Reading) -> None:
    baseline = make_findings(make_result(value=70.0))
    later = baseline.batch.created_at + SECOND
    other = replace(
        make_findings(make_result(value=40.0)),
        visit=baseline.visit,
        batch=replace(baseline.batch, created_at=later),
    )
    week_4 = make_findings(make_result(value=80.0), visit="Week 4", weeks=4)
    reading.results.found = (baseline, other, week_4)
    await reading.open()
    changed = []
    for index in range(3):
        reading.model.choose_visit(index)
        line = reading.model.metrics.line_at(reading.model.metrics.index(0, 0))
        reading.model.choose_line(line)
        assert line is not None
        changed.append(line.change)
    assert changed[:2] == ["", ""]
    assert "+10" in changed[2]
    trend = reading.model.trend()
    assert trend is not None
    assert trend.lines[0].pieces == (((0, 70.0), (1, 80.0)), ((0, 40.0),))


def test_there_is_nothing_to_draw_where_no_value_is_of_a_listed_visit() -> None:
    found = make_findings(make_result())
    occasion = Occasion("Baseline", found.batch.created_at, (found.results[0].result,))
    lines = trends([occasion])
    assert trend_picture(lines[0].key, lines, (found,)) is not None
    assert trend_picture(lines[0].key, lines, ()) is None

"""What a person's skin shows at a visit: spots, red patches, pimples, lines, pores."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from haut_desktop.practice.pictures.canvas import REACH_UNITS, Canvas, make_noise
from haut_desktop.practice.pictures.head import smoothstep
from haut_desktop.practice.pictures.person import Looks, Person, looks_of

_CHEEKS: Final = ((0.52, 0.22), (0.72, 0.40), (0.44, 0.40), (0.80, 0.16), (0.60, 0.58))
_FOREHEAD: Final = ((-0.32, -0.50), (0.05, -0.42), (0.34, -0.53), (-0.08, -0.58))


@dataclass(frozen=True, slots=True)
class Blemish:
    """A round finding on the surface; the radius in head units, the strength about 0..1.5."""

    theta: float
    y: float
    radius: float
    strength: float


@dataclass(frozen=True, slots=True)
class Crease:
    """A line on the surface through (theta, y) points; the depth about 0..1.5."""

    points: tuple[tuple[float, float], ...]
    depth: float


@dataclass(frozen=True, slots=True)
class Complexion:
    """All findings at one visit."""

    spots: tuple[Blemish, ...]
    red_patches: tuple[Blemish, ...]
    pimples: tuple[Blemish, ...]
    creases: tuple[Crease, ...]
    dark_circles: float


def severity_at(person: Person, visit: int) -> float:
    """How much the skin shows compared with the first visit: it improves or worsens steadily."""
    improves = np.random.default_rng([person.seed, 2]).random() < 0.65
    return float(max(0.25, 1.0 + (visit - 1) * (-0.2 if improves else 0.17)))


def complexion_at(person: Person, visit: int) -> Complexion:
    """The findings; positions stay from visit to visit, strengths and sizes change."""
    # A source of chance for each kind: how many there are of one must not move another.
    spots, patches, pimples, creases, circles = (
        np.random.default_rng([person.seed, 3, kind]) for kind in range(5)
    )
    looks, severity = looks_of(person), severity_at(person, visit)
    return Complexion(
        spots=_spread_spots(spots, severity),
        red_patches=_spread_patches(patches, severity),
        pimples=_spread_pimples(pimples, severity),
        creases=_fold(creases, looks, severity),
        dark_circles=float(circles.uniform(0.3, 1.0)) * (0.3 + 0.7 * severity),
    )


def _spread_spots(rng: np.random.Generator, severity: float) -> tuple[Blemish, ...]:
    spots: list[Blemish] = []
    wanted = int(rng.integers(14, 25))
    for _ in range(60 * wanted):
        if len(spots) == wanted:
            break
        if rng.random() < 0.72:
            theta = float(rng.choice([-1, 1]) * rng.uniform(0.38, 1.15))
            y = float(rng.uniform(0.16, 0.62))
        else:
            theta, y = float(rng.uniform(-0.55, 0.55)), float(rng.uniform(-0.58, -0.33))
        radius = float(rng.uniform(0.012, 0.026))
        if all(np.hypot((s.theta - theta) * REACH_UNITS, s.y - y) > 0.09 for s in spots):
            spots.append(
                Blemish(theta, y, radius * (0.85 + 0.15 * severity), 0.45 + 0.55 * severity)
            )
    return tuple(spots)


def _spread_patches(rng: np.random.Generator, severity: float) -> tuple[Blemish, ...]:
    patches = []
    for sign in (-1, 1):
        theta, y = _CHEEKS[int(rng.integers(3))]
        strength = float(rng.uniform(0.7, 1.2)) * severity
        patches.append(Blemish(sign * theta, y, float(rng.uniform(0.12, 0.19)), strength))
    if rng.random() < 0.5:
        theta, y = _FOREHEAD[int(rng.integers(4))]
        patches.append(Blemish(theta, y, 0.10, 0.6 * severity))
    return tuple(patches)


def _spread_pimples(rng: np.random.Generator, severity: float) -> tuple[Blemish, ...]:
    wanted = round(float(rng.uniform(2, 9)) * severity)
    places = (*_CHEEKS, *((abs(t), y) for t, y in _FOREHEAD), (0.12, 0.98), (0.28, 0.92))
    found = []
    for _ in range(wanted):
        theta, y = places[int(rng.integers(len(places)))]
        theta = float(rng.choice([-1, 1])) * (theta + float(rng.uniform(-0.1, 0.1)))
        y += float(rng.uniform(-0.06, 0.06))
        found.append(Blemish(theta, y, float(rng.uniform(0.012, 0.02)), 1.0))
    return tuple(found)


def _fold(rng: np.random.Generator, looks: Looks, severity: float) -> tuple[Crease, ...]:
    depth = (0.25 + 0.9 * (looks.age - 22) / 42) * severity
    creases = []
    for y in (-0.56, -0.47, -0.38)[: 1 + (looks.age > 33) + (looks.age > 46)]:
        bend, reach = float(rng.uniform(0.3, 0.9)), float(rng.uniform(0.36, 0.5))
        t = np.linspace(-reach, reach, 24)
        wave = y + 0.02 * np.cos(5 * t + bend) + 0.05 * t**2 + float(rng.uniform(-0.01, 0.01))
        creases.append(Crease(tuple(zip(t.tolist(), wave.tolist(), strict=True)), depth))
    for sign in (-1, 1):
        for k in range(3):
            t = np.linspace(0, 1, 10)
            across = sign * (0.60 + 0.17 * t)
            down = -0.03 + 0.035 * k + (k - 1) * 0.07 * t + 0.02 * t**2
            creases.append(
                Crease(tuple(zip(across.tolist(), down.tolist(), strict=True)), 0.75 * depth)
            )
        t = np.linspace(0, 1, 14)
        across, down = sign * (0.235 + 0.14 * t**1.4), 0.46 + 0.25 * t
        creases.append(
            Crease(tuple(zip(across.tolist(), down.tolist(), strict=True)), 0.25 + 0.8 * depth)
        )
    return tuple(creases)


def paint_skin(canvas: Canvas, person: Person, complexion: Complexion, contrast: float) -> None:
    """Lay the findings on bare skin; `contrast` 1 is daylight, ultraviolet light shows more."""
    looks = looks_of(person)
    rng = np.random.default_rng([person.seed, 4])
    _mottle(canvas, looks, rng)
    _open_pores(canvas, looks, rng)
    paint_findings(canvas, looks, complexion, contrast, rng)


def paint_findings(
    canvas: Canvas,
    looks: Looks,
    complexion: Complexion,
    contrast: float,
    rng: np.random.Generator,
) -> None:
    """Spots, red patches, pimples and lines, without the grain of the skin below."""
    for patch in complexion.red_patches:
        _paint_patch(canvas, patch, looks, rng)
    for spot in complexion.spots:
        _paint_spot(canvas, spot, looks, contrast)
    for pimple in complexion.pimples:
        _paint_pimple(canvas, pimple, looks)
    for crease in complexion.creases:
        paint_crease(canvas, crease, looks)


def _mottle(canvas: Canvas, looks: Looks, rng: np.random.Generator) -> None:
    shape, px = canvas.lab.shape[:2], canvas.px
    strength = np.float32(0.6 + looks.skin[0] / 160)
    broad, middle = make_noise(rng, shape, 0.16 * px), make_noise(rng, shape, 0.05 * px)
    fine = make_noise(rng, shape, 0.011 * px) + make_noise(rng, shape, 0.006 * px)
    canvas.lab[..., 0] += strength * (0.55 * broad + 0.35 * middle + 0.42 * fine)
    canvas.lab[..., 1] += 0.45 * broad + 0.35 * middle
    canvas.lab[..., 2] += 0.35 * middle[:, ::-1]
    side, y = np.abs(canvas.theta), canvas.y
    flush = np.exp(-(((side - 0.58) / 0.32) ** 2) - ((y - 0.30) / 0.22) ** 2)
    flush = flush + 0.9 * np.exp(-((side / 0.13) ** 2) - ((y - 0.40) / 0.14) ** 2)
    canvas.whole.shift(np.asarray(flush, np.float32), (-0.8, 2.0, 0.2))


def _open_pores(canvas: Canvas, looks: Looks, rng: np.random.Generator) -> None:
    count = int(420 + 6 * looks.age)
    sides = rng.choice([-1.0, 1.0], count)
    on_nose = rng.random(count) < 0.35
    theta = np.where(on_nose, rng.normal(0, 0.11, count), sides * rng.normal(0.46, 0.19, count))
    y = np.where(on_nose, rng.uniform(0.18, 0.46, count), rng.normal(0.32, 0.14, count))
    for t, v in zip(theta, y, strict=True):
        window = canvas.window(float(t), float(v), (0.018, 0.018))
        hole = np.exp(-(window.u**2 + window.v**2) / np.float32(rng.uniform(0.0035, 0.0055)) ** 2)
        window.shift(hole, (-0.07 * looks.skin[0], 0.6, 0.4))


def _paint_patch(canvas: Canvas, patch: Blemish, looks: Looks, rng: np.random.Generator) -> None:
    reach = patch.radius * 2.0
    window = canvas.window(patch.theta, patch.y, (reach, reach))
    distance = np.hypot(window.u, window.v * 1.15) / patch.radius
    ragged = distance + 0.12 * make_noise(rng, window.u.shape, 0.05 * window.px)
    alpha = smoothstep(np.asarray(ragged, np.float32), 1.5, 0.5) * np.float32(patch.strength)
    window.shift(alpha, (-1.6, 2.5 + 0.075 * looks.skin[0], 1.0))


def _paint_spot(canvas: Canvas, spot: Blemish, looks: Looks, contrast: float) -> None:
    window = canvas.window(spot.theta, spot.y, (spot.radius * 2, spot.radius * 2))
    distance = np.hypot(window.u, window.v) / np.float32(spot.radius)
    alpha = smoothstep(np.asarray(distance, np.float32), 1.25, 0.7) * np.float32(spot.strength)
    window.shift(alpha * np.float32(contrast), (-3.0 - 0.145 * looks.skin[0], 2.0, 2.0))


def _paint_pimple(canvas: Canvas, pimple: Blemish, looks: Looks) -> None:
    window = canvas.window(pimple.theta, pimple.y, (pimple.radius * 3, pimple.radius * 3))
    distance = np.asarray(np.hypot(window.u, window.v) / pimple.radius, np.float32)
    window.shift(smoothstep(distance, 1.9, 0.5), (-2.5, 4.0 + 0.1 * looks.skin[0], 2.5))
    window.shift(smoothstep(distance, 0.5, 0.0), (4.0, -3.0, 2.0))


def paint_crease(canvas: Canvas, crease: Crease, looks: Looks) -> None:
    """A dark furrow with a lighter edge below it."""
    path = np.asarray(crease.points)
    reach = (
        float(np.ptp(path[:, 0])) / 2 * REACH_UNITS + 0.05,
        float(np.ptp(path[:, 1])) / 2 + 0.06,
    )
    middle = ((path[:, 0].min() + path[:, 0].max()) / 2, (path[:, 1].min() + path[:, 1].max()) / 2)
    window = canvas.window(float(middle[0]), float(middle[1]), reach)
    local = [((a - middle[0]) * REACH_UNITS, b - middle[1]) for a, b in crease.points]
    furrow = window.stroke(local, 0.007)
    edge = window.stroke([(u, v + 0.012) for u, v in local], 0.008)
    depth = crease.depth
    window.shift(furrow, (-0.14 * looks.skin[0] * depth, 1.0 * depth, 0.4 * depth))
    window.shift(edge, (0.035 * looks.skin[0] * depth, 0.0, 0.0))

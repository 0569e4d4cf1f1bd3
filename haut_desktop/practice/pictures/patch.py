"""A drawn patch of forearm skin that fills the picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.pictures.canvas import REACH_UNITS, Canvas, make_noise
from haut_desktop.practice.pictures.complexion import (
    Blemish,
    Complexion,
    paint_findings,
    severity_at,
)
from haut_desktop.practice.pictures.drawing import DrawnPicture, Spot, Truth
from haut_desktop.practice.pictures.person import Person, looks_of

_WIDTH_UNITS = 0.9


def draw_skin(person: Person, *, visit: int = 1, size: int = 1600) -> DrawnPicture:
    """A patch `size` pixels wide and three quarters high; the same arguments, the same pixels."""
    rng = np.random.default_rng([person.seed, 8])
    findings = _find(rng, severity_at(person, visit))
    looks, px = looks_of(person), size / _WIDTH_UNITS
    shape = (round(size * 0.75), size)
    canvas = Canvas(np.full((*shape, 3), looks.skin, np.float32), px, 0.0, 0.0)
    _grain(canvas, rng)
    paint_findings(canvas, looks, findings, 1.0, rng)
    return DrawnPicture(
        _light(canvas, np.random.default_rng([person.seed, visit, 9])),
        Truth(
            None,
            tuple(_place(s, px) for s in findings.spots),
            tuple(_place(p, px) for p in findings.red_patches),
        ),
    )


def _place(blemish: Blemish, px: float) -> Spot:
    return Spot(blemish.theta * REACH_UNITS * px, blemish.y * px, blemish.radius * px)


def _find(rng: np.random.Generator, severity: float) -> Complexion:
    spots: list[Blemish] = []
    for _ in range(400):
        theta = float(rng.uniform(0.07, _WIDTH_UNITS - 0.07)) / REACH_UNITS
        y = float(rng.uniform(0.07, 0.75 * _WIDTH_UNITS - 0.07))
        if len(spots) < 14 and all(np.hypot(s.theta - theta, s.y - y) > 0.1 for s in spots):
            radius = float(rng.uniform(0.010, 0.022)) * (0.85 + 0.15 * severity)
            spots.append(Blemish(theta, y, radius, 0.45 + 0.55 * severity))
    theta, y = float(rng.uniform(0.3, 0.65)), float(rng.uniform(0.2, 0.45))
    patch = Blemish(theta, y, float(rng.uniform(0.10, 0.15)), severity)
    return Complexion(tuple(spots), (patch,), (), (), 0.0)


def _grain(canvas: Canvas, rng: np.random.Generator) -> None:
    """Blotches, and the criss-cross of fine furrows that forearm skin has."""
    shape, px = canvas.lab.shape[:2], canvas.px
    canvas.lab[..., 0] += 0.5 * make_noise(rng, shape, 0.14 * px)
    canvas.lab[..., 1] += 0.4 * make_noise(rng, shape, 0.08 * px)
    whole = canvas.whole
    wobble = 0.006 * make_noise(rng, shape, 0.03 * px)
    for angle in (0.5, 1.45, 2.35):
        across = whole.u * np.cos(angle) + whole.v * np.sin(angle) + wobble
        rows = np.sin(across * (2 * np.pi / 0.011)) + 0.6 * make_noise(rng, shape, 0.012 * px)
        canvas.lab[..., 0] -= 0.40 * np.maximum(rows, 0.0)
    canvas.lab[..., 0] += 0.45 * make_noise(rng, shape, 0.005 * px)


def _light(canvas: Canvas, rng: np.random.Generator) -> NDArray[np.uint8]:
    rgb = np.asarray(cv2.cvtColor(canvas.lab, cv2.COLOR_LAB2RGB), np.float32)
    height, width = rgb.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    roundness = 1.0 - 0.10 * (y + 0.15) ** 2 - 0.03 * (x + 0.2) ** 2
    rgb *= roundness[..., None]
    rgb += rng.standard_normal((height, width, 1), dtype=np.float32) * np.float32(0.0035)
    return np.asarray(np.clip(rgb * 255.0 + 0.5, 0, 255), np.uint8)

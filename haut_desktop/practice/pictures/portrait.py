"""A drawn face in a studio: plain background, plain gown, soft light."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.pictures.canvas import Canvas
from haut_desktop.practice.pictures.complexion import Complexion, complexion_at, paint_skin
from haut_desktop.practice.pictures.drawing import DrawnPicture, Spot, Truth
from haut_desktop.practice.pictures.features import paint_features
from haut_desktop.practice.pictures.head import Plane, View, see
from haut_desktop.practice.pictures.person import Looks, Person, looks_of
from haut_desktop.practice.pictures.studio import Light, light_named, shade, stage

Side = Literal["front", "left", "right"]

_YAW: Final[dict[Side, float]] = {"front": 0.0, "left": -0.62, "right": 0.62}
"""Radians; `left` turns the subject's left cheek to the camera."""
_UNITS_PER_SIZE: Final = 0.335


def draw_face(
    person: Person,
    *,
    side: Side = "front",
    visit: int = 1,
    size: int = 1600,
    light: str = "regular",
) -> DrawnPicture:
    """A portrait `size` pixels wide and a quarter higher; the same arguments, the same pixels."""
    looks, complexion = looks_of(person), complexion_at(person, visit)
    lamp = light_named(light)
    height = round(size * 1.25)
    coarse = see(looks, _YAW[side], (height // 2, size // 2), size * _UNITS_PER_SIZE / 2)
    canvas = _paint(person, visit, size, lamp)
    rgb = _develop(canvas, coarse, looks, (size, height), lamp)
    rng = np.random.default_rng([person.seed, visit, len(side), 7])
    return DrawnPicture(_expose(rgb, rng, lamp), _tell_truth(coarse, looks, complexion))


@lru_cache(maxsize=1)
def _paint(person: Person, visit: int, size: int, lamp: Light) -> Canvas:
    looks, complexion = looks_of(person), complexion_at(person, visit)
    canvas = Canvas.blank(looks.skin, size * _UNITS_PER_SIZE)
    paint_skin(canvas, person, complexion, lamp.spot_contrast)
    paint_features(canvas, looks, complexion.dark_circles, person.seed)
    canvas.lab.flags.writeable = False
    return canvas


def _develop(
    canvas: Canvas, coarse: View, looks: Looks, size: tuple[int, int], lamp: Light
) -> NDArray[np.float32]:
    def enlarge(plane: Plane) -> Plane:
        return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), np.float32)

    lab = canvas.look_up(enlarge(coarse.theta), enlarge(coarse.y))
    lab[..., 1] += np.maximum(lab[..., 1] - looks.skin[1], 0) * np.float32(lamp.red_gain - 1)
    rgb = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32)
    tint, gleam = shade(coarse, lamp)
    rgb *= np.asarray(cv2.resize(tint, size, interpolation=cv2.INTER_LINEAR), np.float32)
    rgb += enlarge(gleam)[..., None]
    return stage(rgb, enlarge(coarse.covered), coarse, looks)


def _expose(rgb: NDArray[np.float32], rng: np.random.Generator, lamp: Light) -> NDArray[np.uint8]:
    picture = lamp.filter(np.clip(rgb, 0.0, 1.0))
    grain = rng.standard_normal((*picture.shape[:2], 1), dtype=np.float32) * np.float32(0.0035)
    return np.asarray(np.clip((picture + grain) * 255.0 + 0.5, 0, 255), np.uint8)


@dataclass(frozen=True, slots=True)
class _Camera:
    view: View
    looks: Looks

    def spot(self, theta: float, y: float, radius: float) -> Spot | None:
        at = self.view.project(self.looks, theta, y)
        return Spot(2 * at[0], 2 * at[1], 2 * radius * self.view.unit_px) if at else None


def _tell_truth(view: View, looks: Looks, complexion: Complexion) -> Truth:
    camera = _Camera(view, looks)
    spots = [camera.spot(s.theta, s.y, s.radius) for s in complexion.spots]
    patches = [camera.spot(p.theta, p.y, p.radius) for p in complexion.red_patches]
    lines = []
    for crease in complexion.creases:
        path = [camera.spot(theta, y, 0.0) for theta, y in crease.points]
        seen = tuple((p.x, p.y) for p in path if p)
        if len(seen) > len(path) // 2:
            lines.append(seen)
    unit, (x, y) = 2 * view.unit_px, (2 * view.centre[0], 2 * view.centre[1])
    box = (x - 0.82 * unit, y - 0.75 * unit, 1.64 * unit, 1.9 * unit)
    return Truth(box, tuple(s for s in spots if s), tuple(p for p in patches if p), tuple(lines))

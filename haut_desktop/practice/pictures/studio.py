"""The studio: lamps and filters, background, gown."""

import colorsys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.pictures.head import Plane, View, smoothstep
from haut_desktop.practice.pictures.person import HairStyle, Looks

Pixels = NDArray[np.float32]

_KEY: Final = np.array([-0.38, -0.50, 0.78], np.float32)
_FILL: Final = np.array([0.62, -0.10, 0.78], np.float32)
_WALL: Final = np.array([0.60, 0.645, 0.68], np.float32)
_GLOW: Final = np.array([0.20, 0.185, 0.17], np.float32)


@dataclass(frozen=True, slots=True)
class Light:
    """A lamp with what it brings out."""

    name: str
    gleam: float
    red_gain: float
    spot_contrast: float
    filter: Callable[[Pixels], Pixels]


def _unfiltered(rgb: Pixels) -> Pixels:
    return rgb


def _ultraviolet(rgb: Pixels) -> Pixels:
    """Melanin dark, everything else a cold monochrome, as photographed under an UV flash."""
    blue = rgb @ np.array([0.05, 0.25, 0.70], np.float32)
    tone = np.clip(blue, 0, 1) ** 1.15
    return np.stack([0.62 * tone, 0.66 * tone, np.clip(1.02 * tone + 0.02, 0, 1)], axis=-1)


LIGHTS: Final = (
    Light("regular", 1.0, 1.0, 1.0, _unfiltered),
    Light("cross_polarised", 0.0, 1.35, 1.15, _unfiltered),
    Light("uv", 0.25, 0.6, 1.9, _ultraviolet),
)


def light_named(name: str) -> Light:
    """The lamp of this name: regular, cross_polarised or uv."""
    for light in LIGHTS:
        if light.name == name:
            return light
    raise ValueError(f"no light named {name!r}; there are {[light.name for light in LIGHTS]}")


def shade(view: View, lamp: Light) -> tuple[Pixels, Plane]:
    """Factor per pixel and channel for the colours, and the gleam to add."""
    unit = view.unit_px
    solid = np.asarray(np.maximum(view.covered, 1e-3), np.float32)
    far = cv2.GaussianBlur(view.z * solid, (0, 0), 0.012 * unit)
    near = cv2.GaussianBlur(solid, (0, 0), 0.012 * unit)
    depth = np.asarray(np.divide(far, near), np.float32)
    slope_x = cv2.Sobel(depth, cv2.CV_32F, 1, 0, ksize=3, scale=unit / 8)
    slope_y = cv2.Sobel(depth, cv2.CV_32F, 0, 1, ksize=3, scale=unit / 8)
    normal = np.dstack([-slope_x, -slope_y, np.ones_like(slope_x)]).astype(np.float32)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    light = 0.36 + 0.10 * -normal[..., 1] + 0.10 * normal[..., 2]
    for direction, power in ((_KEY, 0.38), (_FILL, 0.26)):
        aim = direction / np.linalg.norm(direction)
        light = light + power * np.clip((normal @ aim + 0.25) / 1.25, 0, 1)
    light = light * _find_crevices(depth, unit)
    tint = np.power(np.clip(light, 0.02, 1.3)[..., None], np.array([0.42, 0.455, 0.47], np.float32))
    half = _KEY / np.linalg.norm(_KEY) + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    shine = np.clip(normal @ half, 0, 1)
    gleam = lamp.gleam * (0.075 * shine**28 + 0.04 * shine**9)
    return np.asarray(tint, np.float32), np.asarray(gleam, np.float32)


def _find_crevices(depth: Plane, unit: float) -> Plane:
    """Less light where the surroundings stand out further: a cheap ambient occlusion."""
    open_sky = np.ones_like(depth)
    for reach, weight in ((0.03, 1.6), (0.09, 1.0), (0.25, 0.5)):
        around = cv2.GaussianBlur(depth, (0, 0), reach * unit)
        open_sky -= weight * np.clip(around - depth, 0.0, 0.35)
    return np.asarray(np.clip(open_sky, 0.35, 1.0), np.float32)


def stage(head: Pixels, cover: Plane, view: View, looks: Looks) -> Pixels:
    """Put the head before the background and the gown over the shoulders."""
    height, width = head.shape[:2]
    unit = view.unit_px * 2
    x = (np.arange(width, dtype=np.float32)[None, :] - view.centre[0] * 2) / unit
    y = (np.arange(height, dtype=np.float32)[:, None] - view.centre[1] * 2) / unit
    glow = (np.exp(-((x / 1.9) ** 2)) * np.exp(-(((y - 0.1) / 1.9) ** 2)))[..., None]
    picture = _WALL + glow * _GLOW
    fall = cv2.GaussianBlur(cv2.resize(cover, None, fx=0.125, fy=0.125), (0, 0), 0.0125 * unit)
    shadow = cv2.resize(np.roll(fall, int(0.0075 * unit), axis=1), (width, height))
    picture *= 1 - 0.10 * shadow[..., None]
    if looks.hair_style is HairStyle.TIED:
        _put_bun(picture, (x, y), view.yaw, looks)
    picture += cover[..., None] * (head - picture)
    lower = int(view.centre[1] * 2 + 1.0 * unit)
    _dress(picture[lower:], cover[lower:], (x, y[lower:]), view.yaw, looks)
    return np.asarray(picture, np.float32)


def _put_bun(picture: Pixels, grid: tuple[Plane, Plane], yaw: float, looks: Looks) -> None:
    """Hair tied up behind the head."""
    u, v = (grid[0] + 0.75 * np.sin(yaw)) / 0.36, (grid[1] + 1.19) / 0.27
    away = np.asarray(np.hypot(u, v), np.float32)
    ball = smoothstep(away, 1.0, 0.97)
    strands = np.sin(26 * np.arctan2(v, u) + 9 * away) + 0.7 * np.sin(61 * away + 5 * u)
    light = 0.92 - 0.28 * v - 0.15 * u - 0.35 * away**4 + 0.02 * strands
    lab = np.array([[looks.hair]], np.float32)
    colour = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32)
    picture += ball[..., None] * (np.clip(light, 0.05, 1.2)[..., None] * colour - picture)


def _dress(
    picture: Pixels, cover: Plane, grid: tuple[Plane, Plane], yaw: float, looks: Looks
) -> None:
    x, y = grid
    middle = -0.10 * np.sin(yaw)
    across = np.abs(x - middle) / (1.0 - 0.12 * abs(np.sin(yaw)))
    shoulder = 1.36 + 0.16 * across + 0.30 * smoothstep(across, 0.75, 1.75)
    neckline = np.asarray(np.hypot((x - middle) / 0.50, (y - 1.30) / 0.32), np.float32)
    cloth = smoothstep(y - shoulder, -0.006, 0.006) * smoothstep(neckline, 0.995, 1.01)
    folds = 0.018 * np.sin(9 * across + 5 * y) * smoothstep(y - shoulder, 0.0, 0.4)
    folds = folds + 0.012 * np.sin(23 * x - 7 * y)
    light = 0.98 - 0.16 * smoothstep(across, 0.7, 1.6) - 0.10 * (x > middle) * across + folds
    light = light - 0.12 * smoothstep(y - shoulder, 0.10, 0.0)
    light = light + 0.05 * smoothstep(np.abs(neckline - 1.09), 0.085, 0.075)
    light = light - 0.14 * smoothstep(np.abs(neckline - 1.18), 0.012, 0.002)
    colour = np.array(colorsys.hsv_to_rgb(0.50 + 0.14 * looks.gown_hue, 0.22, 0.78), np.float32)
    shadow = smoothstep(neckline, 0.80, 1.0) * smoothstep(neckline, 1.01, 1.0) * cover
    picture *= 1 - 0.22 * (shadow * smoothstep(y, 1.2, 1.5))[..., None]
    picture += cloth[..., None] * (light[..., None] * colour - picture)

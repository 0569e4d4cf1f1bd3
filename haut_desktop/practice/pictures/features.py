"""The parts of a face that are not bare skin: eyes, brows, lips, nostrils, ears, hair."""

from typing import Final

import cv2
import numpy as np

from haut_desktop.practice.pictures.canvas import Canvas, Window, make_noise
from haut_desktop.practice.pictures.head import EYE_ANGLE, Plane, hair_cover, jaw_line, smoothstep
from haut_desktop.practice.pictures.person import HairStyle, Lab, Looks

_HEADBAND: Final[Lab] = (90.0, -1.0, -2.0)


def paint_features(canvas: Canvas, looks: Looks, dark_circles: float, seed: int) -> None:
    """Paint everything over the bare skin."""
    rng = np.random.default_rng([seed, 5])
    _paint_lips(canvas, looks)
    _paint_nose(canvas, looks)
    for sign in (-1, 1):
        _paint_ear(canvas, looks, sign)
        _paint_eye(canvas, looks, sign, dark_circles, rng)
        _paint_brow(canvas, looks, sign, rng)
    _paint_hair(canvas, looks, rng)


def _deepen(looks: Looks, factor: float, a: float = 0.0, b: float = 0.0) -> Lab:
    lightness, red, yellow = looks.skin
    return lightness * factor, red + a, yellow + b


def _paint_eye(
    canvas: Canvas, looks: Looks, sign: int, dark_circles: float, rng: np.random.Generator
) -> None:
    window = canvas.window(sign * EYE_ANGLE, 0.0, (0.34, 0.30))
    u, v = window.u * sign / looks.eyes, window.v + 0.05 * window.u * sign
    _paint_lids(window, looks, (u, v), dark_circles)
    half = 0.152
    arch = np.clip(1.0 - (u / half) ** 2, 0.0, 1.0)
    lean = 1.0 - 0.9 * u
    upper, lower = -0.068 * arch**0.75 * lean, 0.043 * arch**0.9
    edge = 1.6 / window.px
    opening = smoothstep(v - upper, -edge, edge) * smoothstep(lower - v, -edge, edge)
    opening = opening * smoothstep(half - np.abs(u), 0.0, 0.01)
    ball = np.empty((*u.shape, 3), np.float32)
    ball[...] = (84.0, 2.5, 4.0)
    ball[..., 0] -= 20 * smoothstep(np.abs(u), 0.06, 0.16) + 16 * smoothstep(v - upper, 0.05, 0.0)
    ball[..., 1] += 7 * smoothstep(-u, 0.10, 0.15)
    eye = Window(ball, u, v, window.px)
    _paint_iris(eye, looks, sign, rng)
    window.tint(opening, ball)
    lash = smoothstep(np.abs(v - upper + 0.004), 0.017, 0.006) * smoothstep(np.abs(u), 0.172, 0.14)
    lash = lash * smoothstep(u, -0.16, -0.02)
    window.tint(lash * np.float32(0.88), (10.0, 3.0, 3.0))
    rim = smoothstep(np.abs(v - lower), 0.010, 0.003) * smoothstep(np.abs(u), 0.15, 0.10)
    window.tint(rim * np.float32(0.55), _deepen(looks, 0.62, 6))
    _paint_lashes(window, (u, v), sign, rng)


def _paint_lids(
    window: Window, looks: Looks, local: tuple[Plane, Plane], dark_circles: float
) -> None:
    u, v = local
    hollow = np.exp(-((u / 0.20) ** 2) - ((v - 0.10) / 0.055) ** 2)
    window.shift(np.asarray(hollow * dark_circles, np.float32), (-0.16 * looks.skin[0], 1.5, -3.5))
    lid = np.exp(-((u / 0.17) ** 2) - ((v + 0.075) / 0.045) ** 2)
    window.shift(np.asarray(lid, np.float32), (-0.10 * looks.skin[0], 2.5, 0.5))
    arch = np.clip(1.0 - (u / 0.185) ** 2, 0.0, 1.0)
    crease = smoothstep(np.abs(v + 0.036 + 0.072 * arch**0.8), 0.014, 0.003)
    crease = crease * smoothstep(np.abs(u), 0.18, 0.10)
    window.shift(crease, (-0.23 * looks.skin[0], 2.0, 0.0))
    bag = smoothstep(np.abs(v - 0.055 - 0.065 * arch), 0.018, 0.0) * smoothstep(
        np.abs(u), 0.17, 0.05
    )
    window.shift(bag * np.float32(0.4 + 0.5 * dark_circles), (-0.07 * looks.skin[0], 1.0, -0.5))


def _paint_iris(eye: Window, looks: Looks, sign: int, rng: np.random.Generator) -> None:
    u, v = eye.u - 0.004, eye.v + 0.012
    r = np.asarray(np.hypot(u, v), np.float32)
    soft = 1.5 / eye.px
    angle = np.arctan2(v, u)
    rays = np.sin(angle * 41 + rng.uniform(0, 6)) * 0.5 + np.sin(angle * 23) * 0.5
    lightness, a, b = looks.iris
    colour = np.empty((*u.shape, 3), np.float32)
    colour[..., 0] = lightness + 3.0 * rays - 8 * smoothstep(v, 0.03, -0.05)
    colour[..., 0] += 6 * smoothstep(r, 0.05, 0.03)
    colour[..., 1], colour[..., 2] = a, b
    eye.tint(smoothstep(r, 0.069 + soft, 0.069 - soft), colour)
    ring = smoothstep(np.abs(r - 0.066), 0.011, 0.002)
    eye.tint(ring * np.float32(0.6), (lightness * 0.35, a * 0.5, b * 0.5))
    eye.tint(smoothstep(r, 0.028 + soft, 0.028 - soft), (5.0, 0.5, 0.5))
    spark = np.asarray(np.hypot(u * sign + 0.022, v + 0.026), np.float32)
    eye.tint(smoothstep(spark, 0.015, 0.008), (98.0, 0.0, 0.0))
    glow = np.asarray(np.hypot(u * sign - 0.028, v - 0.030), np.float32)
    eye.tint(smoothstep(glow, 0.016, 0.0) * np.float32(0.35), (80.0, 0.0, 0.0))


def _paint_lashes(
    window: Window, local: tuple[Plane, Plane], sign: int, rng: np.random.Generator
) -> None:
    plane = np.zeros(local[0].shape, np.uint8)
    origin = np.array([window.u[0, 0], window.v[0, 0]])
    for t in np.linspace(-0.08, 0.155, 34):
        height = -0.068 * max(0.0, 1 - (t / 0.152) ** 2) ** 0.75 * (1 - 0.9 * t) - 0.05 * t
        length = 0.012 + 0.020 * (t + 0.12) / 0.27 + float(rng.uniform(-0.004, 0.004))
        tip = (t + 0.25 * length + 0.5 * t * length / 0.1, height - length)
        ends = (np.array([(sign * t, height), (sign * tip[0], tip[1])]) - origin) * window.px * 16
        first, last = np.round(ends).astype(np.int32).tolist()
        cv2.line(plane, first, last, 150, 1, cv2.LINE_AA, 4)
    window.tint(np.asarray(plane / np.float32(255.0), np.float32), (9.0, 2.0, 2.0))


def _paint_brow(canvas: Canvas, looks: Looks, sign: int, rng: np.random.Generator) -> None:
    window = canvas.window(sign * EYE_ANGLE, -0.215, (0.36, 0.16))
    plane = np.zeros(window.u.shape, np.uint8)
    origin = np.array([window.u[0, 0], window.v[0, 0]])
    for _ in range(int(330 * looks.brows)):
        t = float(rng.beta(1.15, 1.25))
        thick = 0.036 * looks.brows * (1.0 - 0.75 * t**2) * min(1.0, 0.55 + 3 * t)
        u = -0.185 + 0.40 * t
        v = 0.02 - 0.062 * np.sin(np.pi * min(1.0, t * 0.82)) + float(rng.uniform(-1, 1)) * thick
        slant = 1.2 * (1 - t) - 0.35
        length = 0.045 * (1.1 - 0.4 * t)
        start = np.array([sign * u, v])
        step = np.array([sign * np.cos(slant), -np.sin(slant)]) * length
        ends = np.round((np.array([start, start + step]) - origin) * window.px * 16)
        first, last = ends.astype(np.int32).tolist()
        cv2.line(plane, first, last, int(rng.integers(110, 220)), 1, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(plane, (0, 0), max(0.5, 0.0016 * window.px)).astype(np.float32) / 255.0
    base = cv2.GaussianBlur(plane, (0, 0), 0.012 * window.px).astype(np.float32) / 255.0
    colour = (min(looks.hair[0] * 0.75, looks.skin[0] * 0.6), looks.hair[1], looks.hair[2] * 0.8)
    window.tint(np.asarray(np.clip(1.25 * soft + 0.55 * base, 0, 0.95), np.float32), colour)


def _paint_lips(canvas: Canvas, looks: Looks) -> None:
    window = canvas.window(0.0, 0.735, (0.42, 0.24))
    u, v = window.u, window.v
    half = 0.285
    arch = np.clip(1.0 - (u / half) ** 2, 0.0, 1.0)
    bow = 0.016 * np.exp(-((u / 0.045) ** 2))
    smile = -0.020 * (u / half) ** 4
    upper = (-0.078 * arch**0.85 + bow) * looks.lips + smile
    lower = 0.112 * arch**0.75 * looks.lips + smile
    seam = 0.009 * np.cos(u * 16) * arch - 0.002 - 0.020 * (u / half) ** 4
    soft = 0.011
    body = smoothstep(v - upper, -soft, soft) * smoothstep(lower - v, -soft, 1.6 * soft)
    body = body * smoothstep(np.abs(u), half, half - 0.05)
    lightness = looks.skin[0]
    window.shift(body * np.float32(0.9), (-0.16 * lightness, 11.0, 0.5))
    window.shift(body * smoothstep(v, 0.01, -0.03), (-0.07 * lightness, 1.0, 0.0))
    shine = np.exp(-((u / 0.10) ** 2) - ((v - 0.045) / 0.020) ** 2)
    window.shift(np.asarray(shine, np.float32), (5.0, -1.0, -1.0))
    ribs = np.sin(u * 210 + 3 * np.sin(u * 31)) * body
    window.shift(np.asarray(ribs, np.float32), (-0.8, 0.3, 0.0))
    line = smoothstep(np.abs(v - seam), 0.013, 0.002) * smoothstep(np.abs(u), half + 0.015, 0.20)
    window.tint(line * np.float32(0.85), (lightness * 0.30, 14.0, 7.0))
    corner = np.exp(-(((np.abs(u) - half) / 0.026) ** 2) - ((v + 0.018) / 0.022) ** 2)
    window.shift(np.asarray(corner, np.float32), (-0.18 * lightness, 3.0, 1.0))
    below = np.exp(-((u / 0.15) ** 2) - ((v - 0.135 * looks.lips) / 0.028) ** 2)
    window.shift(np.asarray(below, np.float32), (-0.07 * lightness, 0.5, 0.5))


def _paint_nose(canvas: Canvas, looks: Looks) -> None:
    window = canvas.window(0.0, 0.44, (0.32, 0.16))
    u, v = np.asarray(np.abs(window.u) / looks.nose, np.float32), window.v
    hole = np.hypot((u - 0.078) / 0.038, (v - 0.045 + 0.25 * (u - 0.08)) / 0.015)
    nostril = smoothstep(np.asarray(hole, np.float32), 1.25, 0.6)
    window.tint(nostril * np.float32(0.88), (looks.skin[0] * 0.20, 9.0, 6.0))
    wing = np.hypot(u - 0.115, (v + 0.012) * 1.05)
    fold = smoothstep(np.asarray(np.abs(wing - 0.072), np.float32), 0.018, 0.002)
    fold = fold * smoothstep(u, 0.13, 0.18) * smoothstep(v, -0.085, -0.02)
    window.shift(fold, (-0.17 * looks.skin[0], 3.0, 0.5))


def _paint_ear(canvas: Canvas, looks: Looks, sign: int) -> None:
    window = canvas.window(sign * 1.66, 0.09, (0.34, 0.36))
    u, v = window.u * sign, window.v
    narrow = 1.0 - 0.35 * smoothstep(v, 0.0, 0.25)
    ring = np.asarray(np.hypot((u - 0.02) / (0.20 * narrow), v / 0.29), np.float32)
    lightness = looks.skin[0]
    window.shift(smoothstep(ring, 1.0, 0.8), (-0.03 * lightness, 3.0, 0.0))
    groove = smoothstep(np.abs(ring - 0.68), 0.15, 0.02)
    window.shift(groove * smoothstep(v, 0.15, 0.03), (-0.15 * lightness, 3.0, 1.0))
    inner = smoothstep(np.abs(ring - 0.42), 0.10, 0.02)
    window.shift(inner * smoothstep(v, 0.05, -0.05), (-0.09 * lightness, 2.0, 1.0))
    hollow = np.exp(-(((u + 0.035) / 0.055) ** 2) - ((v - 0.05) / 0.075) ** 2)
    window.shift(np.asarray(hollow, np.float32), (-0.36 * lightness, 4.0, 2.0))
    flap = np.exp(-(((u + 0.115) / 0.03) ** 2) - ((v - 0.05) / 0.045) ** 2)
    window.shift(np.asarray(flap, np.float32), (0.04 * lightness, 1.0, 0.0))


def _paint_hair(canvas: Canvas, looks: Looks, rng: np.random.Generator) -> None:
    whole = canvas.whole
    shape, px = canvas.lab.shape[:2], canvas.px
    strands = make_noise(rng, shape, 0.006 * px, 26) + 0.8 * make_noise(rng, shape, 0.02 * px, 14)
    if looks.hair_style is HairStyle.TIED:
        strands = _comb_back(strands, canvas)
    wobble = make_noise(rng, shape, 0.008 * px, 5)
    cover = hair_cover(looks, canvas.theta, canvas.y - 0.010 * wobble)
    cover = cover * (1.0 - smoothstep(canvas.y, 0.62, 0.80))
    tone = np.empty((*shape, 3), np.float32)
    lightness, a, b = looks.hair
    contrast = 1.6 + 0.075 * lightness
    tone[..., 0] = np.clip(lightness + contrast * strands, 2.0, 92.0)
    tone[..., 1], tone[..., 2] = a, b + 0.15 * strands
    whole.tint(np.asarray(cover, np.float32), tone)
    if looks.hair_style is HairStyle.HEADBAND:
        _paint_headband(canvas, looks)


def _comb_back(strands: Plane, canvas: Canvas) -> Plane:
    """The strands sheared so that they run from the temples upwards and back."""
    columns = canvas.theta * 260 + 380 * (canvas.y + 1.0) * np.tanh(canvas.theta * 2.5)
    columns = columns + strands.shape[1] / 2
    rows = np.broadcast_to(np.arange(strands.shape[0])[:, None], strands.shape)
    return np.asarray(
        cv2.remap(
            strands,
            np.ascontiguousarray(columns, np.float32),
            np.ascontiguousarray(rows, np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        ),
        np.float32,
    )


def _paint_headband(canvas: Canvas, looks: Looks) -> None:
    middle = -0.78 + 0.17 * smoothstep(np.abs(canvas.theta), 0.3, 1.5)
    away = np.abs(canvas.y - middle)
    ribs = 0.9 * np.sin(canvas.theta * 260.0) * np.ones_like(away)
    tone = np.empty((*away.shape, 3), np.float32)
    tone[...] = _HEADBAND
    tone[..., 0] += ribs - 5 * smoothstep(away, 0.06, 0.12)
    canvas.whole.tint(smoothstep(away, 0.118, 0.108), tone)
    shadow = smoothstep(canvas.y - middle, 0.17, 0.115) * smoothstep(canvas.y - middle, 0.10, 0.12)
    canvas.whole.shift(
        np.asarray(shadow * (canvas.y < jaw_line(looks, canvas.theta)), np.float32), (-5, 0, 0)
    )

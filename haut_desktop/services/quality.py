"""What the station says about a picture while the subject is still in the room; blocks nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.ids import RenditionId
from haut_desktop.domain.imaging import Side, Verdict, VerdictLevel
from haut_desktop.services import faces, pictures

if TYPE_CHECKING:
    from haut_desktop.services.faces import Face, Grey
    from haut_desktop.services.pictures import Pixels

FEWEST_PX: Final = 1200
"""Shorter edge below which fine lines and pores are lost."""
RECOMMENDED_PX: Final = 2500
"""The platform's recommendation for uploaded photographs: at least 2500 × 2500."""

_BLURRED_BELOW: Final = 0.05
_SOFT_BELOW: Final = 0.08
"""Sharpness (see ``_judge_sharpness``), calibrated on a portrait and drawn faces, sharp and not."""

_DARK_BELOW: Final = 90
"""Grey 0…255 that the brightest hundredth must reach; a face of any tone has highlights."""
_BURNT_ABOVE: Final = 0.05
"""Share of white, structureless pixels."""
_WHITE_FROM: Final = 252

_SMALL_BELOW: Final = 0.25
"""Face width as a share of the picture's shorter edge."""
_OFF_CENTRE_ABOVE: Final = 0.25
"""Distance of the face's middle from the picture's, as a share of the edge."""

_GOOD, _WARN, _BAD = VerdictLevel.GOOD, VerdictLevel.WARN, VerdictLevel.BAD


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked; ``score`` is 0…100, higher is better."""

    code: str
    level: VerdictLevel
    text: str
    score: float | None = None

    def of(self, rendition_id: RenditionId) -> Verdict:
        """The station's verdict on a rendition."""
        return Verdict(rendition_id, "station", self.code, self.level, self.text, self.score)


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at of a picture: small, grey, upright, and how large the picture is."""

    grey: "Grey"
    width: int
    height: int


def judge(data: bytes, *, needs_face: bool, side: Side = Side.FRONT) -> tuple[Finding, ...]:
    """Decode and check a picture (blocking)."""
    return judge_pixels(pictures.decode(data), needs_face=needs_face, side=side)


def judge_pixels(
    pixels: "Pixels", *, needs_face: bool, side: Side = Side.FRONT
) -> tuple[Finding, ...]:
    """Check an upright picture that is decoded in full size (blocking)."""
    height, width = pixels.shape[:2]
    return judge_view(view_of(pixels, (width, height)), needs_face=needs_face, side=side)


def view_of(pixels: "Pixels", size: tuple[int, int]) -> View:
    """Make small what is decoded; ``size`` is the upright picture's width and height (blocking)."""
    import cv2

    small = pictures.shrink(pixels, faces.LOOK_AT_PX)
    return View(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), *size)  # type: ignore[arg-type]


def judge_view(view: View, *, needs_face: bool, side: Side = Side.FRONT) -> tuple[Finding, ...]:
    """Check resolution, face, sharpness and light (blocking)."""
    grey = view.grey
    face = faces.find_face(grey, side) if needs_face else None
    found = [_judge_face(face, grey, side)] if needs_face else []
    region = _cut(grey, face)
    return (*found, _judge_sharpness(region), _judge_light(region), _judge_size(view))


def _cut(grey: "Grey", face: "Face | None") -> "Grey":
    if face is None:
        return grey
    # the box's margin shows background, which says nothing about the skin
    aside, above = face.width // 6, face.height // 6
    return grey[
        face.y + above : face.y + face.height - above, face.x + aside : face.x + face.width - aside
    ]


def _judge_face(face: "Face | None", grey: "Grey", side: Side) -> Finding:
    if face is None:
        level = _BAD if side is Side.FRONT else _WARN
        return Finding("no-face", level, "No face found. Check the picture and take it again.", 0.0)
    if side in {Side.LEFT, Side.RIGHT} and face.shows not in {side, Side.FRONT}:
        text = (
            f"This looks like the subject's {face.shows} side, and the place is for the {side} one."
        )
        return Finding("other-side", _WARN, text, 40.0)
    edge = min(grey.shape)
    share = face.width / edge
    if share < _SMALL_BELOW:
        text = "The face is small in the picture. Go nearer, so that it fills the frame."
        return Finding("small-face", _WARN, text, 100 * share / _SMALL_BELOW)
    if _distance(face, grey) > _OFF_CENTRE_ABOVE:
        return Finding("off-centre", _WARN, "The face is far from the picture's middle.", 60.0)
    return Finding("face", _GOOD, "Face found.", 100.0)


def _distance(face: "Face", grey: "Grey") -> float:
    height, width = int(grey.shape[0]), int(grey.shape[1])
    aside = abs(face.x + face.width / 2 - width / 2) / width
    above = abs(face.y + face.height / 2 - height / 2) / height
    return max(aside, above)


def _judge_sharpness(region: "Grey") -> Finding:
    """Variance of the Laplacian over the variance of grey, at 640 px.

    The measure is LAPV of Pertuz, Puig and Garcia, "Analysis of focus measure operators for
    shape-from-focus", Pattern Recognition 46 (2013), after Pech-Pacheco et al., ICPR 2000. It is
    divided by the picture's own variance so that a dark skin or a dim light is not taken for blur.
    """
    import cv2

    variance = float(region.var())
    if variance < 1.0:
        return Finding("flat", _BAD, "The picture shows one even surface, nothing to see.", 0.0)
    sharpness = float(cv2.Laplacian(region, cv2.CV_64F).var()) / variance
    score = min(100.0, 60.0 * sharpness / _SOFT_BELOW)
    if sharpness < _BLURRED_BELOW:
        return Finding("blurred", _BAD, "The picture is blurred. Focus and take it again.", score)
    if sharpness < _SOFT_BELOW:
        return Finding("soft", _WARN, "The picture is a little soft. Check the focus.", score)
    return Finding("sharp", _GOOD, "The picture is sharp.", score)


def _judge_light(region: "Grey") -> Finding:
    import numpy as np

    burnt = float((region >= _WHITE_FROM).mean())
    brightest = float(np.percentile(region, 99))
    if burnt > _BURNT_ABOVE:
        text = "Parts are white without any detail. Use less light or a shorter exposure."
        return Finding("overexposed", _BAD if burnt > 3 * _BURNT_ABOVE else _WARN, text, 30.0)
    if brightest < _DARK_BELOW:
        text = "The picture is too dark. Use more light and take it again."
        level = _BAD if brightest < _DARK_BELOW / 2 else _WARN
        return Finding("underexposed", level, text, 60.0 * brightest / _DARK_BELOW)
    return Finding("light", _GOOD, "The light is right.", 100.0)


def _judge_size(view: View) -> Finding:
    width, height = view.width, view.height
    edge = min(height, width)
    score = min(100.0, 100.0 * edge / RECOMMENDED_PX)
    if edge < FEWEST_PX:
        text = (
            f"The picture has {width} × {height} pixels; fine detail needs at least {FEWEST_PX} "
            f"on the shorter edge, better {RECOMMENDED_PX}."
        )
        return Finding("low-resolution", _WARN, text, score)
    advice = "" if edge >= RECOMMENDED_PX else f"; {RECOMMENDED_PX} or more is recommended"
    return Finding("resolution", _GOOD, f"{width} × {height} pixels{advice}.", score)

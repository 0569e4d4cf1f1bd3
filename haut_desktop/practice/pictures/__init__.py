"""Drawn pictures of invented people: the same seed always gives the same picture."""

from haut_desktop.practice.pictures.drawing import DrawnPicture, Spot, Truth
from haut_desktop.practice.pictures.jpeg import encode_jpeg
from haut_desktop.practice.pictures.patch import draw_skin
from haut_desktop.practice.pictures.person import Person, SkinTone
from haut_desktop.practice.pictures.portrait import draw_face

__all__ = [
    "DrawnPicture",
    "Person",
    "SkinTone",
    "Spot",
    "Truth",
    "draw_face",
    "draw_skin",
    "encode_jpeg",
]

"""The areas of the face as polygons, to clip other masks with."""

from haut_desktop.practice.algorithms.face_model import fill
from haut_desktop.practice.algorithms.measurement import Measurement
from haut_desktop.practice.algorithms.overlays import make_polygon_mask
from haut_desktop.practice.algorithms.picture import Picture


def find_face_areas(picture: Picture) -> Measurement:
    """One mask per area that can be seen; no metrics."""
    work = picture.working
    areas = work.face.areas if work.face else {}
    masks = tuple(
        make_polygon_mask(
            picture, name, "rgba(120, 144, 156, 0.35)", fill(polygon, work.skin.shape), 0.35
        )
        for name, polygon in areas.items()
    )
    return Measurement((), masks)

"""The areas of the face as polygons, to clip other masks with."""

from haut_desktop.practice.algorithms.face_model import fill
from haut_desktop.practice.algorithms.measurement import AlgorithmFailedError, Measurement
from haut_desktop.practice.algorithms.overlays import make_polygon_mask
from haut_desktop.practice.algorithms.picture import Picture


def find_face_areas(picture: Picture) -> Measurement:
    """One mask per area that can be seen; no metrics."""
    work = picture.working
    if work.face is None:
        raise AlgorithmFailedError("No face detected")
    outline = fill(work.face.outline, work.skin.shape)
    masks = tuple(
        make_polygon_mask(
            picture,
            name,
            "rgba(120, 144, 156, 0.35)",
            outline & fill(polygon, work.skin.shape),
            0.35,
        )
        for name, polygon in work.face.areas.items()
    )
    return Measurement((), masks)

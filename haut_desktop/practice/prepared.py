"""An image made ready for the algorithms: decoded once, its face aligned once."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.catalog import Algorithm, Measure, align_face, analyse
from haut_desktop.practice.algorithms.measurement import AlgorithmFailedError, Measurement
from haut_desktop.practice.algorithms.picture import Picture, UndecodablePictureError
from haut_desktop.practice.demonstration import draw_if_asked
from haut_desktop.practice.dictionaries import SIDES
from haut_desktop.practice.mask_pictures import Matrix
from haut_desktop.practice.service import Service, original_key


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFace:
    """The face cut out upright, and the way there from the original's pixels."""

    rgb: NDArray[np.uint8]
    matrix: Matrix

    @property
    def size(self) -> tuple[int, int]:
        """Width, height."""
        return self.rgb.shape[1], self.rgb.shape[0]


@dataclass(eq=False)
class PreparedImage:
    """A picture with what was measured on it so far; what applications share is measured once."""

    image_id: str
    side: str
    picture: Picture | None
    failure: str
    """Why there is no picture."""
    _measured: dict[tuple[Measure, bool], Measurement | str] = field(default_factory=dict)

    @cached_property
    def aligned(self) -> AlignedFace | None:
        found = None if self.picture is None else align_face(self.picture)
        return None if found is None else AlignedFace(*found)

    def measure(self, algorithm: Algorithm) -> Measurement | str:
        """The measurement, or the message of a failure."""
        if self.picture is None:
            return self.failure
        # Applications give one measure several version ids; the pixels need it once.
        key = (algorithm.measure, algorithm.needs_face)
        if key not in self._measured:
            try:
                measured: Measurement | str = analyse(algorithm, self.picture)
            except AlgorithmFailedError as error:
                measured = str(error)
            self._measured[key] = measured
        return self._measured[key]


def prepare_image(service: Service, image_id: str) -> PreparedImage | None:
    """The image's picture, drawn first where it is one of the demonstration; None when gone."""
    image = service.records.fetch_one("SELECT * FROM images WHERE id = ?", image_id)
    if image is None:
        return None
    draw_if_asked(service, image_id)
    side = SIDES[image["side_id"]].tech_name
    stored = service.objects.get(original_key(image_id))
    if stored is None:
        return PreparedImage(image_id, side, None, "Image is not uploaded")
    try:
        return PreparedImage(image_id, side, Picture.decode(stored.data), "")
    except UndecodablePictureError:
        return PreparedImage(image_id, side, None, "Image can not be decoded")

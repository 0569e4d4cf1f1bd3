"""The catalog as the platform offers it: a simulation counts as an algorithm of its own."""

from dataclasses import replace
from typing import Final

from haut_desktop.practice.algorithms import catalog
from haut_desktop.practice.algorithms.catalog import Algorithm, Application
from haut_desktop.practice.algorithms.measurement import Measurement
from haut_desktop.practice.algorithms.picture import Picture


def _measure_nothing(_picture: Picture) -> Measurement:
    """A simulation's outcome is a picture: no area, no mask."""
    return Measurement(areas=())


PRODUCT_EFFECT: Final = Algorithm(
    version_id=601,
    family_tech_name="simulation.product_effect",
    tech_name="product_effect",
    version="1.0",
    name="Predicted product effect",
    html_description=(
        "<p>A predicted picture with less redness and paler spots.</p>"
        "<p>Nothing that was photographed, and no promise.</p>"
    ),
    needs_face=True,
    parameter="product_effect",
    measure=_measure_nothing,
)


def _offer(application: Application) -> Application:
    is_simulation = application.purpose == "simulation"
    return replace(application, algorithms=(PRODUCT_EFFECT,)) if is_simulation else application


APPLICATIONS: Final = tuple(_offer(application) for application in catalog.APPLICATIONS)
ALGORITHMS: Final = (*catalog.ALGORITHMS, PRODUCT_EFFECT)

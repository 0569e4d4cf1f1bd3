"""The tour: the main job done by the real widgets without hands, watched and written down."""

from haut_desktop.tour.running import run_tour

__all__ = ["run_tour"]

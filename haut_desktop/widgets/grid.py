"""The grid every distance stands on."""

from typing import Final

GRID: Final = 8
"""The step of every distance, in device-independent pixels; half steps inside a control."""

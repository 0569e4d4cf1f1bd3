"""How long the model runs: a part at every change, everything on request."""

import os
from typing import Final

from hypothesis import HealthCheck, settings

VARIABLE: Final = "HAUT_MODEL"
"""Set to ``full`` for thousands of steps instead of a minute."""

_PATIENT: Final = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

QUICK: Final = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=False,
    report_multiple_bugs=False,
    suppress_health_check=_PATIENT,
)

FULL: Final = settings(
    QUICK,
    max_examples=1500,
    stateful_step_count=80,
    derandomize=False,
)


def chosen() -> settings:
    """The settings that the environment asks for."""
    return FULL if os.environ.get(VARIABLE) == "full" else QUICK

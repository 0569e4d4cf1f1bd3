"""The real Secret Service: which programs it takes, and the mark of the tests that need them."""

import shutil
from typing import Final

import pytest

TOOLS: Final = ("dbus-run-session", "gnome-keyring-daemon")
_IS_HERE: Final = all(shutil.which(tool) for tool in TOOLS)

needs_secret_service = pytest.mark.skipif(not _IS_HERE, reason=f"needs {' and '.join(TOOLS)}")

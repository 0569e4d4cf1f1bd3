"""What the first window needs, and nothing more: everything else is loaded behind it."""

import subprocess
import sys

_HEAVY = (
    *("httpx", "sqlcipher3", "pyrage", "keyring", "numpy", "cv2", "PIL", "pyqtgraph", "starlette"),
    *("haut_desktop.store", "haut_desktop.api", "haut_desktop.workplace", "haut_desktop.shell"),
    *("haut_desktop.domain.imaging", "haut_desktop.domain.words"),
)


def test_the_sign_in_window_waits_for_no_library_of_the_work_behind_it() -> None:
    code = f"import sys, haut_desktop.starting; print([m for m in {_HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

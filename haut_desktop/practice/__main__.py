"""Run the practice platform by itself: ``python -m haut_desktop.practice``."""

from haut_desktop.practice.server import main

if __name__ == "__main__":
    raise SystemExit(main())

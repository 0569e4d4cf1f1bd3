"""Where the frozen program begins."""

import multiprocessing

from haut_desktop.__main__ import run

if __name__ == "__main__":
    multiprocessing.freeze_support()
    run()

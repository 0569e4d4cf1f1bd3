"""Power loss, proven on Linux: whatever a cut leaves on the disk opens, and keeps its promises.

The real program works under ``strace``; what it writes, flushes, renames and unlinks is replayed on
a model of a disk that keeps nothing but what was flushed: a file's bytes by its own ``fsync``, a
name by the ``fsync`` of its folder. The power is cut after every operation, and what was not
flushed is lost, kept, torn or reordered. Each disk that can result is opened by the real program.

``python -m tests.faults.power_loss`` tries them all; the tests beside it try a fixed part.
"""

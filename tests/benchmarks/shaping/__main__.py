"""The link's own process: ``python -m tests.benchmarks.shaping PORT…``.

It forwards to these ports of this computer, says on one line of stdout where it listens, and takes
``BITS_PER_S ROUND_TRIP_S`` on each line of stdin, answered with the bytes carried there and back
since the last one. It ends with its stdin.
"""

import argparse
import asyncio
import sys
import threading

from tests.benchmarks.shaping.oneway import Shape
from tests.benchmarks.shaping.proxy import HOST, Proxy


def main() -> int:
    """Forward until stdin ends."""
    parser = argparse.ArgumentParser(prog="shaping", description=__doc__)
    parser.add_argument("ports", type=int, nargs="+", metavar="PORT")
    asyncio.run(_serve(parser.parse_args().ports))
    return 0


async def _serve(ports: list[int]) -> None:
    proxy = Proxy([(HOST, port) for port in ports])
    _say(*proxy.ports)
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def obey(line: str) -> None:
        bits_per_s, round_trip_s = map(float, line.split())
        _say(*proxy.reshape(Shape(bits_per_s, round_trip_s)))

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(obey, line)
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=listen, daemon=True).start()
    serving = asyncio.create_task(proxy.serve())
    await ended.wait()
    serving.cancel()
    await asyncio.wait((serving,))


def _say(*numbers: int) -> None:
    print(*numbers, flush=True)


if __name__ == "__main__":
    sys.exit(main())

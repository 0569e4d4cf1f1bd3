"""The hashes an object store reports: MD5 and CRC32C, both in base64."""

import base64
import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt

_POLYNOMIAL: Final = 0x82F63B78
"""Castagnoli, reflected (RFC 3720, appendix B.4)."""
_MOST_LANES: Final = 8192
_BYTES_PER_LANE: Final = 256
"""At the least: folding lanes has its price as well."""

_U32 = npt.NDArray[np.uint32]


def md5_base64(data: bytes) -> str:
    """MD5 of data as ``x-goog-hash`` and ``Content-MD5`` write it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def crc32c_base64(data: bytes) -> str:
    """CRC32C of data as ``x-goog-hash`` writes it: big-endian, base64."""
    return base64.b64encode(crc32c(data).to_bytes(4, "big")).decode()


def crc32c(data: bytes) -> int:
    """CRC32C of data.

    NumPy runs the table over many lanes at once and folds the lanes with the "append zeros"
    operator, as zlib's crc32_combine does; a plain loop would need ten seconds for 30 MiB.
    """
    lane_count = _choose_lanes(len(data))
    length = len(data) // lane_count
    head = length * lane_count
    register = np.full(1, 0xFFFFFFFF, np.uint32)
    if length:
        lanes = np.frombuffer(data, np.uint8, head).reshape(lane_count, length)
        crcs = np.zeros(lane_count, np.uint32)
        crcs[0] = 0xFFFFFFFF
        register = _fold(_run_lanes(np.ascontiguousarray(lanes.T), crcs), length)
    crc = int(register[0])
    for byte in data[head:]:
        crc = int(_TABLE[(crc ^ byte) & 0xFF]) ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _choose_lanes(size_bytes: int) -> int:
    """A power of two."""
    wanted = max(1, min(_MOST_LANES, size_bytes // _BYTES_PER_LANE))
    return 1 << (wanted.bit_length() - 1)


def _make_table() -> _U32:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table.astype(np.uint32)


_TABLE: Final = _make_table()


def _run_lanes(columns: npt.NDArray[np.uint8], crcs: _U32) -> _U32:
    for column in columns:
        crcs = _TABLE[(crcs ^ column) & 0xFF] ^ (crcs >> np.uint32(8))
    return crcs


def _fold(crcs: _U32, length: int) -> _U32:
    """One register for all lanes, each of them length bytes."""
    operator = _append_zeros(length)
    while len(crcs) > 1:
        crcs = _apply(operator, crcs[0::2]) ^ crcs[1::2]
        operator = _apply(operator, operator)
    return crcs


def _append_zeros(length: int) -> _U32:
    """The linear operator (image of each bit) that appends length zero bytes to a register."""
    result = np.uint32(1) << np.arange(32, dtype=np.uint32)
    power = _run_lanes(np.zeros((1, 32), np.uint8), result)
    while length:
        if length & 1:
            result = _apply(power, result)
        power = _apply(power, power)
        length >>= 1
    return result


def _apply(operator: _U32, registers: _U32) -> _U32:
    total = np.zeros_like(registers)
    for bit in range(32):
        total ^= np.where((registers >> np.uint32(bit)) & 1, operator[bit], np.uint32(0))
    return total

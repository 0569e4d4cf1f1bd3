"""The hashes an object store reports: MD5 and CRC32C, both in base64."""

import base64
import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt

_POLYNOMIAL: Final = 0x82F63B78
"""Castagnoli, reflected (RFC 3720, appendix B.4)."""
_SPARSE: Final = (6777, 484, 100, 0)
"""x^6777 + x^484 + x^100 + 1 is a multiple of the polynomial; found by trying all of four terms.

Squaring it doubles the exponents and leaves it a multiple, so its eighth power counts whole bytes.
"""
_SHORT_BYTES: Final = _SPARSE[0]

_U8 = npt.NDArray[np.uint8]


def md5_base64(data: bytes) -> str:
    """MD5 of data as ``x-goog-hash`` and ``Content-MD5`` write it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def crc32c_base64(data: bytes) -> str:
    """CRC32C of data as ``x-goog-hash`` writes it: big-endian, base64."""
    return base64.b64encode(crc32c(data).to_bytes(4, "big")).decode()


def crc32c(data: bytes) -> int:
    """CRC32C of data.

    A long message is first replaced by its remainder, which has the same checksum: a plain loop
    over 30 MiB would need ten seconds, this needs about as long as copying them three times.
    """
    if len(data) <= _SHORT_BYTES:
        return _run(data, 0xFFFFFFFF)
    message = np.frombuffer(data, np.uint8).copy()
    message[:4] ^= 0xFF  # the register's first value, moved into the message
    return _run(_shorten(message).tobytes(), 0)


def _shorten(message: _U8) -> _U8:
    """Remainder of the message by powers of the sparse multiple: a few XORs of long pieces."""
    while len(message) > _SHORT_BYTES:
        power = 1 << ((len(message) - 1) // _SHORT_BYTES).bit_length() - 1
        degree, *lower = (power * exponent for exponent in _SPARSE)
        width = min(degree - lower[0], len(message) - degree)
        for exponent in lower:
            begin = degree - exponent
            message[begin : begin + width] ^= message[:width]
        message = message[width:]
    return message


def _run(message: bytes, register: int) -> int:
    for byte in message:
        register = _TABLE[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register ^ 0xFFFFFFFF


def _make_table() -> tuple[int, ...]:
    def step(register: int) -> int:
        for _ in range(8):
            register = (register >> 1) ^ (_POLYNOMIAL if register & 1 else 0)
        return register

    return tuple(map(step, range(256)))


_TABLE: Final = _make_table()

"""Pictures made on the spot."""

import io
from functools import cache

from PIL import Image


@cache
def jpeg(width: int = 320, height: int = 240, colour: str = "tan") -> bytes:
    """A plain JPEG of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "JPEG")
    return buffer.getvalue()

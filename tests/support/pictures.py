"""Files of pictures, made by Pillow for the tests that upload them."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def picture_file(
    kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any
) -> bytes:
    """Return an encoded picture whose left half is red and right half blue."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def opened(raw: bytes) -> Image.Image:
    """Return a picture whose pixels are loaded."""
    image = Image.open(io.BytesIO(raw))
    image.load()
    return image

"""Read an uploaded picture and write it again as WebP in three sizes, without metadata. See docs/catalogue.md.

Nothing of the original file is stored: what is served was written by this module.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from portal.lib.errors import PortalError

MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 40_000_000
# The longest side in pixels of each size.
SIZES: Mapping[str, int] = {"small": 400, "medium": 800, "large": 1600}

_WAIT_SECONDS = 5
_RETRY_SECONDS = 5
# A picture of 40 million pixels takes some 300 MB while it is decoded.
_decoding = threading.BoundedSemaphore(1)


class PictureTooLarge(PortalError):
    """The file has more bytes than allowed; param at_most (MB)."""

    code = "picture_too_large"


class PictureTypeRefused(PortalError):
    """The file is no JPEG, PNG or WebP; param kind: what it is (SVG, GIF), empty if unknown."""

    code = "picture_type_refused"


class PictureAnimated(PortalError):
    """The picture moves."""

    code = "picture_animated"


class PictureTooManyPixels(PortalError):
    """The picture has too many pixels; params width, height and at_most (million pixels)."""

    code = "picture_too_many_pixels"


class PictureBroken(PortalError):
    """The file is damaged or incomplete."""

    code = "picture_broken"


class PictureBusy(PortalError):
    """Another picture is being processed; param retry_after (seconds)."""

    code = "picture_busy"


@dataclass(frozen=True)
class Picture:
    """A picture to store: its WebP files by size, the pixels of the largest, and the digest that names them."""

    digest: str
    width: int
    height: int
    files: Mapping[str, bytes]


def read_picture(raw: bytes, field: str = "picture") -> Picture:
    """Return a picture turned upright and written again in every size.

    Raises PictureTooLarge, PictureTypeRefused, PictureAnimated, PictureTooManyPixels or PictureBroken, naming the
    field, and PictureBusy while this process decodes another one.
    """
    if len(raw) > MOST_BYTES:
        raise PictureTooLarge(field=field, at_most=MOST_BYTES // 1024**2)
    with _one_at_a_time():
        try:
            from portal.lib.picture_files import rewrite  # noqa: PLC0415 - Pillow, which few processes need

            return rewrite(raw, field)
        except PortalError:
            raise
        except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError):
            # What Pillow raises for damaged files depends on the format and the place of the damage.
            raise PictureBroken(field=field) from None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _decoding.acquire(timeout=_WAIT_SECONDS):
        raise PictureBusy(retry_after=_RETRY_SECONDS)
    try:
        yield
    finally:
        _decoding.release()

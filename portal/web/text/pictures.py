"""The pictures of products as pages show them: addresses by size, and the alternative text of the page's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import get_locale

from portal.lib.pictures import SIZES

if TYPE_CHECKING:
    from models import ProductPicture


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture: the addresses of its sizes, one list of them for browsers to choose from, and its text."""

    small: str
    medium: str
    srcset: str
    width: int
    height: int
    alt: str


def picture_view(picture: ProductPicture | None) -> PictureView | None:
    """Return a picture for a page, None where the product has none."""
    if picture is None:
        return None
    urls = {size: _path(picture, size) for size in SIZES}
    longest = max(picture.width, picture.height)
    widths = {size: round(picture.width * min(1, side / longest)) or 1 for size, side in SIZES.items()}
    return PictureView(
        small=urls["small"],
        medium=urls["medium"],
        srcset=", ".join(f"{urls[size]} {widths[size]}w" for size in SIZES),
        width=picture.width,
        height=picture.height,
        alt=_alt_text(picture),
    )


def image_url(picture: ProductPicture | None, app_url: str) -> str | None:
    """Return the full address of a picture in its largest size for programs, None where the product has none."""
    return f"{app_url}{_path(picture, 'large')}" if picture else None


def _path(picture: ProductPicture, size: str) -> str:
    # Without the language of the page: a browser stores each picture once.
    return f"/pictures/{picture.digest}-{size}.webp"


def _alt_text(picture: ProductPicture) -> str:
    """Return the text in the language of the page, else the first there is."""
    texts: dict[str, str] = picture.alt_texts
    return texts.get(str(get_locale())) or next(iter(texts.values()), "")

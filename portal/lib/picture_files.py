"""Decode and encode pictures by Pillow. Its own module, so that a process without uploads does not load the library."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from portal.lib.pictures import (
    MOST_PIXELS,
    SIZES,
    Picture,
    PictureAnimated,
    PictureBroken,
    PictureTooManyPixels,
    PictureTypeRefused,
)

_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 82
_DIGEST_LENGTH = 32
_BITS_16 = 256
_HEAD = 1024
# The pixels are counted below, before anything is decoded, with a sentence of our own.
Image.MAX_IMAGE_PIXELS = None


def rewrite(raw: bytes, field: str) -> Picture:
    """Return a picture turned upright and written again in every size.

    Raises PictureTypeRefused, PictureAnimated, PictureTooManyPixels or PictureBroken, and for damaged files what Pillow
    raises.
    """
    return _write_sizes(_upright(_checked(raw, field)))


def _checked(raw: bytes, field: str) -> Image.Image:
    """Return an image whose header was read and whose pixels were not."""
    try:
        image = Image.open(io.BytesIO(raw), formats=_FORMATS)
    except UnidentifiedImageError:
        kind = _kind(raw)
        if kind in _FORMATS:
            raise PictureBroken(field=field) from None
        raise PictureTypeRefused(field=field, kind=kind) from None
    if getattr(image, "n_frames", 1) > 1:
        raise PictureAnimated(field=field)
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise PictureTooManyPixels(field=field, width=width, height=height, at_most=MOST_PIXELS // 1_000_000)
    return image


def _kind(raw: bytes) -> str:
    """Return what a file seems to be, for the sentence that refuses it."""
    head = raw[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    starts = {b"gif8": "GIF", b"\xff\xd8\xff": "JPEG", b"\x89png": "PNG", b"%pdf": "PDF", b"bm": "BMP"}
    starts |= {b"ii*\x00": "TIFF", b"mm\x00*": "TIFF"}
    if b"<svg" in head:
        return "SVG"
    if head[4:8] == b"ftyp":
        return "AVIF" if head[8:12] == b"avif" else "HEIC"
    if head[:4] == b"riff" and head[8:12] == b"webp":
        return "WEBP"
    return next((kind for start, kind in starts.items() if head.startswith(start)), "")


def _upright(image: Image.Image) -> Image.Image:
    """Return the pixels in RGB or RGBA, turned as the camera was held."""
    # A large JPEG is decoded at the nearest smaller scale.
    image.draft(None, (SIZES["large"], SIZES["large"]))
    image.load()
    return _in_srgb(ImageOps.exif_transpose(image))


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return an image in sRGB; its colour profile is applied where it is usable, and dropped."""
    if image.mode.startswith("I"):
        # 16 bits per pixel; a conversion would cut the bright half.
        return image.convert("I").point(lambda value: value * (1 / _BITS_16)).convert("L").convert("RGB")
    profile = image.info.get("icc_profile")
    if image.mode in ("P", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            return converted or image.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return image.convert("RGBA" if image.mode in ("RGBA", "LA", "La", "RGBa") else "RGB")


def _write_sizes(image: Image.Image) -> Picture:
    files: dict[str, bytes] = {}
    width, height = 0, 0
    for name, side in sorted(SIZES.items(), key=lambda size: -size[1]):
        image = image.copy()
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        width, height = (width, height) if files else image.size
        # A new image has pixels only: what the camera wrote stays behind.
        bare = Image.new(image.mode, image.size)
        bare.paste(image)
        buffer = io.BytesIO()
        bare.save(buffer, "WEBP", quality=_QUALITY, method=4)
        files[name] = buffer.getvalue()
    digest = hashlib.sha256(b"".join(files.values())).hexdigest()[:_DIGEST_LENGTH]
    return Picture(digest, width, height, files)

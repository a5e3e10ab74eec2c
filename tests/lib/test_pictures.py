"""Uploaded pictures: what is refused and why, and what is written instead of what is accepted."""

from __future__ import annotations

import io
import threading
from functools import cache

import pytest
from PIL import Image

from portal.lib import pictures
from portal.lib.errors import PortalError
from portal.lib.pictures import (
    MOST_BYTES,
    PictureAnimated,
    PictureBroken,
    PictureBusy,
    PictureTooLarge,
    PictureTooManyPixels,
    PictureTypeRefused,
    read_picture,
)
from tests.support.pictures import opened, picture_file


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@cache
def refused_files() -> dict[str, tuple[bytes, type[PortalError]]]:
    """Return files that are refused, and why."""
    other = [Image.new("RGB", (64, 48), "green")]
    return {
        "bomb": (_encoded(Image.new("1", (20_000, 20_000))), PictureTooManyPixels),
        "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', PictureTypeRefused),
        "gif": (picture_file("GIF"), PictureTypeRefused),
        "bmp": (picture_file("BMP"), PictureTypeRefused),
        "html": (b"<html><script>alert(1)</script>", PictureTypeRefused),
        "empty": (b"", PictureTypeRefused),
        "truncated jpeg": (picture_file("JPEG", (900, 700))[:2_000], PictureBroken),
        "truncated png": (picture_file("PNG", (900, 700))[:400], PictureBroken),
        "truncated webp": (picture_file("WEBP", (900, 700))[:200], PictureBroken),
        "png signature alone": (b"\x89PNG\r\n\x1a\n" + b"x" * 50, PictureBroken),
        "animated png": (picture_file("PNG", save_all=True, append_images=other), PictureAnimated),
        "animated webp": (picture_file("WEBP", save_all=True, append_images=other), PictureAnimated),
        "one byte too many": (
            picture_file() + b"\0" * (MOST_BYTES + 1 - len(picture_file())),
            PictureTooLarge,
        ),
    }


def test_file_is_refused_with_its_reason() -> None:
    for name, (raw, error) in refused_files().items():
        with pytest.raises(error) as refused:
            read_picture(raw)
        assert refused.value.field == "picture", name


def test_type_of_a_refused_file_is_named() -> None:
    for name, kind in {"svg": "SVG", "gif": "GIF", "bmp": "BMP", "html": ""}.items():
        with pytest.raises(PictureTypeRefused) as refused:
            read_picture(refused_files()[name][0])
        assert refused.value.params["kind"] == kind


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"),
        ("PNG", "LA"), ("PNG", "I;16"), ("WEBP", "RGB"), ("WEBP", "RGBA"),
    ],
)  # fmt: skip
def test_picture_is_written_in_three_sizes(kind: str, mode: str) -> None:
    source = "L" if mode == "I;16" else mode
    raw = picture_file(kind, (2_000, 1_000), source)
    if mode == "I;16":
        image = Image.new("I;16", (2_000, 1_000), 60_000)
        raw = _encoded(image)
    picture = read_picture(raw)
    assert {size: opened(file).size for size, file in picture.files.items()} == {
        "small": (400, 200), "medium": (800, 400), "large": (1_600, 800),
    }  # fmt: skip
    assert {opened(file).format for file in picture.files.values()} == {"WEBP"}
    assert (picture.width, picture.height) == (1_600, 800)
    if mode in ("RGB", "CMYK", "RGBA", "P"):
        red, green, blue = opened(picture.files["small"]).convert("RGB").getpixel((50, 100))
        assert red > 200
        assert max(green, blue) < 60


def test_small_picture_is_not_enlarged() -> None:
    assert {opened(file).size for file in read_picture(picture_file()).files.values()} == {(64, 48)}


def test_metadata_is_removed_and_the_orientation_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright: the stored left side is the top
    exif[0x010F] = "A camera of one's own"
    exif.get_ifd(0x8825)[1] = "N"
    raw = picture_file(exif=exif.tobytes(), comment=b"taken at home", icc_profile=b"not a profile")
    assert b"A camera" in raw
    picture = read_picture(raw)
    for file in picture.files.values():
        image = opened(file)
        assert image.size == (48, 64)
        assert not image.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & image.info.keys()
        assert b"camera" not in file
        top = image.convert("RGB").getpixel((24, 5))
        assert top[0] > 200


def test_transparency_stays() -> None:
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    assert opened(read_picture(_encoded(image)).files["small"]).convert("RGBA").getpixel((5, 5))[3] == 0


def test_same_picture_has_the_same_name() -> None:
    assert read_picture(picture_file()).digest == read_picture(picture_file(comment=b"x")).digest
    assert read_picture(picture_file()).digest != read_picture(picture_file(size=(64, 50))).digest


def test_one_picture_is_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slots = threading.BoundedSemaphore(1)
    monkeypatch.setattr(pictures, "_decoding", slots)
    monkeypatch.setattr(pictures, "_WAIT_SECONDS", 0)
    with slots, pytest.raises(PictureBusy) as busy:
        read_picture(picture_file())
    assert busy.value.params["retry_after"]
    assert read_picture(picture_file()).files

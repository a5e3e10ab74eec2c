"""Draw the pictures of the demo products: simple scenes of our own, a few kilobytes each."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageDraw

SIZE, _WRITTEN = (800, 600), (480, 360)
Pen = ImageDraw.ImageDraw


def draw_picture(slug: str) -> bytes | None:
    """Return the picture of a demo product as a PNG file, None for any other product."""
    scene = _SCENES.get(slug)
    if scene is None:
        return None
    background, draw = scene
    image = Image.new("RGB", SIZE, background)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 440, 800, 600), fill=_darker(image.getpixel((0, 0))))
    draw(pen)
    buffer = io.BytesIO()
    image = image.resize(_WRITTEN, Image.Resampling.LANCZOS)
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _darker(color: object) -> tuple[int, ...]:
    assert isinstance(color, tuple)
    return tuple(int(part * 0.86) for part in color)


def _tea(pen: Pen) -> None:
    pen.polygon([(280, 200), (520, 200), (550, 520), (250, 520)], fill="#c8a876")
    pen.rectangle((280, 160, 520, 210), fill="#b08d57")
    pen.ellipse((330, 290, 470, 430), fill="#f3ead8")
    for x, y in ((370, 330), (400, 310), (430, 335), (385, 370), (420, 375)):
        pen.ellipse((x - 16, y - 26, x + 16, y + 26), fill="#5c7f4a")


def _teapot(pen: Pen) -> None:
    pen.arc((470, 250, 660, 460), 270, 90, fill="#8a4b2f", width=28)
    pen.polygon([(150, 270), (190, 250), (320, 400), (290, 440)], fill="#a65b3a")
    pen.ellipse((240, 230, 580, 530), fill="#b5653f")
    pen.ellipse((320, 205, 500, 265), fill="#8a4b2f")
    pen.ellipse((390, 170, 430, 215), fill="#8a4b2f")


def _honey(pen: Pen) -> None:
    pen.rounded_rectangle((270, 210, 530, 530), 40, fill="#c7811f")
    pen.rounded_rectangle((260, 150, 540, 220), 16, fill="#7b5a2e")
    pen.rounded_rectangle((300, 310, 500, 450), 12, fill="#f7e7c2")
    for x, y in ((360, 350), (400, 350), (440, 350), (380, 390), (420, 390)):
        pen.regular_polygon((x, y, 22), 6, fill="#e0a63a", outline="#c7811f")


def _notebook(pen: Pen) -> None:
    pen.rounded_rectangle((270, 120, 560, 530), 14, fill="#2f5d62")
    pen.rectangle((270, 120, 310, 530), fill="#24484c")
    pen.rectangle((500, 120, 516, 530), fill="#d9a441")
    pen.rounded_rectangle((340, 190, 470, 250), 8, fill="#e8e2d0")


def _map(pen: Pen) -> None:
    for index, shade in enumerate(("#eadfc4", "#e0d2af", "#eadfc4", "#e0d2af")):
        left = 150 + index * 125
        slope = 30 if index % 2 else 0
        pen.polygon(
            [(left, 180 + slope), (left + 125, 210 - slope), (left + 125, 500 - slope), (left, 470 + slope)],
            fill=shade,
        )
    pen.line([(170, 420), (290, 330), (420, 380), (520, 260), (630, 300)], fill="#4d8fac", width=16)
    for x, y in ((260, 270), (400, 300), (560, 380)):
        pen.ellipse((x - 14, y - 14, x + 14, y + 14), fill="#c0503c")


def _lamp(pen: Pen) -> None:
    pen.polygon([(330, 330), (120, 560), (540, 560)], fill="#f8e8ae")
    pen.line([(520, 530), (470, 240), (360, 220)], fill="#444444", width=16)
    pen.pieslice((260, 180, 430, 350), 120, 330, fill="#3d5a80")
    pen.rounded_rectangle((460, 510, 600, 545), 12, fill="#444444")


def _box(pen: Pen) -> None:
    pen.rectangle((230, 260, 570, 520), fill="#7a9e7e")
    pen.rectangle((210, 220, 590, 280), fill="#64866a")
    pen.rectangle((380, 220, 420, 520), fill="#d8572a")
    pen.ellipse((310, 150, 400, 230), outline="#d8572a", width=18)
    pen.ellipse((400, 150, 490, 230), outline="#d8572a", width=18)


def _poster(pen: Pen) -> None:
    pen.rectangle((260, 80, 540, 480), fill="#ffffff", outline="#333333", width=10)
    pen.ellipse((340, 140, 460, 260), fill="#e9c46a")
    pen.polygon([(270, 470), (360, 300), (430, 390), (480, 330), (530, 470)], fill="#264653")


_SCENES: dict[str, tuple[str, Callable[[Pen], None]]] = {
    "mountain-tea": ("#dfe8d8", _tea),
    "clay-teapot": ("#efe3d6", _teapot),
    "honey-jar": ("#f6ecd2", _honey),
    "field-notebook": ("#dde7e6", _notebook),
    "city-map": ("#d9e4ea", _map),
    "reading-lamp": ("#e4e2ef", _lamp),
    "tea-gift-box": ("#f0e6e1", _box),
    "poster-print": ("#e6e9ec", _poster),
}

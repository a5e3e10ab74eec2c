"""A zip file made while it is read, so that it needs neither memory nor a temporary file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_PIECE = 32_768


def zip_pieces(files: Iterable[tuple[str, Iterable[str]]], at: datetime) -> Iterator[bytes]:
    """Yield a zip file of named texts in pieces; its files are dated `at` and written in UTF-8."""
    buffer = _Outlet()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, texts in files:
            entry = ZipInfo(name, at.timetuple()[:6])
            entry.compress_type = ZIP_DEFLATED
            # Its size is unknown yet, and may need more than 32 bits.
            with archive.open(entry, "w", force_zip64=True) as file:
                for text in texts:
                    file.write(text.encode())
                    if len(buffer) > _PIECE:
                        yield buffer.take()
    yield buffer.take()


class _Outlet(io.RawIOBase):
    """What a zip file writes to; it cannot be read or rewound, only emptied."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def __len__(self) -> int:
        return len(self._waiting)

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._waiting += piece
        return len(piece)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken

"""A zip file of parts that were compressed before, piece by piece and in several processes if need be.

The sizes are known, so nothing of a part is read before it is sent. Up to 4 GB, the limit of plain zip files.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MOST_BYTES = 2**32 - 1
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _DEFLATED = 20, 8
# 1 January 1980, the first day of the format: equal rows make equal files.
_TIME, _DATE = 0, 0x21


@dataclass(frozen=True)
class Part:
    """One file of a zip file: its name, checksum and size, and the compressed pieces with their size."""

    name: str
    crc: int
    size: int
    packed_size: int
    pieces: Iterable[bytes]


def pack(text: bytes, *, is_last: bool) -> bytes:
    """Return a compressed piece of a part; pieces that were compressed apart are joined as they are."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush(zlib.Z_FINISH if is_last else zlib.Z_FULL_FLUSH)


def whole_part(name: str, text: str) -> Part:
    """Return a short file as one part."""
    content = text.encode()
    packed = pack(content, is_last=True)
    return Part(name, zlib.crc32(content), len(content), len(packed), [packed])


def zip_size(parts: Sequence[Part]) -> int:
    """Return the size of the zip file in bytes."""
    heads = sum(_LOCAL.size + _CENTRAL.size + 2 * len(part.name) for part in parts)
    return heads + _END.size + sum(part.packed_size for part in parts)


def join_parts(parts: Sequence[Part]) -> Iterator[bytes]:
    """Yield a zip file of parts with ASCII names, piece by piece."""
    position, directory = 0, b""
    for part in parts:
        name = part.name.encode("ascii")
        entry = (_VERSION, 0, _DEFLATED, _TIME, _DATE, part.crc, part.packed_size, part.size, len(name), 0)
        head = _LOCAL.pack(b"PK\x03\x04", *entry) + name
        directory += _CENTRAL.pack(b"PK\x01\x02", _VERSION, *entry, 0, 0, 0, 0, position) + name
        yield head
        yield from part.pieces
        position += len(head) + part.packed_size
    end = _END.pack(b"PK\x05\x06", 0, 0, len(parts), len(parts), len(directory), position, 0)
    yield directory + end

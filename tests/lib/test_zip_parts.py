"""A zip file of parts that were compressed piece by piece is one that other programs read."""

from __future__ import annotations

import io
import zlib
from zipfile import ZipFile

from hypothesis import given
from hypothesis import strategies as st

from portal.lib.zip_parts import Part, join_parts, pack, whole_part, zip_size


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.text(max_size=50))
def test_pieces_are_read_back_as_one_file(contents: list[bytes], text: str) -> None:
    pieces = [pack(each, is_last=place == len(contents)) for place, each in enumerate(contents, 1)]
    whole = b"".join(contents)
    long = Part("long.bin", zlib.crc32(whole), len(whole), sum(map(len, pieces)), pieces)
    parts = [whole_part("short.txt", text), long]
    written = b"".join(join_parts(parts))
    assert len(written) == zip_size(parts)
    with ZipFile(io.BytesIO(written)) as archive:
        assert archive.testzip() is None
        assert archive.read("short.txt").decode() == text
        assert archive.read("long.bin") == whole

"""Static files: long caching of hashed names, short caching of plain names, nothing outside the folder."""

from __future__ import annotations

import pytest

from portal.lib.folders import STATIC
from portal.web.core.assets import asset
from tests.web.visitor import Visitor


def fetch(client: Visitor, url: str):
    answer = client.get(url)
    body = answer.data
    answer.close()
    return answer, body


def test_every_file_is_served_under_both_names(client: Visitor) -> None:
    for file in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        name = file.relative_to(STATIC).as_posix()
        hashed, body = fetch(client, asset(name))
        assert (hashed.status_code, body) == (200, file.read_bytes()), name
        assert hashed.headers["Cache-Control"] == "max-age=315360000, public, immutable", name
        plain, _ = fetch(client, f"/static/{name}")
        assert plain.status_code == 200, name
        assert "immutable" not in plain.headers["Cache-Control"], name


@pytest.mark.parametrize(
    "url",
    ["/static/", "/static/none.css", "/static/portal.000000000000.css", "/static/../settings.py",
     "/static/%2e%2e/settings.py", "/static/..%2fsettings.py", "/uk/static/portal.css", "/static/portal.css/"],
)  # fmt: skip
def test_other_paths_are_not_found(client: Visitor, url: str) -> None:
    answer, body = fetch(client, url)
    assert answer.status_code == 404
    assert b"SecretStr" not in body


def test_content_types_are_set(client: Visitor) -> None:
    for name, kind in (
        ("portal.css", "text/css"),
        ("portal.js", "text/javascript"),
        ("icons.svg", "image/svg+xml"),
    ):
        assert fetch(client, asset(name))[0].mimetype == kind


def test_missing_asset_raises() -> None:
    with pytest.raises(FileNotFoundError):
        asset("no-such-file.css")

"""`ring.js`: the served file, its headers, and the tag that loads it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from portal.dev.build_sdk import BUILT, SOURCE, VERSION, build
from portal.web.sdk.releases import integrity, newest_version
from tests.factories import make_store
from tests.web.visitor import Visitor

DOCUMENT = Path("docs/stores/snippet.md").read_text()
# Pages of stores name these hashes: a published version never changes, a change gets the next version and a line here.
PUBLISHED = {
    "1.0.0": "sha384-bFn/R/3gT8do3oRwl6EqDFCZV6ra3Lp5Su1RVq7x3tQa3aqIZqqiq9LdrTPd4CDK",
    "1.1.0": "sha384-aCRMU2QGKOE0C3GG80CzOLq07vQtpXLG7dCDOvgoh2Td64nAYnjfFu60VG6e38Cd",
}


def test_served_file_is_built_from_the_source() -> None:
    assert BUILT.read_text() == build(SOURCE.read_text()), "run python -m portal.dev.build_sdk"
    assert newest_version() == VERSION


def test_published_versions_never_change() -> None:
    assert {file.stem: integrity(file.stem) for file in BUILT.parent.iterdir()} == PUBLISHED


def test_snippet_is_small_and_names_nothing_that_blockers_refuse() -> None:
    text = BUILT.read_text()
    assert len(gzip.compress(text.encode(), 6)) <= 2048
    assert not re.search(r"referral|affiliate|track|\beval\b|new Function|\.style\b|innerHTML", text)


def test_build_shortens_declared_names_only() -> None:
    source = """// A comment.
(() => {
  const link = { text: "a // b", link2: 1 };
  // Another one.
  const shown = (text) => `${shown.length}: ${text} shown`;
  const { length } = link.text;
  return /[/"]shown/.test(length) || shown(link.text);
})();
"""
    assert build(source) == (
        '(()=>{const a={text:"a // b",link2:1};const b=(text)=>`${b.length}: ${text} shown`;'
        'const{length}=a.text;return/[/"]shown/.test(length)||b(a.text)})();\n'
    )


@pytest.mark.parametrize(
    ("version", "cache"),
    [(VERSION, {"public", "max-age=31536000", "immutable"}), ("v1", {"public", "max-age=600"})],
)
def test_script_may_be_loaded_by_any_page(client: Visitor, version: str, cache: set[str]) -> None:
    answer = client.get(f"/sdk/{version}/ring.js", headers={"Origin": "https://shop.example"})
    assert (answer.status_code, answer.data) == (200, BUILT.read_bytes())
    assert answer.mimetype == "text/javascript"
    assert set(re.split(r",\s*", answer.headers["Cache-Control"])) == cache
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not answer.headers.getlist("Set-Cookie")
    again = client.get(f"/sdk/{version}/ring.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("version", ["0.9.0", "v2", "..", "%2e%2e", "1.0.0.js"])
def test_unknown_version_is_not_found(client: Visitor, version: str) -> None:
    assert client.get(f"/sdk/{version}/ring.js").status_code == 404


def test_tag_names_the_newest_version_with_its_hash(client: Visitor) -> None:
    store = make_store()
    answer = client.get(f"/sdk/snippet/{store.public_id}")
    assert answer.mimetype == "text/plain"
    assert answer.text == (
        f'<script src="http://localhost/sdk/{VERSION}/ring.js" integrity="{PUBLISHED[VERSION]}" '
        f'crossorigin="anonymous" data-store="{store.public_id}" async></script>\n'
    )
    assert client.get("/sdk/snippet/nosuchstore").status_code == 404


def test_documented_attributes_are_those_of_the_snippet() -> None:
    read = re.search(r"const \{ (.*) \} = script\.dataset", SOURCE.read_text())
    assert read
    names = {f"data-{name}" for name in re.findall(r"([a-z]+)(?: = \"\")?", read[1])}
    assert set(re.findall(r"^\| `(data-[a-z]+)", DOCUMENT, re.MULTILINE)) == names


def test_documented_server_sets_the_cookie_of_the_request() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"__name__": __name__}
    exec(example, names)
    client = names["app"].test_client()
    assert not client.post("/keep-code", data={"ring_ref": "Ab3dE5gH"}).headers.getlist("Set-Cookie")
    client.set_cookie("ring_ref", "Ab3dE5gH")
    (cookie,) = client.post("/keep-code").headers.getlist("Set-Cookie")
    parts = {
        "ring_ref=Ab3dE5gH",
        "Domain=shop.example",
        "Secure",
        "Path=/",
        "SameSite=Lax",
        "Max-Age=2592000",
    }
    assert parts <= set(cookie.split("; "))
    assert "HttpOnly" not in cookie

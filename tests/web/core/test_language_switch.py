"""The language switch of pages that answer a form: it leads to pages, never to 405."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.web.core.test_paths import example_paths
from tests.web.visitor import Visitor

_LINK = re.compile(r'<a class="menu-item" href="([^"]+)" lang="(\w+)"')


def links(text: str) -> dict[str, str]:
    return {locale: url.replace("&amp;", "&") for url, locale in _LINK.findall(text)}


def test_every_page_that_answers_a_form_has_twins(app: Flask, client: Visitor) -> None:
    shown = 0
    for path in (each for each in example_paths(app) if not each.startswith("/api/")):
        for method in ("POST", "PUT", "DELETE", "GET"):
            answer = client.open(f"/uk{path}", method=method)
            twins = links(answer.text) if answer.mimetype == "text/html" else {}
            shown += bool(twins)
            for locale, url in twins.items():
                assert url.startswith(f"/{locale}/"), (path, url)
                assert client.get(url).status_code != 405, (path, url)
    assert shown > 100


@pytest.mark.parametrize(
    ("path", "referrer", "expected"),
    [
        ("/uk/logout", "http://localhost/uk/cart?a=1", "/ru/cart?a=1"),
        ("/logout", "http://localhost/cart", "/ru/cart"),
        ("/uk/logout", "http://localhost/uk/logout", "/ru/"),
        ("/uk/logout", "https://elsewhere.example/uk/trap", "/ru/"),
        ("/uk/cart?x=1", "http://localhost/uk/", "/ru/cart?x=1"),
        ("/uk/nowhere?x=1", "http://localhost/uk/cart", "/ru/nowhere?x=1"),
    ],
)
def test_the_twin_is_the_page_or_the_one_it_came_from(
    client: Visitor, path: str, referrer: str, expected: str
) -> None:
    assert links(client.post(path, headers={"Referer": referrer}).text)["ru"] == expected

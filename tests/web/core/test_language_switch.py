"""The language switch of pages that answer a form: it leads to pages, never to 405."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.factories import make_user
from tests.web.conftest import MakeApp, visitor
from tests.web.core.test_paths import example_paths
from tests.web.visitor import Visitor

_LINK = re.compile(r'<a class="menu-item" href="([^"]+)" lang="(\w+)"')

QUERY = "?cursor=&x=%C3%A9"


def links(text: str) -> dict[str, str]:
    return {locale: url.replace("&amp;", "&") for url, locale in _LINK.findall(text)}


@pytest.mark.slow
@pytest.mark.parametrize("role", ["visitor", "admin"])
def test_every_page_has_twins_that_open(app: Flask, database: str, role: str) -> None:
    browser = visitor(app, None if role == "visitor" else make_user(role=role))
    # Without a token the answer is that the page has expired, with one that the form or its target is wrong.
    form = {} if role == "visitor" else {"csrf_token": browser.token(), "x": "\u202e"}
    shown, opened = 0, {}
    for path in (each for each in example_paths(app) if not each.startswith("/api/") and each != "/logout"):
        for method in ("GET", "POST"):
            answer = browser.open(f"/uk{path}{QUERY}", method=method, data=form if method == "POST" else None)
            assert answer.status_code < 500, (method, path)
            twins = links(answer.text) if answer.mimetype == "text/html" else {}
            shown += bool(twins)
            for locale, url in twins.items():
                assert url.startswith(f"/{locale}/"), (path, url)
                assert method == "POST" or answer.status_code == 405 or url.endswith(QUERY), (path, url)
                # The twin of a page that was read is the same page in another language.
                if locale == "ru" and method == "POST" and url not in opened:
                    opened[url] = browser.get(url).status_code
                    assert opened[url] != 405, (path, url)
                    assert opened[url] < 500, (path, url)
    assert shown > 100


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_refused_methods_have_twins(client: Visitor, method: str) -> None:
    answer = client.open("/uk/cart?x=1", method=method)
    assert answer.status_code == 405
    assert links(answer.text)["ru"] == "/ru/cart?x=1"


def test_page_of_a_flood_and_of_a_large_form_have_twins(make_app: MakeApp) -> None:
    client = visitor(make_app(rate_limit_sign_in="1 per minute"))
    answers = [client.submit("/uk/login?next=/orders", {"email": "a@example.com"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [401, 429]
    answers.append(client.post("/uk/login?next=/orders", data={"email": "x" * 3_000_000}))
    assert answers[-1].status_code == 413
    assert {links(answer.text)["ru"] for answer in answers} == {"/ru/login?next=/orders"}


def test_steps_of_a_sign_in_have_twins(as_owner: Visitor) -> None:
    page = as_owner.get("/uk/account/confirm?next=%2Fuk%2Forders")
    assert links(page.text)["ru"] == "/ru/account/confirm?next=%2Fru%2Forders"


@pytest.mark.parametrize(
    ("path", "referrer", "expected"),
    [
        ("/uk/logout", "http://localhost/uk/cart?a=1", "/ru/cart?a=1"),
        ("/logout", "http://localhost/cart", "/ru/cart"),
        ("/uk/logout", "http://localhost/uk/logout", "/ru/"),
        ("/uk/account/security/email", "", "/ru/account/security"),
        ("/uk/logout", "https://elsewhere.example/uk/trap", "/ru/"),
        ("/uk/cart?x=1", "http://localhost/uk/", "/ru/cart?x=1"),
        ("/uk/nowhere?x=1", "http://localhost/uk/cart", "/ru/nowhere?x=1"),
    ],
)
def test_the_twin_is_the_page_or_the_one_it_came_from(
    client: Visitor, path: str, referrer: str, expected: str
) -> None:
    assert links(client.post(path, headers={"Referer": referrer}).text)["ru"] == expected

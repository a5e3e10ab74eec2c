"""The Host header chooses nothing: addresses come from APP_URL, or are paths."""

from __future__ import annotations

from itertools import product

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from models import Refcode, User
from tests.factories import make_code, make_order, make_product, new_address
from tests.support.routes import routes
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import compose_letter, rows
from tests.web.visitor import Visitor

EVIL = {
    "Host": "evil.example:8080",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "8080",
    "X-Forwarded-Prefix": "/evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Host": "evil.example",
    "X-Original-URL": "/evil.example",
    "X-Rewrite-URL": "/evil.example",
    "Forwarded": "for=1.2.3.4;host=evil.example;proto=https",
}


def opened(app: Flask, browser: Visitor, url: str, **options) -> TestResponse:
    """Open an address at another host with the cookies of a browser."""
    cookies = "; ".join(f"{each.key}={each.value}" for each in browser._cookies.values())
    client = app.test_client(use_cookies=False)
    headers = {**EVIL, "Cookie": cookies, **options.pop("headers", {})}
    answer = client.open(url, headers=headers, **options)
    answer.get_data()
    answer.close()
    return answer


def names_the_host(answer: TestResponse) -> bool:
    return b"evil" in answer.data or any("evil" in value for value in answer.headers.values())


@pytest.mark.slow
def test_no_route_names_the_host_of_the_request(app: Flask, admin: User, seller: User) -> None:
    make_order(admin, [(make_product(), 1)], code=make_code(seller), paid=True)
    browsers = {"": visitor(app), "/": visitor(app, admin), "/vendor": visitor(app, seller)}
    for browser in browsers.values():
        browser.token()
    count = 0
    for (_rule, method, url), (prefix, browser) in product(routes(app), browsers.items()):
        if url.startswith(prefix):
            answer = opened(app, browser, url, method=method)
            assert not names_the_host(answer), (method, url)
            count += answer.status_code == 200
    assert count > 60


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "//evil.example/%2f..", "/uk//evil.example/", "/%5cevil.example", "/cart/", "/LOGIN",
     "/login?next=//evil.example", "/uk/orders/", "/index.html", "/login?next=https://evil.example/"],
)  # fmt: skip
def test_redirects_stay_on_this_site(app: Flask, owner: User, path: str) -> None:
    for browser in (visitor(app), visitor(app, owner)):
        answer = opened(app, browser, path)
        target = answer.headers.get("Location", "/")
        assert target.startswith("/"), target
        assert not target.startswith(("//", "/\\")), target
        assert not any("Domain=" in header for header in answer.headers.getlist("Set-Cookie"))


def test_addresses_for_others_begin_with_the_configured_one(app: Flask, other: User, code: Refcode) -> None:
    browser = visitor(app, other)
    token = {"X-CSRFToken": browser.token()}
    (card,) = opened(app, browser, "/api/refcodes").json["codes"]
    assert card["shareUrl"] == f"http://localhost?ref={code.code}"
    assert opened(app, browser, "/openapi.json").json["servers"] == [{"url": "http://localhost"}]
    qr = f"/refcodes/{code.code}/qr.svg"
    assert opened(app, browser, qr).data == browser.get(qr).data
    url = "/api/account/wallets/challenge"
    message = opened(app, browser, url, method="POST", json={"address": new_address()}, headers=token).json
    assert message["message"].startswith("localhost wants you to sign in")
    assert "URI: http://localhost\n" in message["message"]


def test_payment_forms_and_letters_use_the_configured_address(app: Flask, owner: User) -> None:
    browser = visitor(app, owner)
    token = {"X-CSRFToken": browser.token()}
    order = make_order(owner, [(make_product(), 1)])
    body = {"orderId": order.id}
    form = opened(app, browser, "/api/store/payments/wayforpay", method="POST", json=body, headers=token)
    assert form.status_code == 200
    assert b"http://localhost/api/payments/wayforpay/webhook" in form.data
    assert not names_the_host(form)
    opened(app, browser, "/password/forgot", method="POST", data={"email": owner.email}, headers=token)
    letters = [compose_letter(browser, row) for row in rows()]
    assert letters
    for letter in letters:
        assert "http://localhost/" in letter.text
        assert "evil" not in f"{letter}"


def test_forwarded_host_of_a_trusted_proxy_changes_no_address(make_app: MakeApp, owner: User) -> None:
    app = make_app(trusted_proxies=1, app_url="http://localhost")
    for path in ("/", "/uk/login", "/none", "/orders", "/openapi.json"):
        answer = opened(app, visitor(app, owner), path)
        assert not names_the_host(answer), path

"""Response headers of every kind of response, and pages without inline code."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from models import Refcode, User
from portal.web.core.access import access_of
from portal.web.core.assets import asset
from tests.factories import (
    make_code,
    make_order,
    make_payment,
    make_product,
    make_reward,
    make_settlement,
    make_visits,
)
from tests.support.routes import routes
from tests.web.conftest import MakeApp, lose_database, visitor
from tests.web.visitor import Visitor

POLICY = "default-src 'self'; img-src 'self' data:; form-action 'self'"


COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TYPES_WITHOUT_CHARSET = {
    "application/json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def check_headers(answer: TestResponse, *, hsts: str | None = None) -> None:
    where, headers = f"{answer.request.method} {answer.request.path} {answer.status}", answer.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith(POLICY), where
    for directive in ("frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"):
        assert directive in policy, where
    assert "unsafe" not in policy, where
    assert {name: headers[name] for name in COMMON} == COMMON, where
    assert headers["Referrer-Policy"] in ("strict-origin-when-cross-origin", "no-referrer"), where
    assert "camera=()" in headers["Permissions-Policy"], where
    assert headers.get("Strict-Transport-Security") == hsts, where
    assert "Access-Control-Allow-Origin" not in headers, where
    assert "Server" not in headers, where
    if answer.data and headers["Content-Type"] not in TYPES_WITHOUT_CHARSET:
        assert "charset=" in headers["Content-Type"], where


def is_storable(answer: TestResponse) -> bool:
    return "no-store" not in answer.headers.get("Cache-Control", "")


def closed(answer: TestResponse) -> TestResponse:
    """Return a response whose body is read: a streamed one holds its request open."""
    answer.get_data()
    answer.close()
    return answer


@pytest.mark.slow
def test_every_route_has_security_headers(app: Flask, admin: User, seller: User) -> None:
    people = {"public": visitor(app), "admin": visitor(app, admin), "vendor": visitor(app, seller)}
    people["signed_in"] = people["admin"]
    tokens = {audience: {"X-CSRFToken": browser.token()} for audience, browser in people.items()}
    for rule, method, url in routes(app):
        audience = access_of(app, rule.endpoint).audience
        attempts = [("public", method), ("public", "TRACE"), (audience, method)]
        for person, name in attempts if audience != "public" else attempts[:2]:
            answer = closed(people[person].open(url, method=name, headers=tokens[person]))
            check_headers(answer)
            if audience != "public" and name == method:
                assert not is_storable(answer), (method, url, answer.status)


def test_every_other_response_has_security_headers(app: Flask, as_owner: Visitor) -> None:
    client = visitor(app)
    favicon = closed(client.get(asset("favicon.svg")))
    requests = [
        lambda: client.get("/static/portal.js"),
        lambda: client.head(asset("portal.css")),
        lambda: client.get(
            asset("favicon.svg"), headers={"If-Modified-Since": favicon.headers["Last-Modified"]}
        ),
        lambda: client.get(asset("portal.js"), headers={"Range": "bytes=0-9"}),
        lambda: client.get("/static/none.css"),
        lambda: client.get("/no-such-page"),
        lambda: client.get("/api/none"),
        lambda: client.get("/uk/"),
        lambda: client.get("//evil.example/%5c"),
        lambda: client.put("/orders"),
        lambda: client.options("/orders"),
        lambda: client.post("/login", data="x" * 300_000),
        lambda: client.get("/", headers={"Host": "bad host"}),
        lambda: client.post("/api/refcodes/track", json={"code": "unknown1"}),
        lambda: client.post("/api/refcodes/track", data="{"),
        lambda: as_owner.fragment("/refcodes"),
        lambda: as_owner.get("/refcodes.csv"),
        lambda: as_owner.get("/refcodes.xlsx"),
        lambda: as_owner.get("/admin/refcodes"),
    ]
    answers = [favicon, *(closed(send()) for send in requests)]
    assert {answer.status_code for answer in answers} >= {200, 206, 304, 400, 403, 404, 405, 413}
    for answer in answers:
        check_headers(answer)


def test_responses_without_the_database_have_security_headers(app: Flask, code: Refcode) -> None:
    client = visitor(app)
    lose_database()
    answer = client.post("/api/refcodes/track", json={"code": code.code})
    assert answer.status_code == 503
    check_headers(answer)


def test_https_sets_hsts_and_secure_cookies(make_app: MakeApp) -> None:
    client = make_app(app_url="https://shop.example").test_client()
    for path in ("/static/portal.css", "/none", "/api/none", "/orders"):
        check_headers(closed(client.get(path)), hsts="max-age=31536000")
    answer = make_app(app_url="https://shop.example").test_client().get("/")
    assert "Secure" in next(text for text in answer.headers.getlist("Set-Cookie") if "ring_session" in text)


def test_hsts_covers_subdomains_only_when_configured(make_app: MakeApp) -> None:
    def hsts(**settings: bool) -> str:
        answer = make_app(app_url="https://shop.example", **settings).test_client().get("/")
        return answer.headers["Strict-Transport-Security"]

    assert "includeSubDomains" not in hsts()
    assert hsts(hsts_include_subdomains=True).endswith("; includeSubDomains")


def test_policy_names_the_provider_page_and_the_logo_host(make_app: MakeApp) -> None:
    app = make_app(
        wayforpay_pay_url="https://pay.example:8443/form", brand_logo_url="https://cdn.example/a.svg"
    )
    policy = app.test_client().get("/").headers["Content-Security-Policy"]
    assert "form-action 'self' https://pay.example:8443;" in policy
    assert "img-src 'self' data: https://cdn.example;" in policy


def test_session_cookie_is_http_only(client: Visitor) -> None:
    (header,) = client.cookie_headers(client.get("/login"), "ring_session")
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path=/" in header


def test_pages_are_private_and_api_responses_are_not_stored(client: Visitor) -> None:
    assert client.get("/").headers["Cache-Control"] == "private, no-cache"
    assert client.get("/api/store/products").headers["Cache-Control"] == "no-store"
    assert client.get("/api/none").headers["Cache-Control"] == "no-store"


def test_private_downloads_are_not_stored(as_other: Visitor, code: Refcode) -> None:
    for path in (f"/refcodes/{code.code}/qr.svg", "/refcodes.csv"):
        answer = as_other.get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), path
        assert "Cookie" in answer.headers["Vary"], path


INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:|\shx-on", re.IGNORECASE)


def pages(app, owner: User, admin: User, seller: User):
    """Yield (name, text) of every page, filled with data."""
    code = make_code(owner)
    make_visits(code, {0: 3, 1: 8})
    product = make_product()
    order = make_order(admin, [(product, 1)], code=code, paid=True)
    make_payment(order, "paid")
    for status in ("pending_approval", "approved", "minting", "minted", "failed", "rejected"):
        make_reward(code, status)
    make_settlement(seller.vendor_set.get(), order_reference=order.order_reference)
    public = visitor(app)
    public.fill_cart((product.id, 1))
    for path in ("/", f"/products/{product.slug}", "/cart", "/login", "/register", "/none"):
        yield path, public.get(path).text
    buyer = visitor(app, admin)
    buyer.fill_cart((product.id, 1))
    for path in ("/checkout", "/orders", f"/checkout/processing/{order.order_reference}", "/membership"):
        yield path, buyer.get(path).text
    yield "leave", buyer.check_out("wayforpay").text
    for path in ("/admin/refcodes", "/admin/store/commissions", "/admin/audit",
                 f"/admin/audit?orderReference={order.order_reference}"):  # fmt: skip
        yield path, buyer.get(path).text
    reader = visitor(app, owner)
    for path in ("/refcodes", "/account/wallets", "/account/security", "/notifications"):
        yield path, reader.get(path).text
    yield "/vendor/earnings", visitor(app, seller).get("/vendor/earnings").text


def test_pages_have_no_inline_code(app, owner: User, admin: User, seller: User) -> None:
    inline_code = {
        name: INLINE.findall(text) for name, text in pages(app, owner, admin, seller) if INLINE.search(text)
    }
    assert not inline_code


def test_pages_load_nothing_from_other_hosts(app, owner: User, admin: User, seller: User) -> None:
    outside = re.compile(r'(?:src|href|action)="(?!/|#|\?)([^"]+)"')
    allowed = ("http://localhost/dev/wayforpay/pay",)
    for name, text in pages(app, owner, admin, seller):
        assert not [url for url in outside.findall(text) if url not in allowed], name


def test_element_ids_are_unique_in_each_page(app, owner: User, admin: User, seller: User) -> None:
    for name, text in pages(app, owner, admin, seller):
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), (name, {each for each in ids if ids.count(each) > 1})


@pytest.mark.parametrize("color", ["#ffffff", "#000000", "#3b4cca", "#ffd700"])
def test_brand_color_is_a_stylesheet(make_app: MakeApp, color: str) -> None:
    answer = make_app(brand_color=color).test_client().get("/brand.css")
    assert answer.mimetype == "text/css"
    assert f"--brand:{color}" in answer.text
    contrast = answer.text.split("--brand-contrast:")[1].split("}")[0]
    contrast, accent = contrast.split(";--accent:")
    assert accent == color
    assert contrast == ("#10141f" if color in ("#ffffff", "#ffd700") else "#ffffff")


def test_brand_name_and_logo_are_on_the_page(make_app: MakeApp) -> None:
    page = (
        make_app(brand_name="Löwen & Söhne", brand_logo_url="/static/favicon.svg").test_client().get("/").text
    )
    assert "Löwen &amp; Söhne" in page
    assert '<img class="brand-logo" src="/static/favicon.svg"' in page

"""The first-touch cookies of a landing page. See docs/rules/attribution.md."""

from __future__ import annotations

import pytest
from flask import Flask

from models import Refcode, User
from tests.factories import make_code, make_product
from tests.web.conftest import MakeApp, visitor
from tests.web.visitor import Visitor

TRACK = "/api/refcodes/track"
COOKIES = ("ring_ref", "ring_ref_visible")


def attributes(client: Visitor, response, name: str) -> set[str]:
    (header,) = client.cookie_headers(response, name)
    return {part.strip() for part in header.split(";")}


@pytest.mark.parametrize("path", ["/", "/uk/", "/ru/cart", "/en/login", "/register", "/refcodes"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_landing_page_sets_both_cookies(client: Visitor, code: Refcode, path: str, method: str) -> None:
    answer = client.open(f"{path}?ref={code.code}", method=method)
    common = {"Max-Age=2592000", "Path=/", "SameSite=Lax"}
    hidden, visible = (attributes(client, answer, name) for name in COOKIES)
    assert {f"ring_ref={code.code}", "HttpOnly", *common} <= hidden
    assert {f"ring_ref_visible={code.code}", *common} <= visible
    assert "HttpOnly" not in visible
    assert "Secure" not in hidden | visible
    assert "Cookie" in answer.vary


def test_product_page_is_a_landing_page(client: Visitor, code: Refcode) -> None:
    client.get(f"/uk/products/{make_product().slug}?utm_source=x&ref={code.code}")
    assert client.get_cookie("ring_ref").value == code.code


@pytest.mark.parametrize(
    ("path", "status"),
    [("/no-such-page", 404), ("/uk/products/no-longer-sold", 404), ("/products/none/", 404), ("/xx/", 404),
     ("/logout", 405), ("/RU/Logout/", 405), ("/orders", 303), ("/uk/checkout/", 303),
     ("/password/reset/expired-token", 410), ("/a/b/c/d.php", 404), ("/favicon.ico", 404), ("/cart/\x00", 404)],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_code_is_kept_whatever_the_response(
    client: Visitor, code: Refcode, path: str, status: int, method: str
) -> None:
    answer = client.open(path, method=method, query_string={"ref": code.code})
    assert answer.status_code == status
    for name in COOKIES:
        assert client.get_cookie(name).value == code.code


@pytest.mark.parametrize(
    ("path", "locale"),
    [("/cart/", "en"), ("/cart//", "en"), ("//cart", "en"), ("/CART", "en"), ("/index.html", "en"),
     ("/INDEX.HTM", "en"), ("/cart/index.html", "en"), ("/ua/", "uk"), ("/ua", "uk"), ("/UK/", "uk"),
     ("/Uk/Cart/", "uk"), ("/UA/cart", "uk"), ("/uk-UA/cart", "uk"), ("/en_us/", "en"), ("/en-GB/index.php", "en"),
     ("/RU", "ru"), ("/rus/cart", "ru"),
     ("//uk//cart/", "uk"), ("/Login", "en"), ("/uk/REGISTER/", "uk")],
)  # fmt: skip
def test_other_spelling_of_a_path_is_the_same_page(
    client: Visitor, code: Refcode, path: str, locale: str
) -> None:
    answer = client.get(f"/?ref={code.code}", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 200
    assert f'<html lang="{locale}">' in answer.text
    assert client.get_cookie("ring_ref").value == code.code


@pytest.mark.parametrize(
    "path", ["/products/{}/", "/Products/{}", "/PRODUCTS/{}", "/ua/products/{}", "/products/{}/index.html"]
)
def test_product_is_found_by_any_spelling(client: Visitor, path: str) -> None:
    slug = make_product().slug
    for spelling in (slug, slug.upper(), slug.title()):
        assert client.get(path.format(spelling)).status_code == 200


def test_cookies_are_secure_over_https(make_app: MakeApp, code: Refcode) -> None:
    client = make_app(app_url="https://shop.example").test_client()
    answer = client.get(f"/?ref={code.code}")
    for name in COOKIES:
        assert "Secure" in attributes(client, answer, name)
    proxied = make_app().test_client()
    answer = proxied.get(f"/?ref={code.code}", base_url="https://localhost")
    for name in COOKIES:
        assert "Secure" in attributes(proxied, answer, name)


def test_first_touch_wins(client: Visitor, code: Refcode) -> None:
    client.get(f"/?ref={code.code}")
    answer = client.get("/?ref=ABCDEFGH")
    for name in COOKIES:
        assert client.cookie_headers(answer, name) == []
        assert client.get_cookie(name).value == code.code


def test_well_formed_code_is_stored_without_lookup(client: Visitor) -> None:
    # The code is verified where it is used, so a landing page costs no query.
    client.get("/?ref=ABCDEFGH")
    assert client.get_cookie("ring_ref").value == "ABCDEFGH"


MALFORMED = [
    "ref=", "ref=short", "ref=ABCDEFGHJ", "ref=ABCDEFG0", "ref=ABCDEFGO", "ref=ABCDEFGI", "ref=ABCDEFG1",
    "ref=ABCDEFGl", "ref=ABCD%20EFG", "ref=ABCD%20EFGH", "ref=ABCDEFG%0A", "ref=%C3%A9BCDEFG", "ref=ABCDEFG;",
    "ref=<script>", "ref=%FF%FE", "ref=ABCDEFGH'x", "ref=ABCDEFGH.x", "ref=x.ABCDEFGH", "referral=ABCDEFGH",
    "ref=ABCDEFGHABCDEFGH", "utm_source=ABCDEFGH",
]  # fmt: skip


def test_malformed_code_sets_no_cookie(client: Visitor) -> None:
    for query in MALFORMED:
        answer = client.get(f"/?{query}")
        assert answer.status_code == 200, query
        for name in COOKIES:
            assert client.cookie_headers(answer, name) == [], query


MANGLED = [
    "ref=ABCDEFGH.", "ref=ABCDEFGH%20", "ref=ABCDEFGH%0A", "ref=ABCDEFGH)", "ref=%22ABCDEFGH%22",
    "ref=ABCDEFGH%E2%80%8B", "ref=ABCDEFGH%C2%BB,", "ref=*ABCDEFGH*", "ref=_ABCDEFGH_", "ref=ABCDEFGH/",
    "ref=%41BCDEFG%48", "REF=ABCDEFGH", "Ref=ABCDEFGH", "utm_source=x&amp;ref=ABCDEFGH",
    "utm_source=x?ref=ABCDEFGH", "a=1;ref=ABCDEFGH", "ref=ABCDEFGH&utm_source=x&fbclid=y",
    "ref=ABCDEFGH?utm_source=x", "ref=ABCDEFGH%26utm_source%3Dx", "ref=ABCDEFGH%23top", "gclid=z&ref=ABCDEFGH",
    "ref=&ref=ABCDEFGH", "ref=bad!&ref=ABCDEFGH", "ref=ABCDEFGH&ref=JKLMNPQR", "ref=ABCDEFGH&REF=JKLMNPQR",
]  # fmt: skip


def test_code_survives_mangled_links(app: Flask) -> None:
    for query in MANGLED:
        client = visitor(app)
        client.get(f"/?{query}")
        for name in COOKIES:
            assert client.get_cookie(name).value == "ABCDEFGH", query


@pytest.mark.parametrize(
    "cookie", ["", "ABCDEFG0", "a" * 4000, "%00", '"; drop', "ABCDEFGH%20", "💥".encode().hex()]
)
def test_tampered_cookie_is_replaced(client: Visitor, code: Refcode, cookie: str) -> None:
    client.set_cookie("ring_ref", cookie)
    assert client.get(f"/?ref={code.code}").status_code == 200
    assert client.get_cookie("ring_ref").value == code.code


def test_visible_cookie_is_ignored(client: Visitor, code: Refcode) -> None:
    client.set_cookie("ring_ref_visible", "JKLMNPQR")
    client.get(f"/?ref={code.code}")
    assert client.get_cookie("ring_ref").value == code.code


def test_unknown_code_is_forgotten_for_the_next_link(client: Visitor, code: Refcode, other: User) -> None:
    inactive = make_code(other, active=False)
    client.get(f"/?ref={inactive.code}")
    assert client.post(TRACK, json={"code": inactive.code}).status_code == 404
    for name in COOKIES:
        assert client.get_cookie(name) is None
    client.get(f"/?ref={code.code}")
    assert client.get_cookie("ring_ref").value == code.code


def test_beacon_of_another_code_keeps_the_first_touch(client: Visitor, code: Refcode) -> None:
    client.get(f"/?ref={code.code}")
    assert client.post(TRACK, json={"code": "nosuchcd"}).status_code == 404
    assert client.get_cookie("ring_ref").value == code.code


def test_raw_bytes_in_the_query_are_ignored(client: Visitor) -> None:
    answer = client.get("/", environ_overrides={"QUERY_STRING": "ref=\xff&x=\xc3"})
    assert answer.status_code == 200
    assert client.get_cookie("ring_ref") is None


def test_malformed_cookie_does_not_block_the_first_touch(client: Visitor, code: Refcode) -> None:
    client.set_cookie("ring_ref", "nonsense!")
    client.get(f"/?ref={code.code}")
    assert client.get_cookie("ring_ref").value == code.code


def test_other_routes_set_no_cookie(client: Visitor, code: Refcode) -> None:
    query = f"?ref={code.code}"
    answers = [
        client.get(f"/api/store/products{query}"),
        client.get(f"/api/none{query}"),
        client.get(f"/healthz{query}"),
        client.get(f"/brand.css{query}"),
        client.get(f"/static/portal.css{query}"),
        client.submit(f"/cart{query}"),
    ]
    for answer in answers:
        for name in COOKIES:
            assert client.cookie_headers(answer, name) == [], answer.request.path
        answer.close()


# What browsers send when a page of another site loads a link without opening it.
EMBEDDED = [
    {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Dest": "frame", "Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Dest": "fencedframe", "Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Dest": "object", "Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Dest": "embed", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Dest": "script", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Dest": "style", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"},
    {"Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Dest": "image"},
]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_embedded_link_is_no_landing(client: Visitor, code: Refcode, site: str) -> None:
    for headers in EMBEDDED:
        for path in ("/", "/uk/products/none", "/orders", "/logout"):
            client.get(f"{path}?ref={code.code}", headers={**headers, "Sec-Fetch-Site": site})
        assert not any(client.get_cookie(name) for name in COOKIES), headers


@pytest.mark.parametrize("site", ["none", "same-origin", "same-site", "cross-site"])
def test_page_opened_from_anywhere_is_a_landing(client: Visitor, code: Refcode, site: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    client.get(f"/?ref={code.code}", headers=headers)
    for name in COOKIES:
        assert client.get_cookie(name).value == code.code


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"},
     {"X-Moz": "prefetch"}, {"X-Purpose": "preview"}],
)  # fmt: skip
def test_prefetched_link_lands_when_it_is_opened(
    client: Visitor, code: Refcode, headers: dict[str, str]
) -> None:
    # A browser drops the failed prefetch and sends the request again.
    answer = client.get(f"/?ref={code.code}", headers=headers)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    assert not any(client.get_cookie(name) for name in COOKIES)
    client.get(f"/?ref={code.code}")
    assert client.get_cookie("ring_ref").value == code.code
    assert client.get(f"/?ref={code.code}", headers=headers).status_code == 200
    assert client.get("/", headers=headers).status_code == 200

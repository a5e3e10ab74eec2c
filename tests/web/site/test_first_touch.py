"""The first-touch cookies of a landing page (SPEC section 2.1)."""

from __future__ import annotations

import pytest

from models import Refcode
from tests.factories import make_product
from tests.web.conftest import MakeApp
from tests.web.visitor import Visitor

COOKIES = ("ring_ref", "ring_ref_visible")


def attributes(client: Visitor, response, name: str) -> set[str]:
    (header,) = client.cookie_headers(response, name)
    return {part.strip() for part in header.split(";")}


@pytest.mark.parametrize("path", ["/", "/uk/", "/ru/cart", "/en/login", "/register", "/refcodes"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_any_landing_page_sets_both_cookies(client: Visitor, code: Refcode, path: str, method: str) -> None:
    answer = client.open(f"{path}?ref={code.code}", method=method)
    common = {"Max-Age=2592000", "Path=/", "SameSite=Lax"}
    hidden, visible = (attributes(client, answer, name) for name in COOKIES)
    assert {f"ring_ref={code.code}", "HttpOnly", *common} <= hidden
    assert {f"ring_ref_visible={code.code}", *common} <= visible
    assert "HttpOnly" not in visible
    assert "Secure" not in hidden | visible
    assert "Cookie" in answer.vary


def test_a_product_page_is_a_landing_page(client: Visitor, code: Refcode) -> None:
    client.get(f"/uk/products/{make_product().slug}?utm_source=x&ref={code.code}")
    assert client.get_cookie("ring_ref").value == code.code


def test_under_https_the_cookies_are_secure(make_app: MakeApp, code: Refcode) -> None:
    client = make_app(app_url="https://shop.example").test_client()
    answer = client.get(f"/?ref={code.code}")
    for name in COOKIES:
        assert "Secure" in attributes(client, answer, name)
    behind = make_app().test_client()
    answer = behind.get(f"/?ref={code.code}", base_url="https://localhost")
    for name in COOKIES:
        assert "Secure" in attributes(behind, answer, name)


def test_the_first_touch_wins(client: Visitor, code: Refcode) -> None:
    client.get(f"/?ref={code.code}")
    answer = client.get("/?ref=ABCDEFGH")
    for name in COOKIES:
        assert client.cookie_headers(answer, name) == []
        assert client.get_cookie(name).value == code.code


def test_a_well_formed_code_needs_no_look_up(client: Visitor) -> None:
    # Whether it is known is asked where it is used, so a landing page costs no query.
    client.get("/?ref=ABCDEFGH")
    assert client.get_cookie("ring_ref").value == "ABCDEFGH"


@pytest.mark.parametrize(
    "query",
    ["ref=", "ref=short", "ref=ABCDEFGHJ", "ref=ABCDEFG0", "ref=ABCDEFGI", "ref=ABCDEFGl", "ref=ABCD%20EFG",
     "ref=ABCDEFG%0A", "ref=%C3%A9BCDEFG", "ref=ABCDEFG;", "REF=ABCDEFGH", "ref=<script>", "ref=%FF%FE"],
)  # fmt: skip
def test_what_is_no_code_sets_nothing(client: Visitor, query: str) -> None:
    answer = client.get(f"/?{query}")
    assert answer.status_code == 200
    for name in COOKIES:
        assert client.cookie_headers(answer, name) == []


def test_raw_bytes_in_the_query_are_answered(client: Visitor) -> None:
    answer = client.get("/", environ_overrides={"QUERY_STRING": "ref=\xff&x=\xc3"})
    assert answer.status_code == 200
    assert client.get_cookie("ring_ref") is None


def test_a_malformed_cookie_does_not_keep_the_first_touch_out(client: Visitor, code: Refcode) -> None:
    client.set_cookie("ring_ref", "nonsense!")
    client.get(f"/?ref={code.code}")
    assert client.get_cookie("ring_ref").value == code.code


def test_what_is_no_landing_page_sets_nothing(client: Visitor, as_owner: Visitor, code: Refcode) -> None:
    query = f"?ref={code.code}"
    answers = [
        client.get(f"/api/store/products{query}"),
        client.get(f"/no-such-page{query}"),
        client.get(f"/products/none{query}"),
        client.get(f"/healthz{query}"),
        client.get(f"/brand.css{query}"),
        client.get(f"/static/portal.css{query}"),
        client.submit(f"/cart{query}"),
        as_owner.get(f"/admin/refcodes{query}"),
    ]
    for answer in answers:
        for name in COOKIES:
            assert client.cookie_headers(answer, name) == [], answer.request.path
        answer.close()

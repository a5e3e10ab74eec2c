"""`ring.js` on pages of stores that are not ours: hosts, policies, consent, failures. See docs/stores/snippet.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from portal.dev.build_sdk import VERSION
from portal.web.sdk.releases import integrity
from tests.support.portals import RunningPortal
from tests.support.shop_pages import Shop, shop_pages

DOCUMENT = Path("docs/stores/snippet.md")
OTHER_CODE = "ABCDEFGH"
# As a store with strict rules sends it; the address of the portal is filled in.
STRICT = "default-src 'none'; script-src {0}; connect-src 'self' {0}; base-uri 'none'; form-action 'self'"
REFUSED_COOKIES = 'Object.defineProperty(Document.prototype, "cookie", { get: () => "", set() {} });'
HOSTS = (
    "a.shop.example.test",
    "b.shop.example.test",
    "alice.github.io",
    "a.shop.localhost",
    "shop.example.test",
)

Visits = Callable[[], int]
Visitor = Callable[..., Page]


@pytest.fixture(scope="module")
def shop(portal: RunningPortal) -> Iterator[Shop]:
    with shop_pages(portal.url) as running:
        yield running


@pytest.fixture(scope="module")
def database(portal: RunningPortal) -> Iterator[Any]:
    opened = psycopg2.connect(portal.description["databaseUrl"])
    opened.autocommit = True
    with opened.cursor() as cursor:
        yield cursor
    opened.close()


@pytest.fixture(scope="module")
def store(shop: Shop, database: Any) -> str:
    """Connect a store with the origins of the tests and return its public id."""
    database.execute(
        "INSERT INTO stores (public_id, name, platform, collected_by, default_vendor_id, origins)"
        " VALUES ('SnippetTst', 'Mugs', 'api', 'store', (SELECT min(id) FROM vendors), %s)",
        [[shop.url(host, "") for host in HOSTS]],
    )
    return "SnippetTst"


@pytest.fixture
def code(portal: RunningPortal) -> str:
    return str(portal.description["referralLink"]).rpartition("=")[2]


@pytest.fixture
def visits(database: Any, code: str) -> Visits:
    """Return a function that returns the number of arrivals counted since the test began."""

    def total() -> int:
        database.execute("SELECT visits_total FROM refcodes WHERE code = %s", [code])
        return int(database.fetchone()[0])

    before = total()
    return lambda: total() - before


@pytest.fixture
def tag(shop: Shop, portal: RunningPortal, store: str) -> Callable[..., str]:
    """Return a function that returns the tag of the snippet; the page has no policy until a test sets one."""
    shop.policy = ""
    shop.posted.clear()

    def make(attributes: str = "", src: str = f"{portal.url}/sdk/v1/ring.js") -> str:
        return f'<script src="{src}" data-store="{store}" {attributes} async></script>'

    return make


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")


def cookies(page: Page) -> dict[str, Any]:
    return {cookie["name"]: cookie for cookie in page.context.cookies() if cookie["name"].startswith("ring_")}


def test_link_is_stored_counted_and_filled_in_under_a_strict_policy(
    visitor: Visitor, shop: Shop, portal: RunningPortal, store: str, code: str, visits: Visits
) -> None:
    page = visitor()
    snippet = page.request.get(f"{portal.url}/sdk/snippet/{store}").text()
    assert f"/sdk/{VERSION}/ring.js" in snippet
    shop.policy = STRICT.format(portal.url)
    shop.page = (
        f'<html lang="uk-UA"><head><title>Shop</title>{snippet}</head><body>'
        '<ring-badge></ring-badge><form><input name="ring_ref"><input name="ring_via"></form></body></html>'
    )
    violations: list[str] = []
    page.on("console", lambda message: violations.append(message.text) if message.type == "error" else None)
    link = f"/mugs?utm_source=x&amp;REF=%22{code}%22.&via=spring-post"
    open_page(page, shop.url("a.shop.example.test", link))
    expect(page.locator("input[name=ring_ref]")).to_have_value(code)
    expect(page.locator("input[name=ring_via]")).to_have_value("spring-post")
    badge = page.get_by_role("status")
    expect(badge).to_contain_text(f"Реферальний код {code} застосовано")
    expect(badge).to_have_attribute("lang", "uk")
    stored = cookies(page)
    assert set(stored) == {"ring_ref", "ring_via", "ring_seen"}
    assert {cookie["domain"] for cookie in stored.values()} == {".example.test"}
    assert (stored["ring_ref"]["value"], stored["ring_ref"]["sameSite"]) == (code, "Lax")
    assert visits() == 1
    # Another sub-domain knows the first code, and nothing is counted again.
    open_page(page, shop.url("b.shop.example.test", f"/?ref={OTHER_CODE}&via=other"))
    page.reload()
    page.evaluate("document.forms[0].innerHTML += '<p><input type=hidden name=ring_ref id=late></p>'")
    expect(page.locator("#late")).to_have_value(code)
    assert (page.evaluate("ring.code"), cookies(page)["ring_via"]["value"]) == (code, "spring-post")
    assert visits() == 1
    assert not violations


def test_public_suffix_keeps_the_cookie_of_each_site(
    visitor: Visitor, shop: Shop, tag: Callable[..., str], code: str
) -> None:
    page = visitor()
    shop.page = tag()
    open_page(page, shop.url("alice.github.io", f"/?ref={code}"))
    assert cookies(page)["ring_ref"]["domain"] == ".alice.github.io"
    open_page(page, shop.url("bob.github.io"))
    assert page.evaluate("ring.code") is None
    assert "ring_try" not in cookies(page)


def test_nothing_is_stored_or_sent_before_consent(
    visitor: Visitor, shop: Shop, tag: Callable[..., str], code: str, visits: Visits
) -> None:
    page = visitor()
    shop.page = tag("data-consent=required")
    shop.page += '<a href="/mugs">Mugs</a><input name="ring_ref"><ring-badge></ring-badge>'
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/api/" in request.url else None)
    open_page(page, shop.url("shop.example.test", f"/?ref={code}&via=blog"))
    page.get_by_role("link").click()
    page.wait_for_url(f"**/mugs?ref={code}&via=blog")
    page.wait_for_load_state("networkidle")
    page.evaluate("ring.consent(false)")
    assert (cookies(page), sent, page.locator("input").input_value()) == ({}, [], "")
    with page.expect_response("**/api/v1/arrivals"):
        page.evaluate("ring.consent(true)")
    expect(page.locator("input")).to_have_value(code)
    assert (cookies(page)["ring_ref"]["value"], visits()) == (code, 1)
    # The cookie is the answer of the visitor on later pages, until it is withdrawn.
    open_page(page, shop.url("shop.example.test"))
    expect(page.locator("input")).to_have_value(code)
    page.evaluate("ring.consent(false)")
    assert (cookies(page), page.evaluate("ring.code")) == ({}, 0)
    open_page(page, shop.url("shop.example.test"))
    assert page.locator("input").input_value() == ""
    shop.page = f"<script>ringConsent = true</script>{shop.page}"
    open_page(page, shop.url("shop.example.test", f"/?ref={code}"))
    assert "ring_ref" in cookies(page)


def test_unregistered_origin_counts_nothing(
    visitor: Visitor, shop: Shop, tag: Callable[..., str], code: str, visits: Visits
) -> None:
    page = visitor()
    shop.page = tag()
    open_page(page, shop.url("evil.example.test", f"/?ref={code}"))
    assert (cookies(page)["ring_ref"]["value"], visits()) == (code, 0)


def test_page_works_when_script_beacon_or_cookies_are_refused(
    visitor: Visitor, shop: Shop, tag: Callable[..., str], portal: RunningPortal, code: str, visits: Visits
) -> None:
    page, address = visitor(), shop.url("shop.example.test", f"/?ref={code}")
    wrong_hash = f'integrity="sha384-{"A" * 64}" crossorigin="anonymous"'
    shop.page = f'{tag(wrong_hash)}<h1>Mugs</h1><input name="ring_ref">'
    open_page(page, address)
    assert (page.locator("input").input_value(), page.evaluate("typeof ring"), cookies(page)) == (
        "",
        "undefined",
        {},
    )
    # A beacon that is blocked is sent by the next page.
    shop.page = f'{tag()}<input name="ring_ref">'
    shop.policy = f"script-src {portal.url}"
    page.route("**/api/v1/arrivals", lambda route: route.abort())
    open_page(page, address)
    expect(page.locator("input")).to_have_value(code)
    assert visits() == 0
    page.unroute("**/api/v1/arrivals")
    open_page(page, shop.url("shop.example.test"))
    assert visits() == 1
    # Without cookies the page with the link still knows the code.
    page = visitor()
    page.add_init_script(REFUSED_COOKIES)
    open_page(page, address)
    page.reload()
    page.wait_for_load_state("networkidle")
    expect(page.locator("input")).to_have_value(code)
    assert (cookies(page), visits()) == ({}, 2)


def test_code_that_does_not_exist_is_forgotten(visitor: Visitor, shop: Shop, tag: Callable[..., str]) -> None:
    page = visitor()
    shop.page = tag()
    open_page(page, shop.url("a.shop.localhost", f"/?ref={OTHER_CODE}"))
    assert cookies(page) == {}


def test_links_carts_and_the_server_of_the_store_get_the_code(
    visitor: Visitor, shop: Shop, tag: Callable[..., str], code: str
) -> None:
    page = visitor()
    attributes = 'data-params="Aff, partner" data-domains="other.test" data-cart="shopify" data-keep="/keep"'
    links = {
        "stripe": "https://buy.stripe.com/test_1?prefilled_email=a%40b.example",
        "given": "https://buy.stripe.com/test_1?client_reference_id=mine",
        "other": "https://www.other.test/mugs",
        "foreign": "https://not-other.test/",
        "own": "/mugs",
    }
    shop.page = tag(attributes) + "".join(f'<a id="{name}" href="{url}">x</a>' for name, url in links.items())
    shop.page += '<stripe-buy-button buy-button-id="b"></stripe-buy-button>'
    page.route(re.compile("stripe|other"), lambda route: route.fulfill(body="elsewhere"))
    open_page(page, shop.url("a.shop.localhost", f"/?aff={code}&via=Spring"))
    page.evaluate("addEventListener('click', (event) => event.preventDefault())")
    for name in links:
        page.locator(f"#{name}").click()
    assert {name: page.locator(f"#{name}").get_attribute("href") for name in links} == {
        **links,
        "stripe": f"{links['stripe']}&client_reference_id={code}",
        "other": f"{links['other']}?ref={code}&via=Spring",
    }
    expect(page.locator("stripe-buy-button")).to_have_attribute("client-reference-id", code)
    attributes_of_cart = {"attributes": {"ring_ref": code, "ring_via": "Spring"}}
    assert [json.loads(body) for path, body in shop.posted if path == "/cart/update.js"] == [
        attributes_of_cart
    ]
    open_page(page, shop.url("a.shop.localhost", "/en/cart"))
    assert sorted(path for path, _body in shop.posted) == ["/cart/update.js", "/cart/update.js", "/keep"]


def test_snippet_on_the_own_host_of_the_store_needs_no_other_origin(
    visitor: Visitor, shop: Shop, tag: Callable[..., str], code: str, visits: Visits
) -> None:
    page = visitor()
    shop.policy = "default-src 'none'; script-src 'self'; connect-src 'self'"
    shop.page = f"{tag(src='/ring/sdk/v1/ring.js')}<ring-badge></ring-badge>"
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if ".test" not in request.url else None)
    open_page(page, shop.url("shop.example.test", f"/?ref={code}"))
    expect(page.get_by_role("status")).to_contain_text(code)
    assert (visits(), elsewhere) == (1, [])


def test_snippet_is_seen_by_the_portal(
    visitor: Visitor, shop: Shop, tag: Callable[..., str], database: Any, store: str, code: str
) -> None:
    database.execute("UPDATE stores SET snippet_seen_at = NULL WHERE public_id = %s", [store])
    shop.page = tag()
    open_page(visitor(), shop.url("shop.example.test", f"/?ref={code}"))
    database.execute("SELECT snippet_seen_at IS NOT NULL FROM stores WHERE public_id = %s", [store])
    assert database.fetchone() == (True,)


def test_documented_pages_work_as_they_stand(
    visitor: Visitor, shop: Shop, tag: Callable[..., str], portal: RunningPortal, store: str, code: str
) -> None:
    blocks = re.findall(r"^```html\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        page = visitor()
        filled = block.replace("https://portal.example", portal.url).replace("b7Kq2mZx9R", store)
        shop.page = filled.replace("SHA384_OF_THIS_VERSION", integrity(VERSION))
        open_page(page, shop.url("shop.example.test", f"/?ref={code}"))
        if "consent" in block:
            assert cookies(page) == {}
            page.get_by_role("button").click()
            page.wait_for_load_state("networkidle")
        assert cookies(page)["ring_ref"]["value"] == code, block
        if "<form" in block:
            expect(page.locator("input")).to_have_value(code)
        if "<ring-badge" in block:
            expect(page.get_by_role("status")).to_contain_text(code)

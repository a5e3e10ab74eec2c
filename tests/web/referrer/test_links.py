"""Links to any page with a label: built on the page of a code, kept by landings, carried to orders."""

from __future__ import annotations

import re

import pytest

from models import LinkLabel, Order, Refcode, User
from portal.codes import keep_label, set_alias
from portal.db import SYSTEM
from tests.factories import give_credit, make_code, make_product, make_store, make_visits
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

TRACK = "/api/refcodes/track"


def make(browser: Visitor, code: Refcode, page: str = "", label: str = "") -> str:
    """Submit the form and return the address it leads to, or the text of the refusal."""
    answer = browser.submit(f"/refcodes/{code.code}/links", {"page": page, "label": label})
    return answer.location if answer.status_code == 303 else f"{answer.status_code} {text_of(answer)}"


def labels() -> dict[str, int]:
    return {row.label: row.visits_total for row in LinkLabel.select()}


def test_form_makes_a_link_and_keeps_its_label(as_other: Visitor, code: Refcode) -> None:
    slug = make_product().slug
    target = make(as_other, code, f"/uk/products/{slug}?size=2", "Spring-Post")
    page = as_other.get(target)
    link = f"http://localhost/uk/products/{slug}?size=2&amp;ref={code.code}&amp;via=spring-post"
    assert link in page.text
    assert form_fields(page, f"/refcodes/{code.code}/links")["label"] == ["spring-post"]
    assert labels() == {"spring-post": 0}
    assert f'href="/refcodes/{code.code}/labels/spring-post/remove' not in page.text
    picture = as_other.get(f"/refcodes/{code.code}/qr.svg?page=/cart&label=spring-post")
    assert picture.mimetype == "image/svg+xml"
    assert f"referral-{code.code}-spring-post.svg" in picture.headers["Content-Disposition"]


def test_link_uses_the_alias(as_other: Visitor, code: Refcode) -> None:
    set_alias(code.code, "ANNA-SHOP", SYSTEM, "Ring")
    assert "http://localhost/cart?ref=ANNA-SHOP" in as_other.get(f"/refcodes/{code.code}?page=/cart").text


@pytest.mark.parametrize(
    "page",
    ["https://mug.example/a?b=c", "HTTPS://MUG.EXAMPLE/a", "mug.example/a", "http://localhost/cart", "/"],
)
def test_pages_of_stores_and_of_the_portal_are_accepted(as_other: Visitor, code: Refcode, page: str) -> None:
    make_store(origins=["https://mug.example"])
    assert make(as_other, code, page).startswith(f"/refcodes/{code.code}?page=")


@pytest.mark.parametrize(
    "page",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http://mug.example/", "https://mug.example:8443/",
     "https://localhost@evil.example/", "https://[::1", "/a b", "/" + "x" * 1000],
)  # fmt: skip
def test_other_pages_are_refused_by_name(as_other: Visitor, code: Refcode, page: str) -> None:
    make_store(origins=["https://mug.example"])
    refusal = make(as_other, code, page, "blog")
    assert refusal.startswith("422")
    assert "a page of this portal or of a connected store" in refusal
    assert labels() == {}
    assert as_other.get(f"/refcodes/{code.code}", query_string={"page": page}).status_code == 422


@pytest.mark.parametrize("label", ["a b", "x" * 33, "пост"])
def test_malformed_label_is_refused(as_other: Visitor, code: Refcode, label: str) -> None:
    assert "A label has 1 to 32 small Latin letters" in make(as_other, code, "/cart", label)


def test_full_list_of_labels_says_so(as_other: Visitor, code: Refcode) -> None:
    for number in range(50):
        keep_label(code.code, f"l{number}")
    assert "50 labels already" in make(as_other, code, "", "another")
    first = as_other.get(f"/refcodes/{code.code}")
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following
    second = as_other.get(following[1])
    assert [page.text.count('aria-label="Remove l') for page in (first, second)] == [25, 25]


def test_others_see_nothing(as_owner: Visitor, code: Refcode) -> None:
    assert make(as_owner, code, "", "blog").startswith("404")
    keep_label(code.code, "blog")
    assert as_owner.submit(f"/refcodes/{code.code}/labels/blog/remove").status_code == 404
    assert as_owner.get(f"/refcodes/{code.code}/qr.svg").status_code == 404
    assert labels() == {"blog": 0}


def test_label_without_orders_is_removed(as_other: Visitor, code: Refcode) -> None:
    keep_label(code.code, "junk")
    url = f"/refcodes/{code.code}/labels/junk/remove"
    for text in ("The label is removed", "no such label"):
        as_other.submit(url)
        assert text in text_of(as_other.get(f"/refcodes/{code.code}"))


# ---------------------------------------------------------------------- on the way to an order


@pytest.mark.parametrize(
    ("query", "label"), [("via=Blog", "blog"), ("amp;VIA=blog", "blog"), ("via=a%20b", ""), ("", "")]
)
def test_landing_keeps_the_label_and_the_beacon_counts_it(
    client: Visitor, code: Refcode, query: str, label: str
) -> None:
    answer = client.get(f"/uk/?ref={code.code}&{query}")
    cookie = client.get_cookie("ring_via")
    assert (cookie.value if cookie else "") == label
    if label:
        (header,) = client.cookie_headers(answer, "ring_via")
        assert {"HttpOnly", "SameSite=Lax"} <= {part.strip() for part in header.split(";")}
    assert client.post(TRACK, json={"code": code.code}).status_code == 200
    assert labels() == ({label: 1} if label else {})


def test_first_touch_keeps_its_label(client: Visitor, code: Refcode, owner: User) -> None:
    client.get(f"/?ref={code.code}&via=first")
    client.get(f"/?ref={make_code(owner).code}&via=second")
    assert client.get_cookie("ring_via").value == "first"


def test_label_of_an_earlier_code_is_dropped(client: Visitor, code: Refcode) -> None:
    client.set_cookie("ring_via", "stale")
    client.get(f"/?ref={code.code}")
    assert client.get_cookie("ring_via") is None


def test_reported_label_counts_and_a_foreign_cookie_does_not(
    client: Visitor, code: Refcode, owner: User
) -> None:
    """The cookies belong to another code than the one that is reported."""
    client.get(f"/?ref={make_code(owner).code}&via=theirs")
    for label in ("blog", "Blog", "a b", 7, None):
        assert client.post(TRACK, json={"code": code.code, "label": label}).status_code == 200
    assert labels() == {"blog": 2}
    assert Refcode.get_by_id(code.code).visits_total == 5


@pytest.mark.parametrize("method", ["credit", "wayforpay", "api"])
def test_order_has_the_label_of_its_link(as_owner: Visitor, owner: User, code: Refcode, method: str) -> None:
    product = make_product(price_minor=10_000)
    give_credit(owner, 100_000)
    as_owner.get(f"/products/{product.slug}?ref={code.code}&via=blog")
    if method == "api":
        as_owner.send("/api/store/orders", {"items": [{"productId": product.id, "quantity": 1}]})
    else:
        as_owner.fill_cart((product.id, 1))
        as_owner.check_out(method)
    order = Order.get()
    assert (order.referral_code, order.link_label) == (code.code, "blog")
    assert labels() == {"blog": 0}


def test_order_of_a_typed_code_has_no_label(as_owner: Visitor, code: Refcode, other: User) -> None:
    as_owner.set_cookie("ring_via", "blog")
    as_owner.fill_cart((make_product().id, 1))
    as_owner.submit("/checkout/code", {"referralCode": code.code})
    as_owner.check_out("wayforpay")
    order = Order.get()
    assert (order.referral_code, order.link_label) == (code.code, None)


def test_own_link_leaves_no_label(as_other: Visitor, code: Refcode) -> None:
    as_other.get(f"/?ref={code.code}&via=blog")
    as_other.fill_cart((make_product().id, 1))
    as_other.check_out("wayforpay")
    assert (Order.get().referral_reason, Order.get().link_label, labels()) == ("self_referral", None, {})


def test_consent_carries_the_label(make_app: MakeApp, code: Refcode) -> None:
    browser = visitor(make_app(referral_consent_required=True))
    page = browser.get(f"/?ref={code.code}&via=blog")
    assert browser.get_cookie("ring_via") is None
    assert f"ref={code.code}&amp;via=blog" in page.text
    browser.submit("/referral-choice", {"choice": "agree", "code": code.code, "label": "blog"})
    assert browser.get_cookie("ring_via").value == "blog"


def test_link_by_alias_and_label_in_production(make_app: MakeApp, code: Refcode) -> None:
    set_alias(code.code, "ANNA-SHOP", SYSTEM, "Ring")
    url = "https://shop.example"
    production = make_app(
        portal_env="production",
        app_url=url,
        secret_key="a secret key of thirty-two characters",
        wayforpay_merchant_account="shop_example",
        wayforpay_secret_key="the merchant's own secret",
    )
    browser = visitor(production)
    answer = browser.get("/uk/?ref=anna-shop&via=blog", base_url=url)
    for name, value in (("ring_ref", code.code), ("ring_ref_visible", code.code), ("ring_via", "blog")):
        (header,) = browser.cookie_headers(answer, name)
        assert header.startswith(f"{name}={value};")
        assert "Secure" in header
    assert browser.post(TRACK, json={"code": code.code}, base_url=url).status_code == 200
    assert labels() == {"blog": 1}


def test_page_shows_what_each_label_brought(as_other: Visitor, code: Refcode) -> None:
    make_visits(code, {0: 3})
    keep_label(code.code, "blog")
    text = text_of(as_other.get(f"/ru/refcodes/{code.code}"))
    assert "blog" in text

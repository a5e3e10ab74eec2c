"""The review step: order total, payment methods and the referral. See docs/rules/attribution.md."""

from __future__ import annotations

import pytest

from models import Order, Product, Refcode, User
from tests.factories import give_credit, make_code, make_order, make_product, make_user
from tests.web.pages import sentence, text_of
from tests.web.visitor import Visitor


@pytest.fixture
def product(database: str) -> Product:
    return make_product(name="A teapot", price_minor=98_000)


def test_review_shows_lines_total_and_payment_methods(as_owner: Visitor, product: Product) -> None:
    as_owner.fill_cart((product.id, 2))
    page = as_owner.get("/checkout")
    assert page.status_code == 200
    text = text_of(page)
    assert "A teapot" in text
    assert "1,960.00 UAH" in text
    assert 'name="method" value="wayforpay" checked' in page.text
    assert 'name="checkoutKey"' in page.text
    assert not Order.select().exists()


def test_each_visit_has_its_own_checkout_key(as_owner: Visitor, product: Product) -> None:
    as_owner.fill_cart((product.id, 1))
    keys = {as_owner.get("/checkout").text.split('name="checkoutKey" value="')[1].split('"')[0] for _ in "ab"}
    assert len(keys) == 2


def test_badge_names_the_referrer(as_owner: Visitor, product: Product, code: Refcode) -> None:
    as_owner.fill_cart((product.id, 1))
    as_owner.set_cookie("ring_ref", code.code)
    page = as_owner.get("/checkout")
    assert 'class="referral-badge"' in page.text
    assert 'class="referral-note"' not in page.text
    assert "Taras Other" in text_of(page)
    assert code.code in text_of(page)


def refusal(owner: User, other: User, reason: str) -> str:
    """Set up a refusal and return the cookie that triggers it."""
    own = make_code(owner)
    if reason == "no_code":
        return ""
    if reason == "unknown_code":
        return "zzzzzzzz"
    if reason == "self_referral":
        return str(own.code)
    if reason == "wallet_overlap":
        return str(make_code(other, wallet=own.wallet_address).code)
    make_order(owner, paid=True)
    return str(make_code(other).code)


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
@pytest.mark.parametrize(
    "reason", ["no_code", "unknown_code", "self_referral", "wallet_overlap", "not_first_purchase"]
)
def test_referral_refusal_is_explained_and_does_not_block(
    as_owner: Visitor, owner: User, other: User, product: Product, reason: str, locale: str
) -> None:
    as_owner.fill_cart((product.id, 1))
    as_owner.set_cookie("ring_ref", refusal(owner, other, reason))
    page = as_owner.get(f"/{locale}/checkout")
    assert page.status_code == 200
    assert 'class="referral-badge"' not in page.text
    assert sentence(as_owner, locale, reason) in text_of(page)
    assert 'name="checkoutKey"' in page.text


def test_deactivated_code_is_refused_like_an_unknown_one(
    as_owner: Visitor, product: Product, other: User
) -> None:
    as_owner.fill_cart((product.id, 1))
    as_owner.set_cookie("ring_ref", make_code(other, active=False).code)
    assert sentence(as_owner, "en", "unknown_code") in text_of(as_owner.get("/checkout"))


def test_credit_shows_the_balance_before_and_after(as_owner: Visitor, owner: User, product: Product) -> None:
    as_owner.fill_cart((product.id, 1))
    give_credit(owner, 100_000)
    text = text_of(as_owner.get("/checkout"))
    assert "1,000.00" in text
    assert "20.00" in text


def test_insufficient_credit_cannot_be_chosen(as_owner: Visitor, owner: User, product: Product) -> None:
    as_owner.fill_cart((product.id, 1))
    give_credit(owner, 97_999)
    assert 'name="method" value="credit" disabled' in as_owner.get("/checkout").text


def test_empty_cart_links_to_the_cart_page(as_owner: Visitor) -> None:
    page = as_owner.get("/checkout")
    assert page.status_code == 200
    assert 'name="checkoutKey"' not in page.text
    assert 'href="/cart"' in page.text


def test_unavailable_products_are_explained(as_owner: Visitor) -> None:
    gone, scarce = make_product(active=False), make_product(name="A lamp", stock=1)
    for line, expected in (((gone.id, 1), str(gone.id)), ((scarce.id, 2), "A lamp")):
        as_owner.fill_cart(line)
        page = as_owner.get("/checkout")
        assert page.status_code == 200
        assert 'class="error-summary"' in page.text
        assert expected in text_of(page)


def test_prices_come_from_the_catalogue(as_owner: Visitor, product: Product) -> None:
    as_owner.fill_cart((product.id, 1))
    Product.update(price_minor=12_345).where(Product.id == product.id).execute()
    assert "123.45" in text_of(as_owner.get("/checkout"))


def test_review_requires_sign_in_and_keeps_its_url(client: Visitor) -> None:
    answer = client.get("/uk/checkout")
    assert answer.status_code == 303
    assert answer.location == "/uk/login?next=/uk/checkout"


def test_user_text_is_escaped(as_owner: Visitor) -> None:
    hostile = make_product(name="<script>alert(1)</script>")
    as_owner.fill_cart((hostile.id, 1))
    as_owner.set_cookie("ring_ref", make_code(make_user("<img src=x>")).code)
    page = as_owner.get("/checkout").text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


def test_mixed_currencies_are_explained(as_owner: Visitor, product: Product) -> None:
    as_owner.fill_cart((product.id, 1), (make_product(currency="USD").id, 1))
    page = as_owner.get("/checkout")
    assert "Products in different currencies need separate orders." in text_of(page)
    assert "empty" not in text_of(page)
    assert 'href="/cart"' in page.text


def test_empty_cart_is_explained(as_owner: Visitor) -> None:
    assert "Your cart is empty" in text_of(as_owner.get("/checkout"))

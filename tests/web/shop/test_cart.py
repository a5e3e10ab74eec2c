"""The cart: quantities in the session, prices from the catalogue."""

from __future__ import annotations

import re

import pytest

from models import Product
from tests.factories import make_product
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def add(client: Visitor, product: Product, quantity: object = 1, **more: object):
    return client.submit("/cart", {"productId": product.id, "quantity": quantity, **more})


def test_adding_redirects_to_the_cart(client: Visitor) -> None:
    product = make_product(name="A teapot", price_minor=12_345)
    answer = add(client, product, 2)
    assert (answer.status_code, answer.location) == (303, "/cart")
    text = text_of(client.get("/cart"))
    assert "A teapot" in text
    assert "246.90" in text


def test_adding_again_increases_the_quantity(client: Visitor) -> None:
    product = make_product()
    add(client, product, 2)
    add(client, product, 3)
    assert client.cart() == {str(product.id): 5}


def test_quantity_is_set(client: Visitor) -> None:
    product = make_product()
    add(client, product, 2)
    add(client, product, 7, mode="set")
    assert client.cart() == {str(product.id): 7}


def test_button_removes_a_product_whatever_its_quantity(client: Visitor) -> None:
    product, remaining = make_product(), make_product()
    add(client, product, 3)
    add(client, remaining)
    form = client.get("/cart").text.partition(f'value="{product.id}"')[2].partition("</form>")[0]
    button = dict(re.findall(r'<button[^>]* name="(\w+)" value="(\w+)" formnovalidate', form))
    assert add(client, product, 3, mode="set", **button).status_code == 303
    assert client.cart() == {str(remaining.id): 1}


def test_zero_quantity_removes_a_product_idempotently(client: Visitor) -> None:
    product, remaining = make_product(), make_product()
    add(client, product)
    add(client, remaining)
    for _ in range(2):
        assert add(client, product, 0, mode="set").status_code == 303
    assert client.cart() == {str(remaining.id): 1}


def test_header_shows_the_number_of_items(client: Visitor) -> None:
    add(client, make_product(), 3)
    assert '<span class="count-dot" aria-hidden="true">3</span>' in client.get("/").text


INVALID_QUANTITIES = ["-1", "1000", "x", "", "1.5", "９", "1e3"]


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_invalid_quantity_is_explained_in_the_cart(client: Visitor, locale: str) -> None:
    product = make_product()
    client.fill_cart((product.id, 2))
    for quantity in INVALID_QUANTITIES:
        page = client.submit(
            f"/{locale}/cart", {"productId": product.id, "quantity": quantity, "mode": "set"}
        )
        assert page.status_code == 422, quantity
        assert "999" in text_of(page).split(product.name)[0], quantity
        assert f'href="#quantity-{product.id}"' in page.text, quantity
        assert client.cart() == {str(product.id): 2}, quantity


@pytest.mark.parametrize("quantity", ["0.5", "1000", "x"])
def test_invalid_quantity_is_explained_on_the_product_page(client: Visitor, quantity: str) -> None:
    product = make_product()
    page = add(client, product, quantity)
    assert page.status_code == 422
    assert product.name in page.text.split("<main")[1].split("</h1>")[0]
    assert 'href="#quantity"' in page.text
    assert f'value="{quantity}"' in page.text
    assert page.text.count('class="field-error"') == 1
    assert client.cart() == {}


def test_exceeding_the_cart_limit_is_explained_on_the_product_page(client: Visitor) -> None:
    product = make_product()
    add(client, product, 999)
    page = add(client, product)
    assert page.status_code == 422
    assert 'href="#quantity"' in page.text
    assert client.cart() == {str(product.id): 999}


@pytest.mark.parametrize("product_id", ["", "x", "-1", "0", "1.5", str(2**63), "null"])
def test_invalid_product_is_refused(client: Visitor, product_id: str) -> None:
    page = client.submit("/cart", {"productId": product_id, "quantity": "1"})
    assert page.status_code == 422
    assert client.cart() == {}


def test_error_summary_links_have_targets(client: Visitor) -> None:
    for form in ({"productId": "x"}, {"productId": make_product().id, "quantity": "x"}):
        page = client.submit("/cart", form).text
        summary = page.split('id="error-summary"')[1].split("</div>")[0]
        for anchor in re.findall(r'href="#([^"]+)"', summary):
            assert f'id="{anchor}"' in page


def test_inactive_product_is_removed_from_the_cart(client: Visitor) -> None:
    inactive, remaining = make_product(), make_product()
    client.fill_cart((inactive.id, 1), (remaining.id, 1))
    Product.update(active=False).where(Product.id == inactive.id).execute()
    page = client.get("/cart")
    assert remaining.name in text_of(page)
    assert inactive.name not in text_of(page)
    assert client.cart() == {str(remaining.id): 1}


def test_each_currency_has_its_own_total(client: Visitor) -> None:
    client.fill_cart(
        (make_product(price_minor=100).id, 1), (make_product(price_minor=200, currency="USD").id, 1)
    )
    assert client.get("/cart").text.count('class="order-total"') == 2


def test_cart_has_at_most_fifty_products(client: Visitor) -> None:
    client.fill_cart(*((number, 1) for number in range(1, 51)))
    page = add(client, make_product())
    assert page.status_code == 422
    assert "50" in text_of(page)


def test_changing_the_cart_requires_csrf_token(client: Visitor) -> None:
    for token in ({}, {"csrf_token": "forged"}):
        answer = client.post("/cart", data={"productId": make_product().id, "quantity": 1, **token})
        assert answer.status_code == 400
    assert client.cart() == {}

"""The public catalogue and product pages."""

from __future__ import annotations

import pytest

from tests.factories import make_product, make_vendor
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def test_empty_store_is_explained(client: Visitor) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "empty" in page.text


def test_catalogue_lists_active_products(client: Visitor) -> None:
    make_product(make_vendor(name="Tea House"), name="Mountain tea", price_minor=24_000, stock=500)
    make_product(name="A ghost", active=False)
    text = text_of(client.get("/"))
    assert "Mountain tea" in text
    assert "Tea House" in text
    assert "240.00" in text
    assert "A ghost" not in text


@pytest.mark.parametrize("stock", [0, -2])
def test_sold_out_product_cannot_be_added(client: Visitor, stock: int) -> None:
    product = make_product(stock=stock)
    for url in ("/", f"/products/{product.slug}"):
        assert 'name="productId"' not in client.get(url).text


def test_low_stock_is_shown_in_the_page_language(client: Visitor) -> None:
    make_product(stock=3)
    forms = {locale: text_of(client.get(f"/{locale}/")) for locale in ("en", "uk", "ru")}
    assert "3 left" in forms["en"]
    assert len(set(forms.values())) == 3


def test_product_page_shows_its_details(client: Visitor) -> None:
    product = make_product(name="Clay teapot", description="Holds three cups.", price_minor=98_000)
    page = client.get(f"/products/{product.slug}")
    assert page.status_code == 200
    for expected in ("Clay teapot", "Holds three cups.", "980.00", product.vendor.name):
        assert expected in text_of(page)


def test_unknown_or_inactive_product_is_not_found(client: Visitor) -> None:
    inactive_product = make_product(active=False)
    for slug in (inactive_product.slug, "no-such", "%00", "%27%3B--", "ö", "x" * 3_000):
        assert client.get(f"/products/{slug}").status_code == 404, slug


def test_catalogue_pages_refuse_post(client: Visitor) -> None:
    assert client.submit("/").status_code == 405
    assert client.submit(f"/products/{make_product().slug}").status_code == 405


def test_names_are_escaped_and_not_translated(client: Visitor) -> None:
    make_product(name='<b onmouseover="x">Bold</b>')
    page = client.get("/").text
    assert "<b onmouseover" not in page
    assert 'translate="no">&lt;b' in page


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("uk", ["Ананас", "груша", "Ґудзик", "Єнот", "Їжак", "Яблуко", "apple"]),
        ("ru", ["Арбуз", "ёлка", "Мёд", "мел", "яблоко", "Apple"]),
        ("en", ["apple", "Banana", "Café", "Яблуко"]),
    ],
)
def test_products_come_in_the_alphabet_of_the_page(client: Visitor, language: str, names: list[str]) -> None:
    vendor = make_vendor()
    for name in sorted(names, reverse=True):
        make_product(vendor, name=name)
    page = text_of(client.get(f"/{language}/"))
    assert sorted(names, key=page.index) == names
    assert [row["name"] for row in client.get(f"/{language}/api/store/products").get_json()] == names

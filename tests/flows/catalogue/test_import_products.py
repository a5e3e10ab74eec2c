"""Imports of products: what a row would do, what it does, and that nothing else happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import EventLog, Product, ProductImport, ProductImportRow, StockMovement, Vendor
from portal.catalogue import (
    COLUMNS,
    ProductFilter,
    check_again,
    count_outcomes,
    create_import,
    decode_csv,
    get_import_of,
    keyset_of_desk,
)
from portal.catalogue.csv_rules import CsvCellTooLong, CsvColumnsInvalid, CsvTooLong, CsvUnreadable, read_rows
from portal.catalogue.imports import ProductImportUnknown
from portal.db import transaction
from portal.flows.catalogue import import_products
from portal.flows.catalogue.import_products import ImportOutdated, confirm_import, work_on_batch
from portal.lib.spreadsheets import guard_formula, unguard_formula
from portal.lib.texts import clean_line, clean_text
from portal.web.exports import LEDGERS
from portal.web.exports.writing import write_pieces
from tests.factories import ACTOR, make_product, make_user, make_vendor
from tests.support.apps import development_app

SETTINGS = development_app().extensions["portal"].settings


@dataclass
class Shop:
    """A vendor and what an import of a file for it did."""

    vendor: Vendor

    def preview(self, text: str | bytes, vendor_ids: list[int] | None = None, *, named: bool = False) -> int:
        raw = text.encode() if isinstance(text, str) else text
        chosen = None if named else self.vendor.id
        import_id = create_import(decode_csv(raw), "file.csv", ACTOR, vendor_ids=vendor_ids, vendor_id=chosen)
        work(import_id)
        return import_id

    def run(self, text: str | bytes) -> int:
        import_id = self.preview(text)
        confirm_import(import_id, ACTOR)
        work(import_id)
        return import_id


def work(import_id: int) -> None:
    while work_on_batch(import_id, SETTINGS, ACTOR):
        pass


def killed_in_a_batch(import_id: int) -> None:
    with transaction():
        work_on_batch(import_id, SETTINGS, ACTOR)
        raise ZeroDivisionError


def row_of(import_id: int, number: int = 2) -> ProductImportRow:
    return ProductImportRow.get(
        (ProductImportRow.import_id == import_id) & (ProductImportRow.number == number)
    )


def exported() -> str:
    ledger = next(each for each in LEDGERS if each.name == "products")
    pieces = write_pieces(ledger, "csv", keyset_of_desk(ProductFilter(), None))
    return b"".join(piece.content for piece in pieces).decode()


@pytest.fixture
def shop(database: str) -> Shop:
    return Shop(make_vendor(name="Tea House"))


@pytest.mark.parametrize(
    "text",
    [
        "slug,name,price,currency,stock\nteapot,Clay teapot,980.50,UAH,5\n",
        "slug;name;price;currency;stock\r\nteapot;Clay teapot;980,50;uah;5\r\n",
        "slug\tname\tprice\tcurrency\tstock\nteapot\tClay teapot\t980,5\tUAH\t5",
        "\ufeffSlug , NAME,Price,currency,stock,,\n\nteapot, Clay  teapot ,980.50,UAH,5,,\n",
    ],
    ids=["commas", "semicolons", "tabs", "bom-blank-lines-and-cells"],
)
def test_file_creates_a_product_only_when_it_is_confirmed(shop: Shop, text: str) -> None:
    import_id = shop.preview(text)
    assert not Product.select().count()
    assert count_outcomes(import_id) == {"create": 1}
    confirm_import(import_id, ACTOR)
    work(import_id)
    product = Product.get()
    assert (product.slug, product.name, product.price_minor, product.stock) == (
        "teapot",
        "Clay teapot",
        98_050,
        5,
    )
    assert (product.vendor_id, product.active, product.needs_delivery) == (shop.vendor.id, True, False)
    assert count_outcomes(import_id) == {"created": 1}
    job = ProductImport.get_by_id(import_id)
    assert (job.status, job.done, job.total, job.content) == ("finished", 1, 1, None)


# One row for the product `lamp`: 100.00 UAH, 10 pieces, no percent, on sale. What changes, or the code of the error.
ROWS: dict[str, tuple[str, str, Any]] = {
    "nothing": ("slug,price", "lamp,100", {}),
    "price": ("slug,price", 'lamp,"1 234,50"', {"price": ("100.00", "1234.50")}),
    "ambiguous price": ("slug,price", 'lamp,"1,234"', "amount_invalid"),
    "negative price": ("slug,price", "lamp,-1", "product_price_invalid"),
    "formula as a price": ("slug,price", "lamp,=1+1", "amount_invalid"),
    "currency": ("slug,currency", "lamp,XYZ", "currency_unknown"),
    "stock": ("slug,stock", "lamp,7", {"stock": ("10", "7")}),
    "negative stock": ("slug,stock", "lamp,-7", "product_stock_invalid"),
    "empty stock": ("slug,stock", "lamp,", {}),
    "percent": ("slug,referral_percent", 'lamp,"7,5%"', {"referral_percent": ("", "7.5")}),
    "percent too high": ("slug,referral_percent", "lamp,99", "percent_invalid"),
    "name": ("slug,name", "lamp,", "product_name_invalid"),
    "guarded name": ("slug,name", "lamp,'=Lamp", {"name": ("Lamp", "=Lamp")}),
    "translation": ("slug,name_uk", "lamp,Лампа", {"name_uk": ("", "Лампа")}),
    "control character": ("slug,name", "lamp,La\x01mp", "character_refused"),
    "archived": ("slug,on_sale", "lamp,ні", {"on_sale": ("true", "false")}),
    "no word": ("slug,on_sale", "lamp,maybe", "csv_word_invalid"),
    "delivery": ("slug,needs_delivery", "lamp,TRUE", {"needs_delivery": ("false", "true")}),
    "extra cell": ("slug,price", "lamp,100,5", "csv_cells_extra"),
    "other vendor": ("slug,vendor_id", "lamp,999", "csv_vendor_invalid"),
    "slug of no one": ("slug,name,price,currency", "Не латиниця,A,1,UAH", "product_slug_invalid"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ROWS))
def test_row_says_what_it_would_do(shop: Shop, name: str) -> None:
    make_product(shop.vendor, slug="lamp", name="Lamp", price_minor=10_000, stock=10)
    header, row, expected = ROWS[name]
    found = row_of(shop.preview(f"{header}\n{row}\n"))
    if isinstance(expected, str):
        assert (found.outcome, found.error["code"]) == ("error", expected)
        return
    assert found.outcome == ("change" if expected else "unchanged")
    assert found.before_values == {column: before for column, (before, _after) in expected.items()}
    assert found.after_values == {column: after for column, (_before, after) in expected.items()}


@pytest.mark.parametrize(
    ("raw", "error", "reason"),
    [
        ("slug,name\nчай,Чай".encode("cp1251"), CsvUnreadable, "encoding"),
        ("slug,name\na,b".encode("utf-16"), CsvUnreadable, "encoding"),
        (b"", CsvUnreadable, "empty"),
        (b"slug,name\n\n", CsvUnreadable, "empty"),
        (b'slug,name\na,"b', CsvUnreadable, "quotes"),
        (b"slug,colour\na,red", CsvColumnsInvalid, "unknown"),
        (b"slug,name,slug\na,b,c", CsvColumnsInvalid, "repeated"),
        (b"price,currency\n1,UAH", CsvColumnsInvalid, "missing"),
        (b"slug\n" + b"a\n" * 10_001, CsvTooLong, None),
    ],
    ids=["cp1251", "utf-16", "nothing", "header", "quotes", "unknown", "repeated", "missing", "long"],
)
def test_unusable_file_is_refused_as_a_whole(raw: bytes, error: type[Exception], reason: str | None) -> None:
    with pytest.raises(error) as refused:
        read_rows(decode_csv(raw))
    assert refused.value.params.get("reason") == reason  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("slug,name\na,A\nb,{long}\n", 3),
        ("slug,name\n\na,A\n\nb,{long}\n", 5),
        ('slug,name\na,"two\nlines"\nb,{long}\n', 3),
        ('slug,name\na,"not closed\nb,{long}\n', 2),
    ],
)
def test_cell_that_is_too_long_is_named_with_its_row(text: str, row: int) -> None:
    with pytest.raises(CsvCellTooLong) as refused:
        read_rows(text.format(long="x" * 131_073))
    assert refused.value.params == {"row": row, "at_most": 131_072}


@pytest.mark.parametrize(
    ("text", "row"), [('slug,name\na,"b', 2), ('slug,name\na,A\n\nb,"B"x\n', 4), ('"slug,name\na,A\n', 1)]
)
def test_quotes_that_do_not_match_are_named_with_their_row(text: str, row: int) -> None:
    with pytest.raises(CsvUnreadable) as refused:
        read_rows(text)
    assert refused.value.params == {"reason": "quotes", "row": row}


def test_slug_is_made_from_the_name_and_may_be_in_the_file_once(shop: Shop) -> None:
    text = "name,price,currency\nЧайник,1,UAH\nчайник,2,UAH\nЧашка,3,UAH\n"
    import_id = shop.run(text)
    assert [row_of(import_id, number).outcome for number in (2, 3, 4)] == ["error", "error", "created"]
    assert row_of(import_id).error["code"] == "csv_slug_repeated"
    assert Product.get().slug == "chashka"


def test_stock_of_a_file_is_a_movement_and_leaves_sales_alone(shop: Shop) -> None:
    product = make_product(shop.vendor, slug="lamp", stock=10)
    import_id = shop.preview("slug,stock\nlamp,15\n")
    Product.update(stock=8).where(Product.id == product.id).execute()
    StockMovement.insert(product=product.id, quantity=-2, reason="sale").execute()
    confirm_import(import_id, ACTOR)
    work(import_id)
    assert Product.get_by_id(product.id).stock == 13
    moved = StockMovement.get(StockMovement.reason == "correction")
    assert (moved.quantity, moved.note) == (5, f"CSV {import_id}: file.csv")


def test_change_after_the_preview_stops_the_import(shop: Shop) -> None:
    lamp = make_product(shop.vendor, slug="lamp", price_minor=10_000)
    import_id = shop.preview("slug,name,price,currency\nlamp,Lamp,120,UAH\ncup,Cup,5,UAH\n")
    Product.update(price_minor=11_000).where(Product.id == lamp.id).execute()
    make_product(slug="cup")
    with pytest.raises(ImportOutdated) as outdated:
        confirm_import(import_id, ACTOR)
    assert outdated.value.params["total"] == 2
    assert Product.get_by_id(lamp.id).price_minor == 11_000
    assert check_again(import_id, ACTOR)
    work(import_id)
    assert row_of(import_id).before_values["price"] == "110.00"
    assert row_of(import_id, 3).error["code"] == "product_slug_taken"


def test_change_after_the_confirmation_leaves_the_row_as_it_is(shop: Shop) -> None:
    lamp = make_product(shop.vendor, slug="lamp", price_minor=10_000)
    import_id = shop.preview("slug,price\nlamp,120\n")
    confirm_import(import_id, ACTOR)
    Product.update(price_minor=11_000).where(Product.id == lamp.id).execute()
    work(import_id)
    assert count_outcomes(import_id) == {"conflict": 1}
    assert Product.get_by_id(lamp.id).price_minor == 11_000


def test_killed_import_continues_where_it_stopped(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_products, "CHECK_BATCH", 3)
    monkeypatch.setattr(import_products, "APPLY_BATCH", 3)
    lines = "".join(f"item-{number},Item,1,UAH,{number}\n" for number in range(8))
    text = f"slug,name,price,currency,stock\n{lines}"
    import_id = create_import(text, "file.csv", ACTOR, vendor_ids=None, vendor_id=shop.vendor.id)
    for step in ("check", "apply"):
        assert work_on_batch(import_id, SETTINGS, ACTOR)
        with pytest.raises(ZeroDivisionError):
            killed_in_a_batch(import_id)
        assert ProductImport.get_by_id(import_id).done == 3
        work(import_id)
        if step == "check":
            confirm_import(import_id, ACTOR)
    assert Product.select().count() == 8
    created = EventLog.select().where(EventLog.event == "product_created")
    assert created.count() == 8


def test_vendor_cannot_change_products_of_another(shop: Shop) -> None:
    other = make_product(slug="foreign", price_minor=10_000)
    own = [shop.vendor.id]
    import_id = shop.preview("slug,price\nforeign,1\n", own)
    assert row_of(import_id).error["code"] == "product_slug_taken"
    import_id = shop.preview(
        f"slug,vendor_id,name,price,currency\nnew,{other.vendor_id},A,1,UAH\n", own, named=True
    )
    assert row_of(import_id).error["code"] == "csv_vendor_invalid"
    with pytest.raises(ProductImportUnknown):
        get_import_of(import_id, make_user().id)


TEXTS = st.text("=+-@'\";,\t\n |%ЇїaZ0−＝", max_size=12)


@given(st.text(st.sampled_from("=+-@'\";,\t\r\n a1−＝ "), max_size=10))
def test_guarded_text_is_read_back_as_it_was(text: str) -> None:
    text = text.lstrip("\t\r\n")
    assert unguard_formula(guard_formula(text)) == text


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS, st.integers(-5, 50), st.booleans()), min_size=1, max_size=4))
def test_import_of_an_export_changes_nothing(shop: Shop, rows: list[tuple[str, str, int, bool]]) -> None:
    Product.update(active=False).execute()
    for name, description, stock, flag in rows:
        make_product(
            shop.vendor,
            name=clean_line(name) or "x",
            description=clean_text(description),
            stock=stock,
            active=flag,
            needs_delivery=flag,
            translations={"uk": {"name": "Ї", "description": "-1"}} if flag else {},
        )
    text = exported()
    assert text.splitlines()[0] == ",".join(COLUMNS)
    import_id = shop.preview(text, named=True)
    assert count_outcomes(import_id).keys() == {"unchanged"}, [
        (row.error, row.before_values, row.after_values)
        for row in ProductImportRow.select().where(ProductImportRow.import_id == import_id)
    ]

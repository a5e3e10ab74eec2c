"""Names in the alphabet of the reader, whatever the collation of the database, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from models import Product
from portal.catalogue import list_vendors_in, page_of_shop
from portal.db import alphabetical, connection, make_cursor, query, transaction
from portal.db.migrations import SQL
from tests.factories import make_product, make_vendor
from tests.scale.plans import recorded_statements
from tests.support.databases import execute, named

ORDERS = {
    "uk": [
        "7 чашок",
        "Ананас",
        "груша",
        "Ґудзик",
        "Дім",
        "Єнот",
        "Жук",
        "Їжак",
        "йогурт",
        "м'ята",
        "Яблуко",
        "apple",
    ],
    "ru": [
        "7 чашек",
        "арбуз",
        "ёж",
        "Ежевика",
        "Жук",
        "йогурт",
        "Мёд",
        "мел",
        "Щука",
        "эхо",
        "Яблоко",
        "Apple",
    ],
    "en": [
        "7 cups",
        "apple",
        "Banana",
        "café",
        "Cafés",
        "Łódka",
        "ørn",
        "zebra",
        "Ананас",
        "груша",
        "Ґудзик",
        "Яблуко",
    ],
}


def sorted_names(language: str) -> list[str]:
    return [row.name for row in Product.select().order_by(alphabetical(Product.name, language), Product.id)]


@pytest.mark.system_postgres
@pytest.mark.parametrize("language", ORDERS)
def test_names_come_in_the_alphabet_of_the_reader(database: str, language: str) -> None:
    vendor = make_vendor()
    for name in sorted(ORDERS[language], reverse=True):
        make_product(vendor, name=name, stock=0)
    assert sorted_names(language) == ORDERS[language]


@pytest.mark.parametrize("language", ORDERS)
def test_key_does_not_depend_on_the_collation_of_the_database(database_url: str, language: str) -> None:
    plain = f"{database_url.rpartition('/')[2]}_plain"
    execute(
        database_url,
        f"CREATE DATABASE {plain} TEMPLATE template0 ENCODING 'UTF8'"
        " LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'",
    )
    url = named(database_url, plain)
    try:
        execute(url, (SQL / "functions" / "05_alphabet.sql").read_text())
        names = ", ".join(f"($${name}$$)" for name in sorted(ORDERS[language], reverse=True))
        rows = execute(
            url, f"SELECT name FROM (VALUES {names}) AS t (name) ORDER BY alphabet_key(name, '{language}')"
        )
    finally:
        execute(database_url, f"DROP DATABASE {plain}")
    assert [name for (name,) in rows] == ORDERS[language]


def plan_of(selection: Callable[[], object]) -> str:
    """Return how PostgreSQL reads what a function selects last, where it has the choice to avoid a sort."""
    with connection(), recorded_statements() as statements:
        selection()
        (sql, parameters) = statements[-1]
        with transaction():
            query(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"
            )
            return str(query(f"EXPLAIN (FORMAT JSON) {sql}", parameters))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("language", ORDERS)
def test_pages_in_the_order_of_the_alphabet_read_an_index(language: str) -> None:
    product = make_product(make_vendor(), name=ORDERS[language][0])
    for cursor in (None, make_cursor(product.id)):
        plan = plan_of(partial(page_of_shop, language, cursor))
        assert f"products_alphabet_{language}" in plan
        assert "Sort" not in plan
    plan = plan_of(partial(list_vendors_in, None, language, 50))
    assert f"vendors_alphabet_{language}" in plan
    assert "Sort" not in plan

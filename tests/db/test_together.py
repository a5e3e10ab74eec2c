"""Several selections read by one statement."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg2
import pytest
from peewee import SQL

from models import EventLog, Order, PaymentEvent, ReferralReward, Settlement, Store, Vendor
from portal.db import any_of, built_once, read_together
from tests.scale.plans import recorded_statements
from tests.upgrades.rows import write_rows


@pytest.fixture
def shop(database: str) -> None:
    """Fill every ledger with the rows of a small shop."""
    with closing(psycopg2.connect(database)) as session, session, session.cursor() as cursor:
        write_rows(cursor, 1)


@pytest.mark.usefixtures("shop")
def test_rows_equal_those_of_single_statements() -> None:
    models = (Order, ReferralReward, Settlement, EventLog, PaymentEvent)
    with recorded_statements() as statements:
        together = read_together(*(model.select().order_by(model.id) for model in models))
    assert len(statements) == 1
    for model, rows in zip(models, together, strict=True):
        alone = list(model.select().order_by(model.id))
        assert alone
        assert [row.__data__ for row in rows] == [row.__data__ for row in alone]
        kinds = [{name: type(value) for name, value in row.__data__.items()} for row in alone]
        assert [{name: type(value) for name, value in row.__data__.items()} for row in rows] == kinds
        assert not any(row.is_dirty() for row in rows)


@pytest.mark.usefixtures("shop")
def test_joined_rows_and_aliases() -> None:
    store = Order.select(Store.name).join(Store).where(Order.order_reference == Settlement.order_reference)
    (rows,) = read_together(Settlement.select(Settlement, Vendor, store.alias("store")).join(Vendor))
    with recorded_statements() as statements:
        assert {(row.vendor.name, row.store) for row in rows} == {("Vendor 1", Store.get_by_id(1).name)}
    assert len(statements) == 1


@pytest.mark.usefixtures("shop")
def test_a_comparison_with_any_of_a_selection() -> None:
    references = Order.select(Order.order_reference).where(Order.id == "s1minted")
    (rewards,) = read_together(
        ReferralReward.select().where(ReferralReward.order_reference == any_of(references))
    )
    assert [reward.order_id for reward in rewards] == ["s1minted"]


def test_nothing_and_no_rows(database: str) -> None:
    assert read_together() == []
    assert read_together(Order.select(), Vendor.select()) == [[], []]


@pytest.mark.usefixtures("shop")
def test_selections_are_built_once_and_read_for_each_text() -> None:
    built: list[str] = []

    @built_once
    def read(order_id: str) -> tuple[Any, ...]:
        built.append(order_id)
        return Order.select().where(Order.id == order_id), Vendor.select().where(
            Vendor.name == "Vendor 1"
        ).limit(1)

    for order_id in ("s1minted", "s1paid", "o'clock", "s1minted"):
        with recorded_statements() as statements:
            orders, vendors = read(order_id)
        assert len(statements) == 1
        alone = Order.select().where(Order.id == order_id)
        assert [row.__data__ for row in orders] == [row.__data__ for row in alone]
        assert [row.name for row in vendors] == ["Vendor 1"]
    assert len(built) == 2  # the second time to compare


@pytest.mark.parametrize(
    "select",
    [
        lambda text: [Order.select().where(SQL(f"id = '{text}'"))],
        lambda text: [Order.select().where(Order.id.startswith(text))],
        lambda text: [Order.select().where(Order.id == text.upper())],
        lambda text: [Order.select().limit(int(text[-1]))],
        lambda text: [Order.select()] * int(text[-1]),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_text_that_is_no_parameter_is_refused(select: Any) -> None:
    with pytest.raises(ValueError, match="another way"):
        built_once(select)("s1minted")

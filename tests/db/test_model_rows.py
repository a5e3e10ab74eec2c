"""Models that are made from rows, compared with those that Peewee makes."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg2
import pytest
from peewee import JOIN, ModelSelect, fn

import models
from models import (
    Order,
    OrderItem,
    Product,
    ReferralReward,
    Settlement,
    StatusTable,
    Store,
    Table,
    User,
    Vendor,
)
from portal.lib.model_rows import RowSelect
from tests.upgrades.rows import write_rows

TABLES = [
    kind
    for kind in vars(models).values()
    if isinstance(kind, type) and issubclass(kind, Table) and kind not in (Table, StatusTable)
]
IS_BUYER = User.id == Order.buyer_user_id
COUNT = OrderItem.select(fn.COUNT(OrderItem.id)).where(OrderItem.order == Order.id)
JOINED: dict[str, Any] = {
    "one join": Settlement.select(Settlement, Vendor).join(Vendor),
    "columns of another table": Order.select(Order.id, Order.store, Store.name).join(Store),
    "without its key": Order.select(Order.id, Store.name).join(Store),
    "a chain": OrderItem.select(OrderItem, Order, Store).join(Order).join(Store),
    "a chain over a table without columns": OrderItem.select(OrderItem.id, Store).join(Order).join(Store),
    "two branches": OrderItem.select(OrderItem, Order, Vendor).join(Order).switch(OrderItem).join(Vendor),
    "another attribute": Order.select(Order, User).join(User, on=IS_BUYER, attr="buyer"),
    "an outer join": Order.select(Order, User).join(User, JOIN.LEFT_OUTER, on=IS_BUYER, attr="b"),
    "an outer join of a key": OrderItem.select(OrderItem, Product).join(Product, JOIN.LEFT_OUTER),
    "an aliased value": Order.select(Order, COUNT.alias("items")),
    "an aliased value of a join": Order.select(Order, Store.name.alias("shop"), COUNT.alias("items")).join(Store),
    "a sum": ReferralReward.select(ReferralReward.status, fn.SUM(ReferralReward.reward_amount_wei)).group_by(
        ReferralReward.status
    ),
    "an older field function": Order.select(fn.MAX(Order.created_at).alias("created_at"), fn.LOWER(Order.id)).group_by(
        Order.id
    ),
}  # fmt: skip


@pytest.fixture
def shops(database: str) -> None:
    """Fill every ledger with the rows of two small shops; an order has no buyer and an item no product."""
    with closing(psycopg2.connect(database)) as session, session, session.cursor() as cursor:
        write_rows(cursor, 1)
        write_rows(cursor, 2)


def described(row: Any, known: tuple[int, ...] = ()) -> Any:
    """Return everything that a model holds, its joined models too, with the types of its values."""
    if not isinstance(row, Table) or id(row) in known:
        return type(row), row if not isinstance(row, Table) else None
    own = {
        name: described(value, (*known, id(row)))
        for name, value in vars(row).items()
        if not name.startswith("_")
    }
    related = {name: described(value, (*known, id(row))) for name, value in row.__rel__.items()}
    data = {name: (type(value), value) for name, value in row.__data__.items()}
    return type(row), data, related, own, row._dirty


def made_by_peewee(selection: RowSelect) -> list[Any]:
    """Return the rows of a selection as the class of Peewee makes them."""
    plain = selection.clone()
    plain.__class__ = ModelSelect
    return list(plain)


@pytest.mark.usefixtures("shops")
@pytest.mark.parametrize("table", TABLES, ids=lambda kind: kind.__name__)
def test_rows_of_a_table(table: type[Table]) -> None:
    selection = table.select()
    assert list(map(described, selection)) == list(map(described, made_by_peewee(selection)))


@pytest.mark.usefixtures("shops")
@pytest.mark.parametrize("name", JOINED)
def test_rows_of_joins_and_values(name: str) -> None:
    rows = list(JOINED[name].clone())
    assert rows
    assert list(map(described, rows)) == list(map(described, made_by_peewee(JOINED[name])))


@pytest.mark.usefixtures("shops")
def test_a_row_can_be_changed_and_saved() -> None:
    vendor = Vendor.select().first()
    vendor.name = "Another"
    assert vendor.dirty_fields == [Vendor.name]
    vendor.save()
    assert Vendor.get_by_id(vendor.id).name == "Another"

"""Statements as Peewee writes them; `tests/conftest.py` compares those of all other tests."""

from __future__ import annotations

from typing import Any

import pytest
from peewee import EXCLUDED, SQL, Entity, fn

from models import Order, OrderItem, ReferralReward, Store, User, Vendor, VisitDaily, database
from portal.db.statement_text import StatementContext
from tests.support.statement_texts import peewee_text

BUYER = User.alias()
PAID = Order.select(Order.id).where(Order.status == "paid")
STATEMENTS: dict[str, Any] = {
    "all columns": Order.select().order_by(Order.created_at.desc(), Order.id),
    "joined": Order.select(Order, Store).join(Store).where(Store.name == 'a "b"'),
    "an alias": Order.select(Order.id, BUYER.name).join(BUYER, on=(BUYER.id == Order.buyer_user_id)),
    "a named alias": Vendor.alias("v").select(),
    "the same table inside": Order.select().where(Order.id.in_(PAID) | Order.id.not_in([])),
    "correlated": Vendor.select(
        Vendor, OrderItem.select(fn.COUNT(OrderItem.id)).where(OrderItem.vendor == Vendor.id).alias("items")
    ),
    "a row": ReferralReward.select().where(fn.ROW(ReferralReward.created_at, ReferralReward.id) < (1, 2)),
    "compound": (Order.select(Order.id) | OrderItem.select(OrderItem.order)).order_by(Order.id).limit(3),
    "grouped": Order.select(Order.status, fn.COUNT(SQL("1"))).group_by(Order.status).having(fn.COUNT(Order.id) > 1),
    "names with a quote": Order.select(Entity('a"b', "c").alias('d"e')),
    "locked": Order.select().where(Order.id == "x").for_update(of=Order),
    "update": Order.update(status="paid").where(Order.id == "x").returning(Order),
    "insert": VisitDaily.insert(code="a", day="2026-01-01").on_conflict(
        conflict_target=[VisitDaily.code, VisitDaily.day], update={VisitDaily.code: EXCLUDED.code}
    ),
    "delete": Order.delete().where(Order.store << Store.select()),
}  # fmt: skip


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("name", STATEMENTS)
def test_text_equals_that_of_peewee(name: str) -> None:
    context = database.obj.get_sql_context()
    assert type(context) is StatementContext
    assert context.sql(STATEMENTS[name]).query() == peewee_text(
        STATEMENTS[name], database.obj.get_sql_context()
    )

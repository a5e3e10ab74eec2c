"""The order counts of a code are exact before and after folding."""

from __future__ import annotations

import threading

from models import CodeOrderDelta, Order, OrderItem
from portal.db import connection, query, transaction
from portal.db.checks import run_checks
from portal.lib.folders import SQL
from portal.orders import CodeOrders, code_orders, fold_code_orders
from tests.factories import make_code, make_order, make_product, make_user

CHECK = "code_orders_match_the_orders"


def test_every_change_of_orders_is_counted_and_folded(database: str) -> None:
    code, other = make_code(make_user()).code, make_code(make_user())
    orders = [make_order(make_user(), code=other) for _ in range(6)]
    make_order(make_user())
    assert code_orders([code, other.code]) == {other.code: CodeOrders(6, 0, 0)}
    assert fold_code_orders() == 1
    assert CodeOrderDelta.select().count() == 0
    assert code_orders([code, other.code]) == {other.code: CodeOrders(6, 0, 0)}
    ids = [order.id for order in orders]
    Order.update(status="paid", paid_at=orders[0].created_at).where(Order.id << ids[:4]).execute()
    Order.update(status="refunded").where(Order.id == ids[0]).execute()
    Order.update(
        referral_code=None,
        referrer_user_id=None,
        referrer_wallet=None,
        referral_reason="not_first_purchase",
    ).where(Order.id == ids[4]).execute()
    Order.update(referral_code=code).where(Order.id == ids[5]).execute()
    expected = {other.code: CodeOrders(4, 4, 1), code: CodeOrders(1, 0, 0)}
    assert code_orders([code, other.code]) == expected
    assert fold_code_orders() == 2
    assert code_orders([code, other.code]) == expected
    assert code_orders(["unknown"])["unknown"] == CodeOrders()
    assert CHECK not in run_checks()
    OrderItem.delete().where(OrderItem.order_id == ids[5]).execute()
    Order.delete().where(Order.id == ids[5]).execute()
    assert code_orders([code])[code] == CodeOrders()
    assert CHECK not in run_checks()


def test_change_that_affects_no_count_writes_no_delta(database: str) -> None:
    make_order(make_user(), code=make_code(make_user()))
    fold_code_orders()
    Order.update(referral_trace=[]).execute()
    assert CodeOrderDelta.select().count() == 0


def test_free_order_is_no_paid_order(database: str) -> None:
    code, free = make_code(make_user()), make_product(price_minor=0)
    inserted = make_order(make_user(), [(free, 1)], code=code, paid=True)
    updated = make_order(make_user(), [(free, 2)], code=code)
    Order.update(status="paid", paid_at=inserted.created_at).where(Order.id == updated.id).execute()
    make_order(make_user(), code=code, paid=True)
    assert code_orders([code.code])[code.code] == CodeOrders(3, 1, 0)
    assert CHECK not in run_checks()
    OrderItem.delete().where(OrderItem.order_id == inserted.id).execute()
    Order.delete().where(Order.id == inserted.id).execute()
    assert code_orders([code.code])[code.code] == CodeOrders(2, 1, 0)
    assert CHECK not in run_checks()


def test_migration_takes_back_free_orders_that_were_counted_as_paid(database: str) -> None:
    code, other = make_code(make_user()), make_code(make_user())
    make_order(make_user(), [(make_product(price_minor=0), 1)], code=code, paid=True)
    for each in (code, other):
        make_order(make_user(), code=each, paid=True)
    CodeOrderDelta.update(paid=1).execute()  # as the release before counted
    fold_code_orders()
    assert CHECK in run_checks()
    with transaction():
        query((SQL / "046_paid_code_orders.sql").read_text())
    assert code_orders([code.code, other.code]) == {
        code.code: CodeOrders(2, 1, 0),
        other.code: CodeOrders(1, 1, 0),
    }
    assert CHECK not in run_checks()


def test_check_reports_wrong_total(database: str) -> None:
    make_order(make_user(), code=make_code(make_user()))
    CodeOrderDelta.update(paid=1).execute()
    assert CHECK in run_checks()


def test_folding_during_writes_loses_nothing(database: str) -> None:
    code = make_code(make_user())

    def write() -> None:
        with connection():
            for _ in range(15):
                make_order(make_user(), code=code)

    def fold() -> None:
        with connection():
            for _ in range(25):
                fold_code_orders()

    threads = [threading.Thread(target=job) for job in (write, write, fold)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert code_orders([code.code])[code.code] == CodeOrders(30, 0, 0)
    assert CHECK not in run_checks()

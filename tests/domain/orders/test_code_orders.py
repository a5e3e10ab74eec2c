"""The order counts of a code are exact before and after folding."""

from __future__ import annotations

import threading

from models import CodeOrderDelta, Order, OrderItem
from portal.db import connection
from portal.db.checks import run_checks
from portal.orders import CodeOrders, code_orders, fold_code_orders
from tests.factories import make_code, make_order, make_user

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

"""Reports go on from eight threads while keys are rotated and revoked and the store is disconnected and back."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from flask import Flask

from models import Order, PaymentTransaction, Settlement, Store, StoreEvent
from portal.db import SYSTEM, release_connection
from portal.db.checks import run_checks
from portal.stores import create_key, disconnect_store, list_keys, reconnect_store, revoke_key
from tests.factories import make_code, make_user
from tests.web.api.v1.conftest import caller_of

ORDERS, REPORTS, THREADS = 25, 300, 8


def state(code: str, number: int, version: int) -> dict[str, Any]:
    """Return a state of an order: placed, paid, then refunded in two parts, each with a version of its own."""
    refunds = [{"id": "1", "amount": "30.00"}, {"id": "2", "amount": "90.00"}][: max(0, version - 1)]
    return {
        "externalId": f"load-{number}", "version": version, "currency": "UAH",
        "status": "paid" if version else "open", "paidAmount": "120.00" if version else "0.00",
        "referralCode": code, "customer": {"email": f"buyer{number}@example.test"}, "refunds": refunds,
        "lines": [{"externalId": "1", "sku": "MUG", "quantity": 1, "amount": "100.00", "tax": "20.00"}],
    }  # fmt: skip


@pytest.mark.slow
def test_reports_survive_every_change_of_keys_and_of_the_connection(app: Flask, store: Store) -> None:
    code = make_code(make_user()).code
    keys = [create_key(store.id, "live", SYSTEM).text]
    bodies = [state(code, number, version) for number in range(ORDERS) for version in (0, 1, 2, 3)] * 3
    random.Random(7).shuffle(bodies)
    sent, changed, call = itertools.count(1), {n: Event() for n in (60, 120, 180, 240)}, caller_of(app, "")

    def report(body: dict[str, Any]) -> int:
        if (reached := changed.get(next(sent))) is not None:
            reached.set()
        try:
            return call("/orders", body, key=keys[-1]).status_code
        finally:
            release_connection()

    with ThreadPoolExecutor(THREADS) as pool:
        results = [pool.submit(report, body) for body in bodies]
        changed[60].wait()
        keys.append(create_key(store.id, "live", SYSTEM).text)
        changed[120].wait()
        revoke_key(store.id, min(row.id for row in list_keys(store.id)), SYSTEM)
        changed[180].wait()
        assert disconnect_store(store.id, SYSTEM)
        changed[240].wait()
        assert reconnect_store(store.id, SYSTEM)
        keys.append(create_key(store.id, "live", SYSTEM).text)
        statuses = Counter(result.result() for result in results)
    assert len(bodies) == REPORTS
    assert set(statuses) == {200, 201, 401}
    assert statuses[201] == Order.select().count()
    assert call("/orders", bodies[0], key=keys[0]).status_code == 401
    assert call("/orders", bodies[0], key=keys[1]).status_code == 401
    for number in range(ORDERS):
        assert call("/orders", state(code, number, 3), key=keys[-1]).status_code in (200, 201)
    assert {(order.status, order.refunded_minor) for order in Order.select()} == {("refunded", 10_000)}
    paid = PaymentTransaction.select().where(PaymentTransaction.refunded_minor == 12_000)
    sales = Settlement.select().where(Settlement.kind == "sale")
    counts = (Order.select().count(), paid.count(), sales.count())
    assert counts == (ORDERS, ORDERS, ORDERS)
    assert not StoreEvent.select().where(StoreEvent.outcome.is_null()).exists()
    assert run_checks() == {}

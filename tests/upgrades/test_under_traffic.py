"""A later release migrates while the earlier one answers: no request fails, every payment is settled; and back."""

from __future__ import annotations

import json
import shutil
import ssl
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models import Order
from portal.db import bind_database, connection, migrations
from portal.db.checks import run_checks_on
from portal.db.migrations import FUNCTIONS, migrate, migration_status
from portal.lib.folders import SQL
from portal.payments.providers.wayforpay.callbacks import sign_callback
from tests.factories import make_code, make_order, make_payment, make_product, make_user
from tests.support.databases import close_database, execute
from tests.support.production import MERCHANT_ACCOUNT, MERCHANT_SECRET, ProductionPortal, production_portal

NEXT = "900_next_release"
# Changes of the tables that every payment writes, as a release may make them.
EXPAND = """
SET LOCAL lock_timeout = '15s';
ALTER TABLE orders ADD COLUMN gift_note text, ADD COLUMN tip_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE payment_transactions ADD COLUMN channel text;
ALTER TABLE referral_rewards ADD COLUMN channel text NOT NULL DEFAULT 'web';
ALTER TABLE settlements ADD COLUMN channel text;
CREATE TABLE gifts (id bigint PRIMARY KEY, order_id text NOT NULL REFERENCES orders (id));
CREATE INDEX payment_transactions_channel ON payment_transactions (channel) WHERE channel IS NOT NULL;
UPDATE orders SET gift_note = 'none' WHERE status = 'created';
"""
DURING, AFTER = 24, 4


def waiting_orders(count: int) -> list[Order]:
    with connection():
        code = make_code(make_user("Referrer"))
        orders = []
        for _ in range(count):
            order = make_order(make_user(), [(make_product(), 1)], code=code)
            make_payment(order)
            orders.append(order)
    close_database()
    return orders


def callback(order: Order) -> bytes:
    fields = {
        "merchantAccount": MERCHANT_ACCOUNT, "orderReference": order.order_reference, "amount": "1000.00",
        "currency": "UAH", "authCode": "541963", "cardPan": "41****8217", "transactionStatus": "Approved",
        "reasonCode": "1100",
    }  # fmt: skip
    return json.dumps(sign_callback(MERCHANT_SECRET, fields)).encode()


def call(url: str, tls: ssl.SSLContext, body: bytes | None = None) -> int:
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60, context=tls) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def pay(portal: ProductionPortal, order: Order) -> int:
    """Send a callback, once more where the first met the lock of a migration, as providers do."""
    for _ in range(2):
        status = call(f"{portal.url}/api/payments/wayforpay/webhook", portal.tls, callback(order))
        if status != 503:
            break
    return status


@contextmanager
def traffic(
    portal: ProductionPortal, orders: list[Order], statuses: Counter[tuple[str, int]]
) -> Iterator[None]:
    """Pay orders one after the other and read pages until the block ends and every order is paid."""
    ended = threading.Event()

    def pay_all() -> None:
        for order in orders:
            statuses["callback", pay(portal, order)] += 1

    def read(path: str) -> Callable[[], None]:
        def repeat() -> None:
            while not ended.is_set():
                statuses[path, call(portal.url + path, portal.tls)] += 1

        return repeat

    threads = [threading.Thread(target=work) for work in (pay_all, read("/"), read("/readyz"))]
    for thread in threads:
        thread.start()
    try:
        yield
        threads[0].join()
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def copy_next_release(folder: Path) -> Path:
    """Write the SQL of the next release: one more migration and changed functions."""
    shutil.copytree(SQL, folder)
    (folder / f"{NEXT}.sql").write_text(EXPAND)
    changed = folder / "functions" / "20_reward_totals.sql"
    changed.write_text(changed.read_text() + "\n-- Of the next release.\n")
    return folder


@pytest.mark.slow
def test_next_release_migrates_under_traffic_and_can_be_rolled_back(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind_database(database_url)
    orders = waiting_orders(DURING + AFTER)
    next_release = copy_next_release(tmp_path / "sql")
    statuses: Counter[tuple[str, int]] = Counter()
    with production_portal(tmp_path / "portal", database_url) as portal:
        with traffic(portal, orders[:DURING], statuses), monkeypatch.context() as later:
            later.setattr(migrations, "SQL", next_release)
            later.setattr(migrations, "_FUNCTIONS_FOLDER", next_release / "functions")
            assert migrate(database_url) == [NEXT, FUNCTIONS]
        assert {status for _, status in statuses} == {200}, statuses
        assert statuses["callback", 200] == DURING
        # Back to this release: its command leaves the newer tables alone, and it goes on with them.
        assert migrate(database_url) == []
        assert all(is_applied for _, is_applied in migration_status(database_url))
        assert [pay(portal, order) for order in orders[DURING:]] == [200] * AFTER
        assert call(f"{portal.url}/readyz", portal.tls) == 200
    assert execute(database_url, "SELECT count(*) FROM orders WHERE status = 'paid'") == [(DURING + AFTER,)]
    assert execute(database_url, "SELECT count(*) FROM referral_rewards") == [(DURING + AFTER,)]
    assert run_checks_on(database_url) == {}

"""The load of the fail-over soak: what was asked, what was acknowledged, and whether all of that is still there."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from models import Order, Refcode, User
from portal.db import SYSTEM, connection, query, release_connection, transaction
from portal.db.checks import run_checks
from portal.flows.approvals.decide_reward import approve_many
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.stores import create_key
from tests.factories import (
    give_credit,
    make_admin,
    make_code,
    make_order,
    make_payment,
    make_product,
    make_store,
    make_user,
)
from tests.support.chain_world import World

MERCHANT, SECRET = "soak_merchant", "a secret of the fail-over soak"
PRICE_MINOR = 100_000
_PAUSE_SECONDS = 0.1
_ANSWER_SECONDS = 10
_WAITING = """
SELECT (SELECT count(*) FROM payment_events WHERE outcome IS NULL)
    + (SELECT count(*) FROM store_events WHERE outcome IS NULL)
    + (SELECT count(*) FROM referral_rewards WHERE status IN ('approved', 'minting'))
"""
# Of each reference more than one settlement of the sale, or of each order more than one reward.
_TWICE = """
SELECT order_reference FROM settlements WHERE kind = 'sale' GROUP BY order_reference HAVING count(*) > 1
UNION ALL SELECT order_reference FROM referral_rewards GROUP BY order_reference HAVING count(*) > 1
"""
_PAID = """
SELECT p.order_reference FROM payment_transactions p
JOIN settlements s ON s.order_reference = p.order_reference AND s.kind = 'sale'
WHERE p.paid_at IS NOT NULL
"""
_REFUNDED = "SELECT order_reference FROM payment_transactions WHERE refunded_minor = amount_minor"
_STORED = "SELECT external_id FROM store_orders"
_BALANCES = "SELECT user_id, balance_minor FROM credit_balances"


@dataclass
class Goods:
    """What the load works on; everything was prepared before it."""

    code: Refcode
    key: str
    admin: User
    by_card: list[Order]
    by_credit: list[tuple[User, Order]]


def prepare(orders: int) -> Goods:
    """Create a code, a connected store, and orders of first buyers: half to be paid by card, half from credit."""
    code, product = make_code(make_user("Referrer")), make_product(stock=1_000_000)
    by_card, by_credit = [], []
    for _ in range(orders // 40 + 1):
        with transaction():
            for _ in range(20):
                order = make_order(make_user(), [(product, 1)], code=code)
                make_payment(order)
                by_card.append(order)
                buyer = make_user()
                give_credit(buyer, PRICE_MINOR)
                by_credit.append((buyer, make_order(buyer, [(product, 1)], code=code)))
    key = create_key(make_store().id, "live", SYSTEM).text
    return Goods(code, key, make_admin(), by_card, by_credit)


@dataclass
class _Kind:
    """One kind of request: what was acknowledged, how many were tried, and when the last acknowledged one began."""

    acknowledged: list[Any] = field(default_factory=list)
    tries: int = 0
    began_at: float = 0.0


class Shop:
    """Threads that send each kind of request, again until it is acknowledged, as providers and stores do."""

    def __init__(self, port: int, goods: Goods, world: World) -> None:
        self._port, self._goods, self._world = port, goods, world
        self._settings, self._chain = world.settings(), world.chain()
        self._stop = threading.Event()
        self._kinds = {
            name: _Kind() for name in ("callbacks", "refunds", "credit", "store orders", "beacons")
        }

    @contextmanager
    def open(self) -> Iterator[None]:
        """Send requests during the block."""
        senders: dict[str, tuple[Iterator[Any], Callable[[Any], bool]]] = {
            "callbacks": (iter(self._goods.by_card), self._pay_by_card),
            "refunds": (self._paid_by_card(), self._refund),
            "credit": (iter(self._goods.by_credit), self._pay_from_credit),
            "store orders": (itertools.count(1), self._report_order),
            "beacons": (itertools.repeat(self._goods.code.code), self._send_beacon),
        }
        threads = [
            threading.Thread(target=self._send, args=[self._kinds[name], *sender])
            for name, sender in senders.items()
        ]
        threads.append(threading.Thread(target=self._approve_until_stopped))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _send(self, kind: _Kind, items: Iterator[Any], send: Callable[[Any], bool]) -> None:
        for item in items:
            while not self._stop.wait(_PAUSE_SECONDS):
                began_at = time.monotonic()
                kind.tries += 1
                try:
                    is_acknowledged = send(item)
                except Exception:  # any failure is what this test causes; the item is sent again
                    is_acknowledged = False
                finally:
                    release_connection()
                if is_acknowledged:
                    kind.acknowledged.append(item)
                    kind.began_at = began_at
                    break
            if self._stop.is_set():
                return

    # ------------------------------------------------------------------ requests

    def _request(self, path: str, body: object, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_SECONDS)
        try:
            sent = {"Content-Type": "application/json", "Connection": "close", **headers}
            connection.request("POST", path, json.dumps(body), sent)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _callback(self, order: Order, status: str) -> bool:
        fields = {
            "merchantAccount": MERCHANT, "orderReference": order.order_reference, "amount": "1000.00",
            "currency": "UAH", "authCode": "541963", "cardPan": "41****8217", "transactionStatus": status,
            "reasonCode": "1100",
        }  # fmt: skip
        code, body = self._request("/api/payments/wayforpay/webhook", sign_callback(SECRET, fields))
        return code == 200 and json.loads(body).get("status") == "accept"

    def _pay_by_card(self, order: Order) -> bool:
        return self._callback(order, "Approved")

    def _paid_by_card(self) -> Iterator[Order]:
        """Yield every fifth order that was paid by card."""
        for number in itertools.count(0, 5):
            while len(self._kinds["callbacks"].acknowledged) <= number:
                if self._stop.wait(_PAUSE_SECONDS):
                    return
            yield self._kinds["callbacks"].acknowledged[number]

    def _refund(self, order: Order) -> bool:
        return self._callback(order, "Refunded")

    def _pay_from_credit(self, item: tuple[User, Order]) -> bool:
        buyer, order = item
        with connection():
            if Order.get_by_id(order.id).status == "paid":  # the answer of an earlier try was lost
                return True
            pay_with_credit(order.id, buyer, self._chain, self._settings)
        return True

    def _report_order(self, number: int) -> bool:
        line = {
            "externalId": "1",
            "sku": "MUG",
            "name": "Mug",
            "quantity": 1,
            "amount": "100.00",
            "tax": "20.00",
        }
        snapshot = {
            "externalId": f"soak{number}", "version": 1, "currency": "UAH", "status": "paid", "paidAmount": "120.00",
            "referralCode": self._goods.code.code, "customer": {"email": f"buyer{number}@example.test"},
            "lines": [line],
        }  # fmt: skip
        status, _ = self._request("/api/v1/orders", snapshot, Authorization=f"Bearer {self._goods.key}")
        return status in (200, 201, 202)

    def _send_beacon(self, code: str) -> bool:
        agent = {"User-Agent": "Mozilla/5.0 Firefox/140.0"}
        return self._request("/api/refcodes/track", {"code": code}, **agent)[0] == 200

    def _approve_until_stopped(self) -> None:
        while not self._stop.wait(1):
            with suppress(Exception):  # the next round tries again
                self._approve()
            release_connection()

    def _approve(self) -> None:
        with connection():
            rows = query(
                "SELECT id FROM referral_rewards WHERE status = 'pending_approval' ORDER BY id LIMIT 50"
            )
            if rows:
                approve_many([reward_id for (reward_id,) in rows], self._goods.admin.id, self._settings)

    # ------------------------------------------------------------------ results

    def wait_for_each(self, since: float, seconds: float) -> None:
        """Wait until a request of each kind that began after `since` was acknowledged."""
        deadline = time.monotonic() + seconds
        while missing := [name for name, kind in self._kinds.items() if kind.began_at < since]:
            assert time.monotonic() < deadline, f"not answered within {seconds} s: {missing}"
            time.sleep(0.05)

    def wait_until_settled(self, seconds: float) -> None:
        """Wait until the portal has finished what it has begun, by itself."""
        deadline = time.monotonic() + seconds
        with connection():
            while waiting := query(_WAITING)[0][0]:
                assert time.monotonic() < deadline, f"{waiting} rows still wait"
                time.sleep(1)

    def check(self) -> None:
        """Compare what was acknowledged with the database, and the ledger with the chain."""
        sent = {name: kind.acknowledged for name, kind in self._kinds.items()}
        with connection():
            paid, balances = _column(_PAID), dict(query(_BALANCES))
            _require_all("callbacks", (order.order_reference for order in sent["callbacks"]), paid)
            _require_all("refunds", (order.order_reference for order in sent["refunds"]), _column(_REFUNDED))
            _require_all("credit", (order.order_reference for _, order in sent["credit"]), paid)
            _require_all(
                "store orders", (f"soak{number}" for number in sent["store orders"]), _column(_STORED)
            )
            for buyer, order in self._goods.by_credit:
                owed = 0 if order.order_reference in paid else PRICE_MINOR
                assert balances[buyer.id] == owed, f"credit of {order.order_reference}: {balances[buyer.id]}"
            ((visits,),) = query("SELECT visits_total FROM refcodes WHERE code = %s", [self._goods.code.code])
            assert len(sent["beacons"]) <= visits <= self._kinds["beacons"].tries, (
                len(sent["beacons"]),
                visits,
            )
            assert query(_TWICE) == []
            assert run_checks() == {}
            self._world.assert_paid_exactly_once()

    def report(self) -> str:
        """Return how many requests of each kind were acknowledged, of how many tries, and the minted rewards."""
        lines = [
            f"{name}: {len(kind.acknowledged)} acknowledged of {kind.tries} tries, none lost"
            for name, kind in self._kinds.items()
        ]
        with connection():
            ((minted,),) = query("SELECT count(*) FROM referral_rewards WHERE status = 'minted'")
        return "\n".join([*lines, f"rewards: {minted} minted, each paid once on chain"])


def _column(sql: str) -> set[str]:
    return {value for (value,) in query(sql)}


def _require_all(kind: str, acknowledged: Iterator[str], stored: set[str]) -> None:
    lost = sorted(set(acknowledged) - stored)
    assert not lost, f"{len(lost)} acknowledged {kind} were lost: {lost[:5]}"

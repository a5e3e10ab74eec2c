"""Bursts of signed callbacks, and a worker in a process of its own that settles those that wait.

`python -m tests.support.bursts URL [FAILPOINT]` is the worker; it kills itself where it reaches a failpoint.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from models import Order, Refcode
from portal.chain import open_chain
from portal.chain.sending import failpoints
from portal.db import bind_database, connection
from portal.flows.checkout.settle_inbox import settle_inbox
from portal.payments import Callback, RawCallback, get_provider
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.settings import Settings
from tests.factories import make_order, make_payment, make_product, make_user

_MERCHANT, _SECRET = "burst_merchant", "burst secret"
PROVIDER = {
    "WAYFORPAY_MERCHANT_ACCOUNT": _MERCHANT,
    "WAYFORPAY_SECRET_KEY": _SECRET,
    "WAYFORPAY_DOMAIN": "burst.example",
    "REFERRAL_TOKEN_USD_PRICE": "0.1",
}
_PATH = "/api/payments/wayforpay/webhook"


def waiting_orders(code: str, count: int) -> list[Order]:
    """Create attributed first orders of one product each, with an open payment."""
    credited = Refcode.get_by_id(code)
    orders = []
    for _ in range(count):
        order = make_order(make_user(), [(make_product(), 1)], code=credited)
        make_payment(order)
        orders.append(order)
    return orders


def approved(order: Order) -> bytes:
    """Return the request with which the provider reports an order as paid."""
    body = approved_body(order.order_reference).encode()
    head = (
        f"POST {_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def approved_callback(order_reference: str) -> Callback:
    """Return the callback that reports an order as paid, as its provider reads it."""
    provider = get_provider("wayforpay", _settings())
    callback = provider.read_callback(RawCallback("wayforpay", approved_body(order_reference).encode()))
    assert isinstance(callback, Callback)
    return callback


def approved_body(order_reference: str) -> str:
    """Return the signed body of the callback that reports an order of 1,000.00 UAH as paid."""
    fields = {
        "merchantAccount": _MERCHANT,
        "orderReference": order_reference,
        "amount": "1000.00",
        "currency": "UAH",
        "authCode": "541963",
        "cardPan": "41****8217",
        "transactionStatus": "Approved",
        "reasonCode": "1100",
    }
    return json.dumps(sign_callback(_SECRET, fields))


@contextmanager
def settling(url: str, dies_at: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker that settles waiting callbacks as the job does, until the block ends; kill it then."""
    worker = subprocess.Popen([sys.executable, "-m", "tests.support.bursts", url, dies_at])
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


@cache
def _settings() -> Settings:
    return Settings(_env_file=None, **{name.lower(): value for name, value in PROVIDER.items()})


def _work(url: str, dies_at: str) -> None:
    failpoints.listen(lambda label: os.kill(os.getpid(), signal.SIGKILL) if label == dies_at else None)
    bind_database(url)
    chain = open_chain(_settings())
    while True:
        with connection():
            settle_inbox(chain, _settings())
        time.sleep(0.02)


if __name__ == "__main__":
    _work(*sys.argv[1:3])

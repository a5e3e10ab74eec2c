"""What WooCommerce sent when it was recorded, and a server that answers as its REST API does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from portal.stores.adapters.protocol import Delivery, StoreApi

CAPTURES = Path(__file__).parents[1] / "stores" / "captures"
SECRET = "lab-secret"
CREDENTIALS = {"consumer_key": "ck_lab", "consumer_secret": "cs_lab"}
# The deliveries by number: order 14 from placed to fully refunded, and order 20, which came with a code.
ORDER_14, ORDER_20 = (1, 3, 5, 6, 9, 11), (20, 21, 22)
# Of a shop with prices in whole hryvnias: total and tax of each line, of fees and of shipping, and the total.
WHOLE_HRYVNIAS = [
    (["2000 400", "7202 1440", "1029 206", "6173 1235", "208 42"], ["18 4"], [], "19956"),
    (["7202 1440", "7202 1440", "2 0", "9259 1852"], [], [], "28398"),
    (["2 0", "1 0", "6173 1235", "9877 1975"], ["19 4", "-12 -2"], ["3 1"], "19277"),
    (["1 0"], ["-24 -5"], ["23 5"], "0"),
    (["3 1"], ["-4 -1"], [], "-1"),
]
REFUND_ACTIONS, GREETINGS = (7, 10, 12), (2, 4, 8)


def recorded(number: int) -> Delivery:
    """Return a recorded delivery, byte for byte."""
    headers = json.loads((CAPTURES / f"raw/{number:03}.headers.json").read_text())["headers"]
    body = (CAPTURES / f"raw/{number:03}.body").read_bytes()
    return Delivery({name.lower(): value for name, value in headers}, body)


def signed(content: object, topic: str = "order.updated", secret: str = SECRET) -> Delivery:
    """Return a delivery of some content as WooCommerce signs it."""
    return signed_bytes(json.dumps(content).encode(), topic, secret)


def signed_bytes(body: bytes, topic: str, secret: str = SECRET) -> Delivery:
    signature = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    headers = {
        "content-type": "application/json",
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-signature": signature,
    }
    return Delivery(headers, body)


def recorded_answer(name: str) -> Any:
    """Return what the REST API answered when it was recorded."""
    return json.loads((CAPTURES / f"woo_{name}.get.json").read_text())


# Refunds: what the buyer got back, goods, shipping and fees with their taxes, and which lines are taken back.
_MUG, _SHIPPING, _FEE = ("-83.33", "-16.67"), ("-50.00", "-10.00"), ("-20.00", "-4.00")
REFUNDS_OF_PARTS = [
    ("60.00", [], [_SHIPPING], [], [("7", "0")]),
    ("30.00", [], [_SHIPPING], [], [("7", "0")]),
    ("84.00", [], [_SHIPPING], [_FEE], [("7", "0")]),
    ("160.00", [_MUG], [_SHIPPING], [], [("7", "83.33")]),
    ("100.00", [], [_SHIPPING], [], []),
    ("100.00", [], [], [], []),
]


def refund_of_parts(number: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a paid order with one refund, and the refund as the API lists it."""
    amount, *parts, _lines = REFUNDS_OF_PARTS[number]
    meta = [{"key": "_refunded_item_id", "value": "7"}]
    goods, shipping, fees = (
        [{"total": total, "total_tax": tax, "meta_data": meta} for total, tax in part] for part in parts
    )
    order = {**recorded_answer("order_partial_refund"), "refunds": [{"id": 15, "total": f"-{amount}"}]}
    return order, [{"id": 15, "line_items": goods, "shipping_lines": shipping, "fee_lines": fees}]


def whole_hryvnias(number: int) -> dict[str, Any]:
    """Return an order that was paid, whose parts the shop has rounded one by one."""
    order = recorded_answer("order_processing")
    *parts, total = WHOLE_HRYVNIAS[number]
    lines, fees, shipping = (
        [{"total": pair.split()[0], "total_tax": pair.split()[1]} for pair in part] for part in parts
    )
    goods = [{**order["line_items"][0], "id": at, **line} for at, line in enumerate(lines)]
    parts_of_it = {"line_items": goods, "fee_lines": fees, "shipping_lines": shipping}
    return {**order, **parts_of_it, "total": total, "date_paid_gmt": order["date_modified_gmt"]}


@dataclass
class Shop:
    """The orders and refunds that the server shows; a `failure` is its next answers: status, headers, how often."""

    url: str
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    failure: tuple[int, dict[str, str], int] | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def api(self) -> StoreApi:
        return StoreApi(self.url, CREDENTIALS)

    def show(self, order: dict[str, Any], refunds: list[dict[str, Any]] | None = None) -> None:
        self.orders[order["id"]] = order
        self.refunds[order["id"]] = refunds or []


@contextmanager
def running_shop() -> Iterator[Shop]:
    """Run a server on loopback that answers as the recorded store does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    shop = Shop(f"http://127.0.0.1:{server.server_address[1]}")
    server.shop = shop  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""

    def do_GET(self) -> None:
        shop: Shop = self.server.shop  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        arguments = {name: values[0] for name, values in parse_qs(parts.query).items()}
        shop.asked.append(parts.path.removeprefix("/wp-json/wc/v3/"))
        if shop.failure and shop.failure[2]:
            status, headers, often = shop.failure
            shop.failure = (status, headers, often - 1)
            self._answer(status, {"code": "failure"}, headers)
        elif arguments.get("consumer_key") != "ck_lab" or arguments.get("consumer_secret") != "cs_lab":
            self._answer(401, {"code": "woocommerce_rest_cannot_view"})
        else:
            self._answer(*_content(shop, parts.path.removeprefix("/wp-json/wc/v3/").split("/"), arguments))

    def _answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _content(shop: Shop, path: list[str], arguments: dict[str, str]) -> tuple[int, object]:
    if path[0] != "orders":
        return 404, {"code": "rest_no_route"}
    if len(path) == 1:
        return 200, _changed(shop, arguments)
    number = int(path[1])
    if number not in shop.orders:
        return 404, {"code": "woocommerce_rest_shop_order_invalid_id"}
    return 200, shop.orders[number] if len(path) == 2 else shop.refunds[number]


def _changed(shop: Shop, arguments: dict[str, str]) -> list[dict[str, Any]]:
    after, size = arguments["modified_after"], int(arguments["per_page"])
    orders = [order for order in shop.orders.values() if order["date_modified_gmt"] > after]
    orders.sort(key=lambda order: (order["date_modified_gmt"], order["id"]))
    start = (int(arguments["page"]) - 1) * size
    return orders[start : start + size]

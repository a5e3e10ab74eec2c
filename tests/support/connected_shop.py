"""Connect a WooCommerce store by the portal's pages, as its owner does, and send its deliveries."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from portal.stores.adapters.protocol import Delivery
from tests.support.woocommerce import recorded_answer, signed


@dataclass(frozen=True)
class ConnectedShop:
    """A store with what its page showed once."""

    id: str
    hook_url: str
    secret: str
    live_key: str

    def deliver(self, content: object, *, secret: str | None = None) -> int:
        """Send a signed delivery and return the status of the answer."""
        return send(self.hook_url, signed(content, secret=secret or self.secret))


def paid_order(number: str, code: str | None) -> dict[str, Any]:
    """Return the recorded order that came with a code, under another number and code and paid."""
    order = recorded_answer("order_with_ref")
    others = [entry for entry in order["meta_data"] if entry["key"] != "ring_ref"]
    carried = [{"id": 1, "key": "ring_ref", "value": code}] if code else []
    return {
        **order,
        "id": int(number),
        "number": number,
        "status": "completed",
        "date_paid_gmt": order["date_created_gmt"],
        "date_paid": order["date_created_gmt"],
        "meta_data": [*others, *carried],
    }


def connect_woocommerce(page: Page, name: str, *, area: str = "admin", locale: str = "en") -> ConnectedShop:
    """Go through the three steps and return what the last one shows."""
    page.goto(f"/{locale}/{area}/stores/connect")
    page.locator("#name").fill(name)
    page.locator("#platform").select_option("woocommerce")
    page.locator("main button[type=submit]").click()
    page.locator("#origins").fill("https://mugs.example")
    page.locator("main form[method=post] button[type=submit]").click()
    page.locator("#copy-this").wait_for()
    values = {
        each: page.locator(f"#{each}").input_value()
        for each in ("hook-address", "webhook-secret", "live-key")
    }
    href = page.locator("main a.btn-primary").last.get_attribute("href")
    assert href is not None
    return ConnectedShop(
        href.rsplit("/", 1)[1], values["hook-address"], values["webhook-secret"], values["live-key"]
    )


def send(url: str, delivery: Delivery) -> int:
    """Post a delivery as the platform does and return the status of the answer."""
    request = urllib.request.Request(url, delivery.body, dict(delivery.headers))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return int(refusal.code)

"""The gzipped size of pages of realistic length."""

from __future__ import annotations

import gzip
import re

from flask import Flask

from models import User
from portal.lib.folders import STATIC
from tests.factories import (
    make_admin,
    make_code,
    make_order,
    make_payment,
    make_product,
    make_reward,
    make_settlement,
    make_vendor,
    make_visits,
)
from tests.web.conftest import visitor

_KB = 1024
PAGE, FRAGMENT, FIRST_LOAD = 15 * _KB, 8 * _KB, 140 * _KB


def weight(text: str) -> int:
    return len(gzip.compress(text.encode()))


def test_pages_stay_within_the_size_limit(app: Flask, owner: User, seller: User) -> None:
    admin = make_admin()
    vendor = seller.vendor_set.get()
    products = [make_product(vendor) for _ in range(40)]
    codes = [make_code(owner) for _ in range(3)]
    for code in codes:
        make_visits(code, dict.fromkeys(range(28), 7))
    for number in range(50):
        make_reward(codes[number % 3])
        make_settlement(vendor)
        order = make_order(owner, [(products[number % 40], 1)], paid=True)
        make_payment(order, "paid")
    pages = {
        owner: ("/", "/refcodes", "/orders", "/membership", "/account/wallets"),
        admin: ("/admin/refcodes", "/admin/store/commissions", "/admin/audit",
                f"/admin/audit?orderReference={order.order_reference}"),
        seller: ("/vendor/earnings",),
    }  # fmt: skip
    oversized = {}
    for user, paths in pages.items():
        browser = visitor(app, user)
        for path in paths:
            for locale in ("en", "uk"):
                answer = browser.get(f"/{locale}{path}")
                assert answer.status_code == 200
                if weight(answer.text) > PAGE:
                    oversized[f"/{locale}{path}"] = weight(answer.text)
    assert not oversized


def test_fragments_stay_within_the_size_limit(app: Flask, owner: User, admin: User) -> None:
    code = make_code(owner)
    rewards = [make_reward(code, "minted") for _ in range(50)]
    order = make_order(owner)
    make_payment(order)
    owner_browser, admin_browser = visitor(app, owner), visitor(app, admin)
    for answer in (
        owner_browser.fragment("/uk/refcodes"),
        owner_browser.fragment(f"/uk/checkout/processing/{order.order_reference}"),
        admin_browser.fragment(f"/uk/admin/refcodes/{rewards[0].id}/row"),
        owner_browser.fragment("/uk/none"),
    ):
        assert "<html" not in answer.text
        assert weight(answer.text) <= FRAGMENT, answer.request.path


def test_first_load_stays_within_the_size_limit(app: Flask) -> None:
    vendor = make_vendor()
    for _ in range(40):
        make_product(vendor)
    client = visitor(app)
    page = client.get("/uk/")
    total = weight(page.text)
    urls = set(re.findall(r'(?:src|href)="((?:/static/|/brand\.css)[^"#]*)', page.text))
    assert len(urls) >= 6
    for url in urls:
        answer = client.get(url)
        total += len(gzip.compress(answer.data))
        answer.close()
    assert total <= FIRST_LOAD
    assert (STATIC / "icons.svg").exists()

"""Links to exports on the pages of ledgers."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from models import User
from portal.web.exports import LEDGERS
from tests.web.conftest import visitor
from tests.web.exports.ledger_files import FORMS, fill_ledgers
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def test_ledgers_page_links_every_admin_export(as_admin: Visitor) -> None:
    page = as_admin.get("/admin/ledgers?since=2026-01-02&until=2026-01-03")
    for ledger in LEDGERS:
        for form in FORMS:
            link = f'href="{ledger.address}.{form}?since=2026-01-02&amp;until=2026-01-03"'
            assert (link in page.text) is bool(ledger.words), (ledger.name, form)
    assert 'href="/admin/ledgers"' in as_admin.get("/admin/audit").text


def test_invalid_date_is_reported_and_left_out_of_links(as_admin: Visitor) -> None:
    page = as_admin.get("/admin/ledgers?since=soon&until=2026-01-03")
    assert "Enter a date such as 2026-11-21." in text_of(page)
    assert not re.search(r"\.csv[^\"]*soon", page.text)
    assert "payments.csv?until=2026-01-03" in page.text


def test_ledgers_page_requires_an_admin(as_owner: Visitor, as_seller: Visitor, client: Visitor) -> None:
    assert as_owner.get("/admin/ledgers").status_code == as_seller.get("/admin/ledgers").status_code == 403
    assert client.get("/admin/ledgers").status_code == 303


PAGES: list[tuple[str, str, list[str]]] = [
    ("admin", "/admin/store/commissions?status=held", ["/admin/store/commissions.{}?status=held"]),
    ("admin", "/admin/refcodes?code=x", ["/admin/refcodes.{}?status=pending_approval&amp;code=x"]),
    ("admin", "/admin/store/commissions/batches", ["/admin/store/commissions/batches.{}"]),
    ("vendor", "/vendor/earnings", ["/vendor/earnings.{}", "/vendor/earnings/payouts.{}"]),
    ("owner", "/refcodes", ["/refcodes.{}"]),
    ("owner", "/uk/orders", ["/uk/orders.{}", "/uk/orders/payments.{}", "/uk/orders/credit.{}"]),
]


@pytest.mark.parametrize(("role", "path", "links"), PAGES)
def test_page_links_its_export(
    app: Flask, owner: User, seller: User, admin: User, role: str, path: str, links: list[str]
) -> None:
    fill_ledgers(owner, seller)
    browser = visitor(app, {"admin": admin, "vendor": seller, "owner": owner}[role])
    page = browser.get(path).text
    for link in links:
        for form in FORMS:
            assert f'href="{link.format(form)}"' in page
            response = browser.get(link.format(form).replace("&amp;", "&"))
            assert response.status_code == 200
            response.close()


def test_batch_page_links_its_export(as_admin: Visitor, owner: User, seller: User) -> None:
    batch = fill_ledgers(owner, seller)
    page = as_admin.get(f"/admin/store/commissions/batches/{batch}").text
    assert f'href="/admin/store/commissions/batches/{batch}.xlsx"' in page

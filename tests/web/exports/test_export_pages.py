"""Pages that offer ledgers, and the documentation of all ledgers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from models import (
    User,
)
from portal.web.exports import LEDGERS
from portal.web.exports.ledger import Ledger
from tests.factories import (
    make_admin,
)
from tests.web.conftest import visitor
from tests.web.exports.export_files import (
    FORMS,
    fill,
)
from tests.web.pages import text_of
from tests.web.visitor import Visitor

# ---------------------------------------------------------------------- pages


def test_the_ledgers_page_lists_what_an_admin_downloads(as_admin: Visitor) -> None:
    page = as_admin.get("/admin/ledgers?since=2026-01-02&until=2026-01-03")
    for ledger in LEDGERS:
        for form in FORMS:
            link = f'href="{ledger.address}.{form}?since=2026-01-02&amp;until=2026-01-03"'
            assert (link in page.text) is bool(ledger.words), (ledger.name, form)
    assert 'href="/admin/ledgers"' in as_admin.get("/admin/audit").text


def test_a_wrong_day_is_told_and_carried_nowhere(as_admin: Visitor) -> None:
    page = as_admin.get("/admin/ledgers?since=soon&until=2026-01-03")
    assert "Enter a date such as 2026-11-21." in text_of(page)
    assert not re.search(r"\.csv[^\"]*soon", page.text)
    assert "payments.csv?until=2026-01-03" in page.text


def test_the_ledgers_page_is_the_admins(as_owner: Visitor, as_seller: Visitor, client: Visitor) -> None:
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


@pytest.mark.parametrize(("who", "path", "links"), PAGES)
def test_a_page_offers_its_ledger(
    app: Flask, owner: User, seller: User, admin: User, who: str, path: str, links: list[str]
) -> None:
    fill(owner, seller)
    browser = visitor(app, {"admin": admin, "vendor": seller, "owner": owner}[who])
    page = browser.get(path).text
    for link in links:
        for form in FORMS:
            assert f'href="{link.format(form)}"' in page
            answer = browser.get(link.format(form).replace("&amp;", "&"))
            assert answer.status_code == 200
            answer.close()


def test_a_batch_offers_its_rows(as_admin: Visitor, owner: User, seller: User) -> None:
    batch = fill(owner, seller)
    page = as_admin.get(f"/admin/store/commissions/batches/{batch}").text
    assert f'href="/admin/store/commissions/batches/{batch}.xlsx"' in page


# ---------------------------------------------------------------------- what a new ledger needs


def test_a_ledger_is_one_entry(make_app: Callable[..., Flask]) -> None:
    """What stands in the list has its route in both forms, with its access."""
    app = make_app()
    rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    for ledger in LEDGERS:
        assert isinstance(ledger, Ledger)
        assert rules[f"exports.{ledger.name}"] == ledger.address + ".<any(csv,xlsx):form>"
        assert app.view_functions[f"exports.{ledger.name}"].access.audience == ledger.audience
    assert visitor(app, make_admin()).get("/admin/ledgers/payments.ods").status_code == 404


def test_the_documentation_lists_every_ledger_and_column() -> None:
    text = (Path(__file__).parents[3] / "docs" / "exports.md").read_text()
    for ledger in LEDGERS:
        columns = ", ".join(column.name for column in ledger.columns)
        readers = ledger.audience.replace("_", " ")
        assert f"| `{ledger.name}` | `{ledger.address}` | {readers} | {columns} |" in text, ledger.name

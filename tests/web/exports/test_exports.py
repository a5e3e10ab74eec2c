"""Ledgers as files: who may read which rows, periods and file names."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from openpyxl import load_workbook

from models import (
    User,
)
from portal.web.exports import LEDGERS
from tests.web.conftest import visitor
from tests.web.exports.export_files import (
    ENTRIES,
    FORMS,
    SEEN,
    address,
    both,
    fill,
)
from tests.web.pages import text_of


@pytest.mark.parametrize("name", ENTRIES)
def test_a_ledger_holds_what_its_reader_may_see(
    app: Flask, owner: User, seller: User, admin: User, name: str
) -> None:
    batch = fill(owner, seller)
    reader = visitor(app, {"admin": admin, "vendor": seller, "signed_in": owner}[ENTRIES[name].audience])
    rows = both(reader, name, "?status=minted" if name == "reward-queue" else "", batch)
    assert len(rows) == SEEN[name]
    assert list(rows[0]) == [column.name for column in ENTRIES[name].columns]
    texts = [text for row in rows for text in row.values()]
    assert not [text for text in texts if text[:1] in "=+@\t\r" and text]
    assert all(re.fullmatch(r"-[\d.]+", text) for text in texts if text.startswith("-"))
    assert not [text for text in texts if re.search(r"5977|5ec7e7|buyer@|form-key", text)]


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("form", FORMS)
def test_nobody_else_gets_it(
    app: Flask, owner: User, seller: User, admin: User, name: str, form: str
) -> None:
    batch = fill(owner, seller)
    path, audience = address(name, form, batch), ENTRIES[name].audience
    assert visitor(app).get(path).status_code == 303
    for person in (owner, seller, admin):
        allowed = audience in ("signed_in", person.role)
        answer = visitor(app, person).get(path)
        assert answer.status_code == (200 if allowed else 403), person.role
        answer.close()
    assert visitor(app, admin).post(path).status_code == 405


@pytest.mark.parametrize("name", sorted(set(ENTRIES) - {"payout-batch"}))
def test_an_empty_ledger_is_its_header(app: Flask, owner: User, seller: User, admin: User, name: str) -> None:
    reader = visitor(app, {"admin": admin, "vendor": seller, "signed_in": owner}[ENTRIES[name].audience])
    header = ",".join(column.name for column in ENTRIES[name].columns) + "\r\n"
    assert reader.get(address(name)).text == header
    answer = reader.get(address(name, "xlsx"))
    sheet = load_workbook(io.BytesIO(answer.data)).active
    answer.close()
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [header.strip().split(",")]


@pytest.mark.parametrize("name", sorted(set(ENTRIES) - {"payout-batch", "settlements", "reward-queue"}))
def test_a_period_holds_for_it(app: Flask, owner: User, seller: User, admin: User, name: str) -> None:
    fill(owner, seller)
    reader = visitor(app, {"admin": admin, "vendor": seller, "signed_in": owner}[ENTRIES[name].audience])
    today = datetime.now(UTC).date()
    since, later = today - timedelta(days=2), today + timedelta(days=2)
    assert len(both(reader, name, f"?since={since}&until={later}")) == SEEN[name]
    assert both(reader, name, f"?since={later}") == []
    assert both(reader, name, f"?until={today - timedelta(days=3)}") == []
    refused = reader.get(f"{address(name)}?since=soon")
    assert refused.status_code == 422
    assert "Enter a date such as 2026-11-21." in text_of(refused)


def test_names_are_stable_and_of_one_form() -> None:
    for ledger in LEDGERS:
        names = [column.name for column in ledger.columns]
        assert len(set(names)) == len(names), ledger.name
        assert all(re.fullmatch(r"[a-z][a-z_]*", name) for name in names), ledger.name
        assert re.fullmatch(r"[a-z-]{1,31}", ledger.name)
    assert len(ENTRIES) == len(LEDGERS) == len(SEEN)


def test_a_file_is_named_after_ledger_and_day(app: Flask, owner: User, seller: User, admin: User) -> None:
    batch = fill(owner, seller)
    reader, day = visitor(app, admin), f"{datetime.now(UTC):%Y-%m-%d}"
    for form in FORMS:
        for name, title in (("settlements", "settlements"), ("payout-batch", f"payout-batch-{batch}")):
            answer = reader.get(address(name, form, batch))
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{title}-{day}.{form}"'
            assert answer.headers["Cache-Control"] == "no-store"
            answer.close()
    assert reader.get(address("payout-batch", batch_id=batch + 99)).status_code == 404

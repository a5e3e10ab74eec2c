"""Which roles may download which rows of a ledger, and how the files are named and documented."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import load_workbook

from models import User
from portal.web.exports import LEDGERS
from portal.web.exports.ledger import Ledger
from tests.factories import make_admin
from tests.web.conftest import visitor
from tests.web.exports.ledger_files import (
    FORMS,
    LEDGERS_BY_NAME,
    VISIBLE_ROWS,
    export_rows,
    export_url,
    fill_ledgers,
)
from tests.web.pages import text_of
from tests.web.visitor import Visitor

# Ledgers of one batch or statement, which does not exist in an empty database.
OF_ONE = {"payout-batch", "commission-statement", "my-commission-statement"}
# The first version of the programme is in force for all of history.
NEVER_EMPTY = {"programme-versions"}
OTHERWISE_FILTERED = {"people", "referrers", "vendors", "settlements", "reward-queue"}


@pytest.fixture
def reader_of(app: Flask, owner: User, seller: User, admin: User) -> Callable[[str], Visitor]:
    """Return a function that returns the browser of a person who may read a ledger."""
    readers = {
        "admin": visitor(app, admin),
        "vendor": visitor(app, seller),
        "signed_in": visitor(app, owner),
    }
    return lambda name: readers[LEDGERS_BY_NAME[name].audience]


def test_ledgers_contain_only_rows_their_readers_may_see(
    reader_of: Callable[[str], Visitor], owner: User, seller: User
) -> None:
    batch = fill_ledgers(owner, seller)
    for name, ledger in LEDGERS_BY_NAME.items():
        rows = export_rows(reader_of(name), name, "?status=minted" if name == "reward-queue" else "", batch)
        assert len(rows) == VISIBLE_ROWS[name], name
        assert list(rows[0]) == [column.name for column in ledger.columns]
        texts = [text for row in rows for text in row.values()]
        assert not [text for text in texts if text[:1] in "=+@\t\r" and text], name
        assert all(re.fullmatch(r"-[\d.]+", text) for text in texts if text.startswith("-")), name
        assert not [text for text in texts if re.search(r"\*5977|5ec7e7|buyer@|form-key", text)], name


@pytest.mark.parametrize("form", FORMS)
def test_ledgers_are_refused_to_other_roles(
    app: Flask, owner: User, seller: User, admin: User, form: str
) -> None:
    batch = fill_ledgers(owner, seller)
    readers = {user: visitor(app, user) for user in (owner, seller, admin)}
    for name, ledger in LEDGERS_BY_NAME.items():
        path = export_url(name, form, batch)
        assert visitor(app).get(path).status_code == 303, name
        for user, reader in readers.items():
            allowed = ledger.audience in ("signed_in", user.role)
            assert reader.get(path).status_code == (200 if allowed else 403), (name, user.role)
        assert readers[admin].post(path).status_code == 405, name


def test_empty_ledgers_have_only_a_header(reader_of: Callable[[str], Visitor]) -> None:
    for name in sorted(set(LEDGERS_BY_NAME) - OF_ONE - NEVER_EMPTY - {"people", "vendors"}):
        header = ",".join(column.name for column in LEDGERS_BY_NAME[name].columns) + "\r\n"
        assert reader_of(name).get(export_url(name)).text == header
        sheet = load_workbook(io.BytesIO(reader_of(name).get(export_url(name, "xlsx")).data)).active
        assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [header.strip().split(",")]


def test_ledgers_are_filtered_by_period(
    reader_of: Callable[[str], Visitor], owner: User, seller: User
) -> None:
    fill_ledgers(owner, seller)
    today = datetime.now(UTC).date()
    since, later = today - timedelta(days=2), today + timedelta(days=2)
    for name in sorted(set(LEDGERS_BY_NAME) - OF_ONE - NEVER_EMPTY - OTHERWISE_FILTERED):
        reader = reader_of(name)
        assert len(export_rows(reader, name, f"?since={since}&until={later}")) == VISIBLE_ROWS[name], name
        assert export_rows(reader, name, f"?since={later}") == [], name
        assert export_rows(reader, name, f"?until={today - timedelta(days=3)}") == [], name
        invalid = reader.get(f"{export_url(name)}?since=soon")
        assert invalid.status_code == 422, name
        assert "Enter a date such as 2026-11-21." in text_of(invalid), name


def test_versions_of_the_programme_are_filtered_by_their_start(app: Flask, admin: User) -> None:
    reader, today = visitor(app, admin), datetime.now(UTC).date()
    assert len(export_rows(reader, "programme-versions", f"?until={today}")) == 1
    assert export_rows(reader, "programme-versions", f"?since={today}") == []


def test_names_are_unique_and_lower_case() -> None:
    for ledger in LEDGERS:
        names = [column.name for column in ledger.columns]
        assert len(set(names)) == len(names), ledger.name
        assert all(re.fullmatch(r"[a-z][a-z_]*", name) for name in names), ledger.name
        assert re.fullmatch(r"[a-z-]{1,31}", ledger.name)
    assert len(LEDGERS_BY_NAME) == len(LEDGERS) == len(VISIBLE_ROWS)


def test_file_name_has_ledger_and_date(app: Flask, owner: User, seller: User, admin: User) -> None:
    batch = fill_ledgers(owner, seller)
    reader, day = visitor(app, admin), f"{datetime.now(UTC):%Y-%m-%d}"
    for form in FORMS:
        for name, title in (("settlements", "settlements"), ("payout-batch", f"payout-batch-{batch}")):
            response = reader.get(export_url(name, form, batch))
            assert response.headers["Content-Disposition"] == f"attachment; filename={title}-{day}.{form}"
            assert response.headers["Cache-Control"] == "no-store"
            response.close()
    assert reader.get(export_url("payout-batch", batch_id=batch + 99)).status_code == 404


def test_every_ledger_has_its_route_and_access(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    for ledger in LEDGERS:
        assert isinstance(ledger, Ledger)
        assert rules[f"exports.{ledger.name}"] == ledger.address + ".<any(csv,xlsx):form>"
        assert app.view_functions[f"exports.{ledger.name}"].access.audience == ledger.audience
    assert visitor(app, make_admin()).get("/admin/ledgers/payments.ods").status_code == 404


def test_documentation_lists_every_ledger_and_column() -> None:
    text = (Path(__file__).parents[3] / "docs" / "exports.md").read_text()
    for ledger in LEDGERS:
        columns = ", ".join(column.name for column in ledger.columns)
        readers = ledger.audience.replace("_", " ")
        assert f"| `{ledger.name}` | `{ledger.address}` | {readers} | {columns} |" in text, ledger.name

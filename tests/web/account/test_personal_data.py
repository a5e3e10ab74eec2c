"""A person's own data: complete, without secrets, without data of others, and in one zip file."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from models import EventLog, User
from portal.accounts import Device, open_link
from portal.cli.users import user as user_commands
from portal.db import query, record_event
from portal.flows.accounts.sign_in_log import record_sign_in
from portal.flows.personal_data.tables import NOT_EXPORTED, PERSONAL_TABLES
from portal.notifications import notify
from tests.factories import ACTOR
from tests.support.addresses import addresses_in, not_checksummed
from tests.support.databases import execute
from tests.web.account.factor import enrol, expire_confirmation
from tests.web.conftest import MakeApp, visitor
from tests.web.exports.ledger_files import UNSAFE_TEXT, fill_ledgers
from tests.web.visitor import Visitor

Export = dict[str, list[dict[str, Any]]]
# What names people, or what belongs to them, where no foreign key does.
PERSONAL_COLUMN = re.compile(
    r"user_id|email|phone|wallet|recipient|requested_by|proposed_by|^to_address$|^actor$"
)


def read_export(content: bytes) -> Export:
    """Return the rows of an export by file; the CSV files must have the same rows."""
    with ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = [name.split("/")[1].split(".")[0] for name in archive.namelist() if name.startswith("json/")]
        rows = {name: json.loads(archive.read(f"json/{name}.json")) for name in names}
        for name in names:
            lines = list(csv.DictReader(io.StringIO(archive.read(f"csv/{name}.csv").decode())))
            assert len(lines) == len(rows[name]), name
            assert all(list(line) == list(row) for line, row in zip(lines, rows[name], strict=True)), name
    return rows


def export_of(answer: TestResponse) -> Export:
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    return read_export(answer.data)


def filled(owner: User, seller: User) -> None:
    """Create rows about the owner, the seller and other people in most tables."""
    fill_ledgers(owner, seller)
    device = Device("Firefox", "Linux", "203.0.113.0/24", "203.0.113.9")
    for person in (owner, seller):
        record_sign_in(person.id, "password", device)
        notify(person.id, "referral_reward_minted", f"n{person.id}", reference=person.name)
        open_link("reset_password", person.id, person.email or "")
    enrol(owner)


def test_export_has_the_rows_of_the_person_and_of_nobody_else(app: Flask, owner: User, seller: User) -> None:
    filled(owner, seller)
    browser = visitor(app, owner)
    page = browser.get("/account/data")
    assert (page.status_code, 'action="/account/data/export"' in page.text) == (200, True)
    own = export_of(browser.submit("/account/data/export", {}))
    filled_files = {name for name, rows in own.items() if rows}
    assert filled_files >= {
        "users", "user_sessions", "account_links", "second_factors", "recovery_codes", "wallets", "notifications",
        "events", "refcodes", "visit_daily", "referral_rewards", "reward_debits", "erp_sales_assists", "customers",
        "orders", "order_items", "payment_transactions", "payment_events", "payment_refunds", "credit_balances",
        "credit_entries",
    }  # fmt: skip
    assert own["users"][0]["email"] == owner.email
    assert {row["user_id"] for name in ("wallets", "orders") for row in own[name] if "user_id" in row} == {
        owner.id
    }
    assert {row["event"] for row in own["events"]} >= {"signed_in", "credit_added", "data_exported"}
    texts = json.dumps(own)
    assert addresses_in(texts)
    assert not not_checksummed(texts)
    for stranger in (seller.email, seller.name, seller.password_hash):
        assert str(stranger) not in texts
    sold = export_of(visitor(app, seller).submit("/account/data/export", {}))
    assert {name for name in ("vendors", "settlements", "payouts", "commission_statements") if sold[name]} == {
        "vendors", "settlements", "payouts", "commission_statements"
    }  # fmt: skip
    assert sold["vendors"][0]["name"] == UNSAFE_TEXT
    assert not sold["orders"]


def test_secrets_are_not_exported(app: Flask, owner: User, seller: User) -> None:
    filled(owner, seller)
    texts = json.dumps(export_of(visitor(app, owner).submit("/account/data/export", {})))
    secrets = query(
        """SELECT password_hash FROM users WHERE id = %(me)s UNION ALL SELECT token_hash FROM user_sessions
           UNION ALL SELECT key FROM account_links UNION ALL SELECT code_hash FROM recovery_codes
           UNION ALL SELECT encode(sealed_secret, 'hex') FROM second_factors""",
        {"me": owner.id},
    )
    assert len(secrets) > 5
    assert [secret for (secret,) in secrets if secret in texts] == []


def test_csv_files_hold_no_formulas(app: Flask, owner: User, seller: User) -> None:
    User.update(name=UNSAFE_TEXT).where(User.id == owner.id).execute()
    answer = visitor(app, owner).submit("/account/data/export", {})
    with ZipFile(io.BytesIO(answer.data)) as archive:
        assert f"'{UNSAFE_TEXT}" in archive.read("csv/users.csv").decode()
        assert json.loads(archive.read("json/users.json"))[0]["name"] == UNSAFE_TEXT


@pytest.mark.parametrize(
    ("locale", "words"), [("en", "Everything that"), ("uk", "Усе, що"), ("ru", "Всё, что")]
)
def test_admin_downloads_the_data_of_a_person_in_their_language(
    as_admin: Visitor, owner: User, admin: User, locale: str, words: str
) -> None:
    User.update(locale=locale).where(User.id == owner.id).execute()
    assert f'action="/admin/people/{owner.id}/export"' in as_admin.get(f"/admin/people/{owner.id}").text
    answer = as_admin.submit(f"/admin/people/{owner.id}/export", {})
    assert export_of(answer)["users"][0]["id"] == owner.id
    with ZipFile(io.BytesIO(answer.data)) as archive:
        assert words in archive.read("README.txt").decode()
    event = EventLog.get(EventLog.event == "data_exported")
    assert (event.actor_user_id, event.entity_id) == (admin.id, str(owner.id))
    assert as_admin.submit("/admin/people/999999/export", {}).status_code == 404


def test_downloads_require_a_recent_proof(make_app: MakeApp, owner: User, admin: User) -> None:
    enrol(admin)
    browser = visitor(make_app(), admin)
    expire_confirmation()
    for url in ("/account/data/export", f"/admin/people/{owner.id}/export"):
        page = browser.submit(url, {})
        assert (page.status_code, 'name="seal"' in page.text) == (403, True), url
    assert visitor(make_app(), owner).submit(f"/admin/people/{admin.id}/export", {}).status_code == 403
    assert not EventLog.select().where(EventLog.event == "data_exported").exists()


def test_command_writes_a_new_file_for_its_user_only(
    app: Flask, owner: User, seller: User, tmp_path: Path
) -> None:
    filled(owner, seller)
    target = tmp_path / "olena.zip"

    def run(email: str) -> str:
        with app.app_context():
            return app.test_cli_runner().invoke(user_commands, ["export", email, str(target)]).output

    assert "There is no account" in run("nobody@example.com")
    assert not target.exists()
    assert "Written to" in run(owner.email or "")
    assert target.stat().st_mode & 0o777 == 0o600
    assert read_export(target.read_bytes())["users"][0]["id"] == owner.id
    assert "File exists" in run(owner.email or "")


def test_events_about_a_person_leave_out_those_of_others(app: Flask, owner: User, other: User) -> None:
    record_event(ACTOR, "user", other.id, "account_disabled", reason="Stolen cards")
    record_event(ACTOR, "user", f"{owner.id}0", "account_disabled", reason="Another one")
    record_event(ACTOR, "user", owner.id, "account_enabled")
    events = export_of(visitor(app, owner).submit("/account/data/export", {}))["events"]
    assert {row["entity_id"] for row in events} == {str(owner.id)}
    assert "account_enabled" in {row["event"] for row in events}


def test_every_table_that_refers_to_people_is_exported_or_left_out_for_a_reason(database_url: str) -> None:
    references = execute(
        database_url,
        """SELECT DISTINCT conrelid::regclass::text, confrelid::regclass::text
           FROM pg_constraint WHERE contype = 'f'""",
    )
    columns = execute(
        database_url,
        "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'",
    )
    personal = {str(table) for table, column in columns if PERSONAL_COLUMN.search(str(column))} | {"users"}
    while further := {str(table) for table, target in references if target in personal} - personal:
        personal |= further
    exported = {table.model._meta.table_name for table in PERSONAL_TABLES}
    assert personal - exported - set(NOT_EXPORTED) == set(), "belongs in portal/flows/personal_data/tables.py"
    assert exported & set(NOT_EXPORTED) == set()
    assert all(reason for reason in NOT_EXPORTED.values())
    stored = {str(table) for table, _column in columns}
    assert set(NOT_EXPORTED) - stored == set(), "no longer a table"


def test_hidden_columns_exist() -> None:
    for table in PERSONAL_TABLES:
        names = {field.column_name for field in table.model._meta.sorted_fields}
        assert table.hidden - names == set(), table.file_name
    files = [table.file_name for table in PERSONAL_TABLES]
    assert len(files) == len(set(files))

"""Files that a job prepares: the same rows as a download, for the person who asked only, and never half of one."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from peewee import fn
from werkzeug.test import TestResponse

from models import EventLog, Export, ExportPiece, Notification, User
from portal.db import Actor, connection
from portal.exports import KEPT_HOURS, MOST_PER_PERSON, Piece, add_piece
from portal.web.exports import LEDGERS, files, preparing
from portal.web.exports.preparing import prepare_piece
from tests.factories import give_credit, make_admin, make_user
from tests.support.databases import execute
from tests.support.killed_exports import prepare_and_die
from tests.web.conftest import MakeApp, visitor
from tests.web.exports.ledger_files import LEDGERS_BY_NAME, csv_rows, export_url, fill_ledgers, xlsx_rows
from tests.web.mailbox import newest_letter
from tests.web.pages import text_of
from tests.web.production import PRODUCTION, browse
from tests.web.visitor import Visitor

JOB = Actor.job("prepare_exports")
CREDIT = "/exports/new/credit-entries"


def ask(browser: Visitor, name: str, form: str, query: str = "") -> int:
    """Ask for a file and return its id."""
    answer = browser.submit(f"/exports/new/{name}.{form}{query}")
    assert (answer.status_code, answer.location) == (303, "/exports")
    return int(Export.select(fn.MAX(Export.id)).scalar())


def prepare(browser: Visitor) -> int:
    """Run the job and return the number of pieces."""
    pieces: int = browser.application.extensions["portal"].prepare_exports(JOB, lambda: False)
    return pieces


def download(browser: Visitor, export_id: int) -> TestResponse:
    return browser.get(f"/exports/{export_id}/file")


def give_credits(user: User, count: int) -> None:
    for number in range(1, count + 1):
        give_credit(user, number)


def queries_of(name: str, batch: int) -> str:
    """Return the query that names what the address of a ledger names."""
    address = LEDGERS_BY_NAME[name].address
    return (
        f"?batch_id={batch}"
        if "batch_id" in address
        else "?statement_id=1"
        if "statement_id" in address
        else ""
    )


@pytest.mark.slow
@pytest.mark.parametrize("audience", ["admin", "vendor", "signed_in"])
def test_files_in_pieces_of_one_row_equal_the_downloads(
    app: Flask, owner: User, seller: User, admin: User, monkeypatch: pytest.MonkeyPatch, audience: str
) -> None:
    monkeypatch.setattr("portal.exports.operations.MOST_PER_PERSON", 1_000)
    batch = fill_ledgers(owner, seller)
    reader = visitor(app, {"admin": admin, "vendor": seller, "signed_in": owner}[audience])
    # The files themselves are events.
    names = [ledger.name for ledger in LEDGERS if ledger.audience == audience and ledger.name != "events"]
    wanted = [(name, form) for name in names for form in ("csv", "xlsx")]
    prepared = {each: ask(reader, *each, queries_of(each[0], batch)) for each in wanted}
    with app.test_request_context("/"):
        for export_id in prepared.values():
            while (export := Export.get_by_id(export_id)).status == "preparing":
                prepare_piece(export, JOB, page_rows=1)
            assert export.status == "ready", export.ledger
            assert export.pieces == max(1, export.total), export.ledger
    for (name, form), export_id in prepared.items():
        answer, at_once = download(reader, export_id), reader.get(export_url(name, form, batch))
        read: Any = csv_rows if form == "csv" else xlsx_rows
        assert read(answer) == read(at_once), name
        for header in ("Content-Disposition", "Cache-Control"):
            assert answer.headers[header] == at_once.headers[header]


def test_long_workbook_is_prepared_after_a_confirmation(
    as_admin: Visitor, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "XLSX_ROWS", 2)
    give_credits(owner, 2)
    assert as_admin.get("/admin/ledgers/credit-entries.xlsx").status_code == 200
    give_credits(owner, 1)
    offered = as_admin.get("/admin/ledgers/credit-entries.xlsx?since=2020-01-01")
    assert (offered.status_code, offered.location) == (303, f"{CREDIT}.xlsx?since=2020-01-01")
    assert not Export.select().exists()
    page = as_admin.get(f"/en{offered.location}")
    assert "more than 2 rows" in text_of(page)
    assert f'action="/en{CREDIT}.xlsx?since=2020-01-01"' in page.text
    assert 'href="/en/admin/ledgers/credit-entries.csv?since=2020-01-01"' in page.text
    assert len(as_admin.get("/admin/ledgers/credit-entries.csv").text.splitlines()) == 4


def test_page_follows_a_file_until_it_is_ready(as_admin: Visitor, owner: User) -> None:
    give_credits(owner, 3)
    export_id = ask(as_admin, "credit-entries", "xlsx")
    assert Export.get_by_id(export_id).arguments == {}
    waiting = as_admin.get("/en/exports")
    assert 'hx-trigger="every 2s"' in waiting.text
    assert 'href="/en/exports">Check now' in waiting.text
    assert f"/exports/{export_id}/file" not in waiting.text
    assert download(as_admin, export_id).status_code == 404
    with as_admin.application.test_request_context("/"):
        prepare_piece(Export.get_by_id(export_id), JOB, page_rows=2)
    fragment = as_admin.fragment("/en/exports")
    assert "<html" not in fragment.text
    assert "2 of 3" in text_of(fragment)
    assert prepare(as_admin) == 1
    ready = as_admin.get("/en/exports")
    assert "hx-trigger" not in ready.text
    assert f'href="/en/exports/{export_id}/file"' in ready.text
    assert len(xlsx_rows(download(as_admin, export_id))) == 3
    events = EventLog.select(EventLog.event, EventLog.actor).where(EventLog.entity == "export")
    assert [(row.event, row.actor.split(":")[0]) for row in events.order_by(EventLog.id)] == [
        ("export_requested", "user"),
        ("export_ready", "job"),
        ("export_downloaded", "user"),
    ]


@pytest.mark.parametrize(("locale", "words"), [("en", "is ready"), ("uk", "готовий"), ("ru", "готов")])
def test_reader_is_told_in_their_language(app: Flask, locale: str, words: str) -> None:
    reader = make_admin(locale=locale, email_confirmed_at=fn.now())
    browser = visitor(app, reader)
    export_id = ask(browser, "people", "csv")
    prepare(browser)
    prepare(browser)
    assert Notification.select().where(Notification.user_id == reader.id).count() == 1
    letter = newest_letter(browser)
    assert "people.csv" in letter.text
    assert words in letter.text
    assert f"http://localhost/{locale}/exports" in letter.text
    assert str(export_id) in browser.get("/exports").text


def test_others_neither_see_nor_fetch_nor_delete_a_file(app: Flask, as_admin: Visitor) -> None:
    export_id = ask(as_admin, "people", "csv")
    prepare(as_admin)
    for other in (visitor(app, make_admin()), visitor(app, make_user())):
        assert download(other, export_id).status_code == 404
        assert other.submit(f"/exports/{export_id}/delete").status_code == 404
        assert "people.csv" not in other.get("/exports").text
    assert download(visitor(app), export_id).status_code == 303
    assert download(as_admin, export_id).status_code == 200


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_file_needs_the_role_of_its_ledger(app: Flask, as_owner: Visitor, seller: User, form: str) -> None:
    for browser in (as_owner, visitor(app, seller)):
        for method in (browser.get, browser.submit):
            assert method(f"/exports/new/people.{form}").status_code == 403
    assert not Export.select().exists()


def test_role_that_is_lost_ends_the_file(app: Flask, as_admin: Visitor, admin: User) -> None:
    ready = ask(as_admin, "people", "csv")
    prepare(as_admin)
    waiting = ask(as_admin, "vendors", "csv")
    User.update(role="user").where(User.id == admin.id).execute()
    assert download(as_admin, ready).status_code == 403
    prepare(as_admin)
    failed = Export.get_by_id(waiting)
    assert (failed.status, failed.failure) == ("failed", "role_required")
    assert not ExportPiece.select().where(ExportPiece.export_id == waiting).exists()
    assert "Your role no longer allows access to this file." in text_of(as_admin.get("/en/exports"))


def test_disabled_account_gets_no_file(as_admin: Visitor, admin: User) -> None:
    waiting = ask(as_admin, "people", "csv")
    User.update(disabled_at=fn.now()).where(User.id == admin.id).execute()
    prepare(as_admin)
    assert Export.get_by_id(waiting).failure == "account_disabled"


def test_vendor_file_has_the_rows_of_the_vendor_at_that_time(app: Flask, owner: User, seller: User) -> None:
    fill_ledgers(owner, seller)
    browser = visitor(app, seller)
    export_id = ask(browser, "my-settlements", "csv")
    execute(app.extensions["portal"].settings.database_url, "UPDATE vendors SET user_id = NULL")
    prepare(browser)
    assert csv_rows(download(browser, export_id)) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/exports/new/nothing.csv", 404),
        ("/exports/new/payout-batch.csv", 404),
        ("/exports/new/payout-batch.csv?batch_id=x", 404),
        ("/exports/new/payout-batch.csv?batch_id=99", 404),
        ("/exports/new/credit-entries.csv?since=soon", 422),
        ("/exports/new/credit-entries.ods", 404),
    ],
)
def test_what_cannot_be_prepared_is_refused_at_once(as_admin: Visitor, path: str, status: int) -> None:
    assert as_admin.get(path).status_code == status
    assert as_admin.submit(path).status_code in (status, 405)
    assert not Export.select().exists()


def test_names_in_the_query_are_filters_and_nothing_else(
    as_admin: Visitor, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "XLSX_ROWS", 0)
    give_credits(owner, 1)
    query = "name=people&form=csv&_external=1&_scheme=evil&_anchor=x&endpoint=y"
    offered = as_admin.get(f"/admin/ledgers/credit-entries.xlsx?{query}")
    assert offered.location == f"{CREDIT}.xlsx?{query}"
    page = as_admin.get(offered.location)
    assert page.status_code == 200
    assert "evil:" not in page.text


def test_person_has_a_few_files_at_most(app: Flask, as_admin: Visitor) -> None:
    first = ask(as_admin, "people", "csv")
    assert ask(as_admin, "people", "csv") == first
    names = [ledger.name for ledger in LEDGERS if ledger.words][: MOST_PER_PERSON - 1]
    for name in names:
        ask(as_admin, name, "xlsx")
    refused = as_admin.submit("/en/exports/new/events.csv")
    assert refused.status_code == 409
    assert f"You have {MOST_PER_PERSON} files" in text_of(refused)
    ask(visitor(app, make_admin()), "events", "csv")
    assert as_admin.submit(f"/exports/{first}/delete").status_code == 303
    ask(as_admin, "events", "csv")


def test_file_is_deleted_after_its_day(as_admin: Visitor) -> None:
    export_id = ask(as_admin, "people", "csv")
    prepare(as_admin)
    Export.update(finished_at=fn.now() - timedelta(hours=KEPT_HOURS) + timedelta(minutes=5)).execute()
    prepare(as_admin)
    assert download(as_admin, export_id).status_code == 200
    Export.update(finished_at=fn.now() - timedelta(hours=KEPT_HOURS)).execute()
    prepare(as_admin)
    assert download(as_admin, export_id).status_code == 404
    assert not ExportPiece.select().exists()
    last = EventLog.select().where(EventLog.entity == "export").order_by(EventLog.id.desc()).first()
    assert (last.event, last.actor) == ("export_deleted", "job:prepare_exports")


def test_two_processes_write_each_piece_once(as_admin: Visitor, owner: User) -> None:
    give_credits(owner, 3)
    export_id = ask(as_admin, "credit-entries", "csv")
    one, other = Export.get_by_id(export_id), Export.get_by_id(export_id)
    with as_admin.application.test_request_context("/"):
        prepare_piece(one, JOB, page_rows=2)
        prepare_piece(other, JOB, page_rows=2)
    assert Export.get_by_id(export_id).done == 2
    assert not add_piece(other, Piece(b"", 0, None, 0, 0), JOB)
    prepare(as_admin)
    assert [int(row["amount_minor"]) for row in csv_rows(download(as_admin, export_id))] == [3, 2, 1]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_workbook_has_the_rows_of_a_sheet_at_most(
    as_admin: Visitor, owner: User, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(preparing, "SHEET_ROWS", 2)
    give_credits(owner, 3)
    export_id = ask(as_admin, "credit-entries", form)
    prepare(as_admin)
    assert Export.get_by_id(export_id).failure == ("ledger_too_long" if form == "xlsx" else None)


def test_production_needs_a_second_factor_for_files_too(make_app: MakeApp) -> None:
    app = make_app(**PRODUCTION)
    browser = browse(app, make_admin())
    for path in ("/exports", "/exports/new/people.csv", "/exports/1/file"):
        answer = browser.get(path)
        assert (answer.status_code, answer.location.partition("?")[0]) == (
            303,
            "/account/security/second-factor",
        )


def test_production_prepares_and_sends_a_file(make_app: MakeApp, seller: User) -> None:
    app = make_app(**PRODUCTION)
    browser = browse(app, seller)
    export_id = ask(browser, "my-settlements", "xlsx")
    prepare(browser)
    answer = download(browser, export_id)
    assert xlsx_rows(answer) == []
    assert answer.headers["Strict-Transport-Security"]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("statement", "times"),
    [
        ('UPDATE "exports" SET "total"', 1),
        ('INSERT INTO "export_pieces"', 2),
        ('UPDATE "exports" SET "status"', 1),
    ],
)
def test_killed_job_leaves_no_half_file(
    as_admin: Visitor, owner: User, database: str, form: str, statement: str, times: int
) -> None:
    sql = (
        "INSERT INTO credit_entries (user_id, amount_minor, currency, reason)"
        f" SELECT {owner.id}, n, 'UAH', 'top-up ' || n FROM generate_series(1, 4500) n"
    )
    execute(database, sql)
    export_id = ask(as_admin, "credit-entries", form)
    prepare_and_die(database, statement, times)
    with connection():
        killed = Export.get_by_id(export_id)
        assert killed.status == "preparing"
        assert killed.pieces == ExportPiece.select().where(ExportPiece.export_id == export_id).count()
        assert download(as_admin, export_id).status_code == 404
        assert prepare(as_admin) == 3 - killed.pieces
        answer = download(as_admin, export_id)
        assert amounts_of(answer, form) == list(range(4500, 0, -1))
        assert Export.get_by_id(export_id).pieces == 3
        assert Notification.select().where(Notification.kind == "export_ready").count() == 1


def amounts_of(answer: TestResponse, form: str) -> list[int]:
    if form == "csv":
        return [int(row["amount_minor"]) for row in csv.DictReader(io.StringIO(answer.text))]
    sheet: Any = load_workbook(io.BytesIO(answer.data), read_only=True).active
    return [row[3] for row in sheet.iter_rows(min_row=2, values_only=True)]

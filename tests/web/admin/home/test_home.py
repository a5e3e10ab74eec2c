"""The home of admins: what waits, money, figures, health, alerts, and the way to the first sale."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask

from models import ChainAlert, EventLog, Store, User
from portal.accounts import request_erasure
from portal.chain.state import raise_alert
from portal.db import query
from portal.figures import save_day
from portal.flows.overviews.count_days import count_days
from portal.flows.overviews.waiting_work import COUNT_LIMIT
from portal.lib.clock import utc_now, utc_today
from tests.factories import (
    PASSWORD,
    TOKEN,
    make_admin,
    make_code,
    make_order,
    make_product,
    make_reward,
    make_settlement,
    make_store,
    make_user,
    make_vendor,
    make_visits,
)
from tests.web.account.factor import enrol, expire_confirmation
from tests.web.account.test_second_factor_page import PAGE as SECOND_FACTOR
from tests.web.account.test_second_factor_page import PRODUCTION, browse
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

HOME = "/admin"


def test_admins_begin_at_their_home_and_others_in_the_store(app: Flask) -> None:
    for role, start in (("admin", HOME), ("vendor", "/"), ("user", "/")):
        form = {"email": make_user(role=role).email, "password": PASSWORD}
        assert visitor(app).submit("/login", form).location == start
        assert visitor(app).submit("/login?next=/orders", form).location == "/orders"


def test_only_admins_see_the_home(as_owner: Visitor, as_seller: Visitor, client: Visitor) -> None:
    assert [browser.get(HOME).status_code for browser in (as_owner, as_seller)] == [403, 403]
    assert client.get(HOME).status_code == 303


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_empty_portal_shows_the_way_to_the_first_sale(make_app: MakeApp, locale: str) -> None:
    admin = make_admin()
    browser = visitor(make_app(), admin)
    page = browser.get(f"/{locale}{HOME}").text
    steps = page.split('class="checklist"')[1].split("</ol>")[0]
    assert (steps.count('class="is-done"'), steps.count('class="is-open"')) == (0, 6)

    make_product(make_vendor())
    make_admin()
    mailing = make_app(
        brand_name="Bdzhola", smtp_url="smtp+plain://user:pass@127.0.0.1:25", mail_from="a@b.example"
    )
    page = visitor(mailing, admin).get(f"/{locale}{HOME}").text
    steps = page.split('class="checklist"')[1].split("</ol>")[0]
    # Only the contract is left.
    assert (steps.count('class="is-done"'), steps.count('class="is-open"')) == (5, 1)
    assert "POLYGON_RPC_URL" in steps

    make_order(make_user(), paid=True)
    assert "checklist" not in browser.get(f"/{locale}{HOME}").text


def test_queues_are_counted_and_lead_to_their_pages(as_admin: Visitor) -> None:
    assert "Nothing is waiting for you" in text_of(as_admin.get(HOME))
    code, vendor = make_code(make_user()), make_vendor()
    for _ in range(3):
        make_reward(code)
    make_reward(code, "failed")
    make_settlement(vendor, status="held", failure_reason="Checked by hand.")
    leaving = make_user()
    request_erasure(leaving.id, leaving.id)
    waiting = as_admin.get(HOME).text.split('id="waiting"')[1].split("</section>")[0]
    tiles = dict(re.findall(r'<a href="([^"]+)">([^<]+)</a>', waiting))
    assert tiles == {
        "/admin/refcodes": "Rewards to approve",
        "/admin/people?state=erasure_requested": "Accounts to erase",
        "/admin/refcodes?status=failed": "Failed rewards",
        "/admin/store/commissions?status=held": "Held settlements",
    }
    assert "Rewards to approve 3" in text_of(as_admin.get(HOME))
    for url in tiles:
        assert as_admin.get(url).status_code == 200


def test_long_queue_is_shown_as_long(as_admin: Visitor) -> None:
    query(
        "INSERT INTO failing_items (queue, item_id, reason, next_attempt_at)"
        " SELECT 'mints', n::text, 'x', now() FROM generate_series(1, %s) AS n",
        [COUNT_LIMIT + 5],
    )
    assert "Set aside more than 1,000" in text_of(as_admin.get(HOME))


@pytest.mark.parametrize(
    ("path", "words"), [("", "1,234 visits in 28 days"), ("/uk", "1\xa0234 переходи за 28 днів")]
)
def test_counts_are_written_as_the_language_writes_numbers(as_admin: Visitor, path: str, words: str) -> None:
    make_visits(make_code(make_user()), {3: 1234})
    page = as_admin.get(f"{path}{HOME}").text
    assert words in page
    top = page.split('class="plot-y"')[1].split("</span>")[0]
    assert top.endswith(">1,600" if not path else ">1\xa0600")


def test_figures_belong_to_the_utc_day_of_the_payment(as_admin: Visitor) -> None:
    buyer, day = make_user(), utc_today() - timedelta(days=3)
    midnight = datetime.combine(day, time(), UTC)
    euro = [(make_product(currency="EUR", price_minor=12_345), 2)]
    for paid_at in (midnight - timedelta(microseconds=1), midnight, midnight + timedelta(hours=23.999)):
        make_order(buyer, paid=True, paid_at=paid_at)
    make_order(buyer, euro, paid=True, paid_at=midnight)
    make_order(buyer)
    code = make_code(make_user())
    make_reward(code, created_at=midnight)
    make_visits(code, {3: 4})
    count_days()

    page = as_admin.get(HOME).text
    numbers = {
        plot: _numbers(page, plot) for plot in ("plot-visits", "plot-orders", "plot-rewards", "plot-revenue")
    }
    assert [table[-4] for table in numbers.values()] == ["4", "3", "1", "2,000.00\xa0UAH"]
    assert (numbers["plot-orders"][-5], numbers["plot-revenue"][-5]) == ("1", "1,000.00\xa0UAH")
    assert all(len(table) == 28 for table in numbers.values())
    rows = text_of(as_admin.get(HOME)).split("Revenue by store")[-1]
    assert "1 €246.90" in rows
    assert "3 3,000.00 UAH" in rows


def test_days_are_counted_again_when_they_may_have_changed(as_admin: Visitor) -> None:
    buyer, now = make_user(), utc_now()
    assert count_days() == 62
    late = make_order(buyer, paid=True, paid_at=now - timedelta(days=5))
    assert count_days() == 2
    assert _numbers(as_admin.get(HOME).text, "plot-orders")[-6] == "0"
    assert count_days(now + timedelta(minutes=61)) == 62
    assert _numbers(as_admin.get(HOME).text, "plot-orders")[-6] == "1"
    query("UPDATE orders SET paid_at = NULL, status = 'created' WHERE id = %s", [late.id])
    assert count_days(now + timedelta(minutes=122)) == 62
    assert _numbers(as_admin.get(HOME).text, "plot-orders")[-6] == "0"


def test_money_is_due_owed_and_sent_by_currency(as_admin: Visitor) -> None:
    vendor, now = make_vendor(), utc_now()
    make_settlement(vendor, 100_000, scheduled_for=now - timedelta(hours=1))
    make_settlement(vendor, 40_000)
    store = make_store(vendor, collected_by="store")
    make_settlement(vendor, 10_000, collected_by="store", scheduled_for=now - timedelta(hours=1))
    assert store.collected_by == "store"
    make_reward(make_user(), "approved")
    make_reward(make_user(), "minted", reward_amount_wei=3 * TOKEN)
    count_days()
    text = text_of(as_admin.get(HOME))
    # 75% of the settlements are the vendor's; the 25% of the last one are owed by the vendor.
    assert "UAH 750.00 UAH 1,050.00 UAH 25.00 UAH 0.00 UAH" in text
    assert "Approved, not sent yet 12.5 RING" in text
    assert "Sent this month 3 RING" in text


def test_health_is_said_in_sentences(make_app: MakeApp) -> None:
    admin = make_admin()
    browser = visitor(make_app(), admin)
    text = text_of(browser.get(HOME))
    assert "It answers and can be written to." in text
    assert "No blockchain is configured: approved rewards wait until one is." in text
    assert "No job has run yet." in text
    store = make_store()
    Store.update(poll_failures=3).where(Store.id == store.id).execute()
    save_day(utc_today(), [])
    query("UPDATE counted_days SET counted_at = now() - interval '20 minutes'")
    text = text_of(browser.get(HOME))
    assert f"These stores do not answer when their orders are read: {store.name}." in text
    assert "Check that a process runs the schedule." in text
    count_days()
    assert "Check that a process runs the schedule." not in text_of(browser.get(HOME))


def test_several_alerts_are_closed_at_once(as_admin: Visitor, as_owner: Visitor, admin: User) -> None:
    for number in range(4):
        raise_alert("paid_unknown", f"0x{number:064x}")
    page = as_admin.get(HOME).text
    ids = sorted(int(number) for number in re.findall(r'name="ids" value="(\d+)"', page))
    assert len(ids) == 4
    assert as_owner.submit(f"{HOME}/alerts/close", {"ids": ids}).status_code == 403
    answer = as_admin.submit(f"{HOME}/alerts/close", {"ids": [*ids[:3], ids[0], 999_999_999, "x"]})
    assert (answer.status_code, answer.location) == (303, "/admin#alerts")
    assert "3 alerts are closed." in text_of(as_admin.get(HOME))
    assert [row.id for row in ChainAlert.select().where(ChainAlert.resolved_at.is_null())] == ids[3:]
    assert EventLog.select().where(EventLog.event == "chain_alert_resolved").count() == 3
    as_admin.submit(f"{HOME}/alerts/close")
    assert "Select at least one alert." in text_of(as_admin.get(HOME))
    enrol(admin)
    expire_confirmation()
    assert "Close the selected alerts" in text_of(as_admin.submit(f"{HOME}/alerts/close", {"ids": ids}))
    assert ChainAlert.select().where(ChainAlert.resolved_at.is_null()).count() == 1


def test_home_reads_no_table_that_grows_without_an_index(as_admin: Visitor) -> None:
    make_order(make_user(), paid=True)
    make_settlement(make_vendor(), scheduled_for=utc_now())
    raise_alert("paid_unknown", "0x1")
    count_days()
    as_admin.get(HOME)
    with _statements() as home:
        as_admin.get(HOME)
    with _statements() as counting:
        count_days()
    assert len(home) <= 18
    query("SET enable_seqscan = off")
    plans = [
        str(query(f"EXPLAIN {sql}", values))
        for sql, values in home + counting
        if sql.lstrip()[:6] == "SELECT"
    ]
    read = {table for plan in plans for table in re.findall(r"Seq Scan on (\w+)", plan)}
    # These stay small: they are folded, hold what waits, or one row per session and day.
    folded = {"reward_total_deltas", "settlement_total_deltas", "journal_balance_deltas"}
    assert read <= folded | {"failing_items", "platform_visits"}


def test_home_of_a_production_portal(make_app: MakeApp) -> None:
    make_order(make_user(), paid=True)
    count_days()
    admin = make_admin()
    browser = browse(make_app(**PRODUCTION), admin)
    assert browser.get(HOME, base_url="https://localhost").location == SECOND_FACTOR
    enrol(admin)
    page = browser.get(HOME, base_url="https://localhost")
    assert page.status_code == 200
    assert " style=" not in page.text


def _numbers(page: str, plot: str) -> list[str]:
    """Return the values of a plot's table, oldest first."""
    table = page.split(f'id="{plot}"')[1].split("</table>")[0]
    return re.findall(r'<td class="num">([^<]*)</td>', table)


class _Recorder(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.statements: list[tuple[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "peewee":  # the pool logs texts
            self.statements.append(record.msg)  # type: ignore[arg-type]


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    """Yield the statements that Peewee sends while the context is open."""
    recorder, logger = _Recorder(), logging.getLogger("peewee")
    level = logger.level
    logger.addHandler(recorder)
    logger.setLevel(logging.DEBUG)
    try:
        yield recorder.statements
    finally:
        logger.removeHandler(recorder)
        logger.setLevel(level)

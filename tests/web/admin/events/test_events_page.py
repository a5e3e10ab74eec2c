"""The event log: filtered by who, what, event, reference and day; names instead of numbers; fast."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from models import EventLog, User
from portal.catalogue import status_rules as catalogue
from portal.commissions import status_rules as commissions
from portal.db import Actor, list_event_ledger, query, record_event
from portal.db.event_queries import EventFilter
from portal.exports import status_rules as exports
from portal.mail import status_rules as mail
from portal.orders import status_rules as orders
from portal.payments import status_rules as payments
from portal.programme import status_rules as programme
from portal.proposals import status_rules as proposals
from portal.rewards import status_rules as rewards
from portal.web.text.event_details import change_text
from portal.web.text.events import ENTITIES, event_options
from portal.webhooks import status_rules as webhooks
from tests.factories import ACTOR, make_vendor
from tests.web.exports.ledger_files import export_rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor

_TABLES = {
    "commission_statement": commissions.STATEMENT_TRANSITIONS,
    "export": exports.TRANSITIONS,
    "letter": mail.TRANSITIONS,
    "order": orders.TRANSITIONS,
    "order_fulfilment": orders.FULFILMENT_TRANSITIONS,
    "payment": payments.TRANSITIONS,
    "payout": commissions.PAYOUT_TRANSITIONS,
    "payout_batch": commissions.BATCH_TRANSITIONS,
    "product_import": catalogue.TRANSITIONS,
    "application": programme.TRANSITIONS,
    "proposal": proposals.TRANSITIONS,
    "refund": payments.REFUND_TRANSITIONS,
    "reward": rewards.TRANSITIONS,
    "settlement": commissions.SETTLEMENT_TRANSITIONS,
    "webhook_delivery": webhooks.TRANSITIONS,
}


@pytest.fixture
def events(database: str, owner: User, admin: User) -> User:
    """Record four events and return the person who made one of them."""
    vendor = make_vendor(name="Kazka")
    record_event(
        Actor.user(admin.id), "user", owner.id, "role_changed", from_status="user", to_status="admin"
    )
    record_event(Actor.job("mint_rewards"), "reward", 17, "reward_minted", order_reference="store_abc_1")
    record_event(ACTOR, "vendor", vendor.id, "vendor_changed", reason="<b>why</b>", data={"tier": "growth"})
    record_event(ACTOR, "moon", "x", "moon_landed_softly")
    return admin


def rows_of(browser: Visitor, query: str) -> int:
    page = browser.get(f"/admin/events?{query}")
    assert page.status_code == 200
    return page.text.count('<tr id="event-')


def test_filters_find_events(as_admin: Visitor, events: User, owner: User) -> None:
    today = datetime.now(UTC).date().isoformat()
    counts = {
        "": 4,
        f"actor={events.email}": 1,
        f"actor=user:{events.id}": 1,
        "actor=job:mint_rewards": 1,
        "actor=nobody": 0,
        "entity=vendor": 1,
        f"entity=user&id={owner.id}": 1,
        "entity=user&id=0": 0,
        "event=reward_minted": 1,
        "event=moon_landed_softly": 1,
        "orderReference=%20store_abc_1": 1,
        "since=2020-01-01&until=2020-01-02": 0,
        f"since=2020-01-01&until={today[:4]}-12-31": 4,
        "since=never": 4,
        "since=2020-01-02&until=2020-01-01": 4,
        "actor=nobody@example.com": 4,
    }
    assert {name: rows_of(as_admin, name) for name in counts} == counts


ROLE_CHANGE = {"en": "User → Admin", "uk": "Користувач → Адміністратор", "ru": "Пользователь → Администратор"}
TIER = {"en": "Tier: Growth", "uk": "Рівень: Зростання", "ru": "Уровень: Рост"}


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_page_shows_names_links_and_words(as_admin: Visitor, events: User, owner: User, locale: str) -> None:
    page = as_admin.get(f"/{locale}/admin/events")
    text = text_of(page)
    for part in (
        events.name,
        owner.name,
        "Kazka",
        "store_abc_1",
        ROLE_CHANGE[locale],
        TIER[locale],
        "Moon landed softly",
    ):
        assert part in text, part
    assert "<b>why</b>" not in page.text
    for link in (
        f"/admin/people/{owner.id}",
        f"/admin/people/{events.id}",
        "/admin/audit?orderReference=store_abc_1",
    ):
        assert link in page.text, link


def test_invalid_filter_is_shown_on_the_page_and_refused_in_a_file(as_admin: Visitor, events: User) -> None:
    page = as_admin.get("/admin/events?actor=nobody@example.com")
    assert '<a href="#actor">' in page.text
    assert as_admin.get("/admin/events.csv?actor=nobody@example.com").status_code == 422
    (row,) = export_rows(as_admin, "events", "?entity=vendor")
    assert (row["event"], row["actor"], row["data"]) == ("vendor_changed", "test", '{"tier": "growth"}')


def test_page_follows_page(as_admin: Visitor, database: str) -> None:
    query(
        "INSERT INTO event_log (actor, entity, entity_id, event) SELECT 'job:x', 'order', n::text, 'order_paid'"
        " FROM generate_series(1, 120) n"
    )
    seen, cursor = [], None
    while True:
        page = list_event_ledger(EventFilter(actor="job:x")).page(cursor, 50)
        seen += [row.entity_id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [str(number) for number in range(120, 0, -1)]
    assert 'rel="next"' in as_admin.get("/admin/events").text


FILTERS = {
    "none": EventFilter(),
    "actor": EventFilter(actor="user:3"),
    "entity": EventFilter(entity="vendor"),
    "entity-and-id": EventFilter(entity="user", entity_id="77"),
    "event": EventFilter(event="vendor_changed"),
    "reference": EventFilter(reference="store_77"),
    "days": EventFilter(since=datetime(2026, 1, 2, tzinfo=UTC), until=datetime(2026, 1, 3, tzinfo=UTC)),
}


def test_every_filter_uses_an_index(database: str) -> None:
    query(
        """INSERT INTO event_log (at, actor, actor_user_id, entity, entity_id, event, order_reference)
           SELECT timestamptz '2026-01-01 00:00Z' + n * interval '1 minute',
               CASE WHEN n %% 4000 = 0 THEN 'user:3' ELSE 'job:mint' END, NULL,
               CASE WHEN n %% 5000 = 0 THEN 'vendor' ELSE 'user' END, (n %% 3000)::text,
               CASE WHEN n %% 5000 = 0 THEN 'vendor_changed' ELSE 'signed_in' END, 'store_' || n
           FROM generate_series(1, 40000) n"""
    )
    query("ANALYZE event_log")
    for name, filters in FILTERS.items():
        rows = list_event_ledger(filters)._rows.order_by(EventLog.at.desc(), EventLog.id.desc()).limit(51)
        sql, values = rows.sql()
        plan = "\n".join(line for (line,) in query(f"EXPLAIN {sql}", values))
        assert "Seq Scan" not in plan, (name, plan)
        assert "Filter:" not in plan, (name, plan)


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (
            "en",
            [
                "Signed in with the password, Chrome on Linux, 10.0.0.0/24",
                "Amount: 499.00 UAH",
                "Paid → Refunded",
            ],
        ),
        (
            "uk",
            ["Вхід за паролем, Chrome, Linux, 10.0.0.0/24", "Сума: 499,00 ₴", "Оплачено → Гроші повернуто"],
        ),
    ],
)
def test_details_are_in_words(as_admin: Visitor, owner: User, locale: str, expected: list[str]) -> None:
    device = {"browser": "Chrome", "system": "Linux", "network": "10.0.0.0/24"}
    record_event(ACTOR, "user", owner.id, "signed_in", data={"method": "password", **device})
    amount = {"amountMinor": 49_900, "currency": "UAH", "sourceId": 7, "amountWei": "1500000000000000000"}
    record_event(
        ACTOR, "payment", 1, "payment_refunded", from_status="paid", to_status="refunded", data=amount
    )
    odd = {"amountMinor": 5, "currency": "GONE", "tiers": ["a", "b"]}
    record_event(
        ACTOR, "settlement", 1, "settlement_moved", from_status="nowhere", to_status="held", data=odd
    )
    text = text_of(as_admin.get(f"/{locale}/admin/events")).replace("\xa0", " ")
    for part in (*expected, "source id: 7", "tiers: a, b", "nowhere → "):
        assert part in text, part


@pytest.mark.parametrize("entity", _TABLES)
def test_every_status_of_an_event_is_in_the_language_of_the_reader(app: Flask, entity: str) -> None:
    with app.test_request_context("/uk/"):
        for transition in _TABLES[entity].values():
            for status in {*transition.from_statuses, transition.to_status}:
                assert change_text(entity, None, status) != status


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (
            "en",
            [
                "Job “Pay vendors”",
                "Payment provider: Card (WayForPay)",
                "The vendor has no payout wallet.",
                "Part of the order was refunded.",
                "Store webhook endpoints that refuse deliveries: 3.",
                "Vendor: Kazka",
                "Platform: WooCommerce",
                "Role: Admin",
            ],
        ),
        (
            "uk",
            [
                "Завдання «Виплати продавцям»",
                "Платіжна система: Картка (WayForPay)",
                "Частину грошей за замовлення повернуто.",
                "Продавець: Kazka",
                "Платформа: WooCommerce",
            ],
        ),
    ],
)
def test_codes_are_in_words(as_admin: Visitor, locale: str, expected: list[str]) -> None:
    vendor, job = make_vendor(name="Kazka"), Actor.job("pay_settlements")
    alert = {"reason": "endpoints_failing", "data": {"number": 3}}
    record_event(job, "operator_alert", 1, "operator_alert_opened", **alert)
    record_event(job, "settlement", 1, "settlement_failed", reason="payout_wallet_missing")
    record_event(Actor("provider:wayforpay"), "reward", 1, "reward_reduced", reason="refunded")
    record_event(ACTOR, "order_fulfilment", 1, "order_delivered", data={"vendorId": vendor.id})
    record_event(ACTOR, "store", 1, "store_connected", data={"platform": "woocommerce", "role": "admin"})
    text = text_of(as_admin.get(f"/{locale}/admin/events")).replace("\xa0", " ")
    for part in expected:
        assert part in text, part
    for code in ("pay_settlements", "wayforpay", "payout_wallet_missing", "endpoints_failing"):
        assert code not in text, code


def test_reason_that_a_person_typed_stays_as_it_is(as_admin: Visitor) -> None:
    record_event(ACTOR, "settlement", 1, "settlement_held", reason="The parcel is lost")
    page = as_admin.get("/uk/admin/events").text
    assert '<span translate="no">The parcel is lost</span>' in page


def test_author_without_a_page_leads_to_its_events(as_admin: Visitor) -> None:
    record_event(Actor.job("mint_rewards"), "reward", 17, "reward_minted")
    page = as_admin.get("/admin/events").text
    assert 'href="/admin/events?actor=job:mint_rewards"' in page
    assert rows_of(as_admin, "actor=job:mint_rewards") == 1


def test_every_recorded_event_and_entity_has_words(app: Flask) -> None:
    with app.test_request_context("/"):
        events = {value for value, _words in event_options() if value}
        missing = recorded_names() - events - set(ENTITIES)
    assert not missing


def recorded_names() -> set[str]:
    """Return the entities and events that the source names where it records an event."""
    names: set[str] = set()
    for path in (Path(__file__).resolve().parents[4] / "portal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "record_event"
            ):
                named = [part for each in node.args[1:4:2] for part in ast.walk(each)]
                names |= {
                    part.value
                    for part in named
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
    return names

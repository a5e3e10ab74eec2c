"""Every list that shows a page of its rows leads to all of them, each exactly once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest

from models import (
    ChainAlert,
    EventLog,
    JournalTransfer,
    MailOutbox,
    MintJob,
    MintJobItem,
    Notification,
    Order,
    OrderItem,
    PaymentEvent,
    Payout,
    PayoutBatch,
    Product,
    RailFailure,
    ReferralReward,
    Settlement,
    User,
    UserSession,
    Vendor,
)
from portal.db import transaction
from portal.lib.clock import utc_now
from portal.payments import add_credit
from tests.factories import (
    ACTOR,
    make_admin,
    make_code,
    make_order,
    make_product,
    make_reward,
    make_settlement,
    make_user,
    make_vendor,
)
from tests.web.conftest import MakeApp, visitor
from tests.web.visitor import Visitor

_NEXT = re.compile(r'<a class="btn" rel="next" href="([^"]+)"')


@dataclass(frozen=True)
class LongList:
    """A list: who reads it, its address, the rows it gets, how a row is recognised, its argument of the cursor."""

    reader: Callable[[], User]
    address: str
    rows: int
    fill: Callable[[User, int], Any]
    row: str
    cursor: str = "cursor"


def seller() -> User:
    user = make_user("Vira", role="vendor")
    make_vendor(user)
    return user


def copy_rows(model: Any, row: Any, count: int, **unique: Callable[[int], Any]) -> None:
    """Insert copies of a row that differ in some columns; all of them have the same time."""
    kept = {
        field: getattr(row, field.column_name)
        for field in model._meta.sorted_fields
        if field.name not in {"id", *unique}
    }
    model.insert_many(
        [
            {**kept, **{model._meta.fields[name]: make(number) for name, make in unique.items()}}
            for number in range(1, count)
        ]
    ).execute()


def orders(user: User, count: int) -> None:
    copy_rows(
        Order,
        make_order(user, id="order0"),
        count,
        id=lambda n: f"order{n}",
        order_reference=lambda n: f"store_order{n}_1700000000000",
    )


def sales(user: User, count: int) -> None:
    vendor = Vendor.get_or_none(Vendor.user == user.id) or make_vendor()
    orders(make_user(), count)
    line = OrderItem.get()
    OrderItem.update(vendor=vendor.id).execute()
    copy_rows(OrderItem, OrderItem.get_by_id(line.id), count, order=lambda n: f"order{n}")


def rewards(user: User, count: int) -> None:
    copy_rows(
        ReferralReward,
        make_reward(user),
        count,
        order_reference=lambda n: f"store_more{n}_1700000000000",
        order_id=lambda n: f"more{n}",
    )


def rewards_of_someone(_user: User, count: int) -> None:
    rewards(make_user(), count)


def settlements(user: User, count: int) -> None:
    vendor = Vendor.get_or_none(Vendor.user == user.id) or make_vendor()
    copy_rows(
        Settlement, make_settlement(vendor), count, order_reference=lambda n: f"store_more{n}_1700000000000"
    )


def products(_user: User, count: int) -> None:
    copy_rows(Product, make_product(stock=0), count, slug=lambda n: f"more-{n}")


def batches(_user: User, count: int) -> None:
    PayoutBatch.insert_many([{"mode": "simulated", "status": "completed", "totals": {}}] * count).execute()


def payouts(user: User, count: int) -> None:
    batches(user, count)
    values = {"vendor": Vendor.get(Vendor.user == user.id).id, "currency": "UAH", "status": "completed"}
    amounts = {"net_minor": 1, "reserve_percent": 0, "reserve_minor": 0, "amount_minor": 1}
    Payout.insert_many(
        [
            {**values, **amounts, "batch": batch.id, "transaction_id": f"transfer-{batch.id}-"}
            for batch in PayoutBatch.select()
        ]
    ).execute()


def transfers(_user: User, count: int) -> None:
    accounts = {"debit_account": "clearing", "credit_account": "platform", "kind": "sale", "source": "test"}
    JournalTransfer.insert_many(
        [
            {
                **accounts,
                "order_reference": f"store_moved{n}_1",
                "currency": "UAH",
                "amount": 1,
                "source_id": n,
            }
            for n in range(count)
        ]
    ).execute()


def callbacks(_user: User, count: int) -> None:
    row = {"provider": "wayforpay", "authentic": True, "outcome": "unmatched", "payload": "{}"}
    PaymentEvent.insert_many([row] * count).execute()


def failures(_user: User, count: int) -> None:
    RailFailure.insert_many(
        [{"order_reference": f"store_a{n}_1", "rail": "reward", "reason": "x"} for n in range(count)]
    ).execute()


def alerts(_user: User, count: int) -> None:
    ChainAlert.insert_many(
        [{"kind": "paid_unknown", "subject": f"alert-{n}-", "details": {}} for n in range(count)]
    ).execute()


def code_events(_user: User, count: int) -> None:
    code = make_code(make_user(), code="longlist")
    event = {
        "actor": "user:1",
        "entity": "refcode",
        "entity_id": code.code,
        "event": "code_deactivated",
        "data": {"by": "admin"},
    }
    EventLog.insert_many([{**event, "reason": f"reason-{n}-"} for n in range(count)]).execute()


def mint_jobs(_user: User, count: int) -> None:
    MintJob.insert_many([{"kind": "batch", "status": "finished", "finished_at": utc_now()}] * count).execute()


def mint_job_rewards(_user: User, count: int) -> None:
    rewards(make_user(), count)
    job = MintJob.insert(id=7, kind="batch", status="finished", finished_at=utc_now()).execute()
    MintJobItem.insert_many(
        [{"job_id": job, "reward_id": row.id} for row in ReferralReward.select()]
    ).execute()


def sessions(user: User, count: int) -> None:
    UserSession.insert_many([{"user": user.id, "token_hash": f"{n:064x}"} for n in range(count)]).execute()


def credit(user: User, count: int) -> None:
    for _ in range(count):
        add_credit(user.id, 100, "UAH", "test credit", ACTOR)


def credit_of_account(_user: User, count: int) -> None:
    credit(make_user(email="long@example.com"), count)


def notices(user: User, count: int) -> None:
    Notification.insert_many(
        [
            {
                "user_id": user.id,
                "kind": "reward_minted",
                "params": {"orderReference": f"store_n{n}_1"},
                "dedupe_key": str(n),
            }
            for n in range(count)
        ]
    ).execute()


def letters(_user: User, count: int) -> None:
    letter = {
        "to_address": "a@example.com",
        "kind": "email_in_use",
        "status": "dead",
        "expires_at": utc_now(),
    }
    MailOutbox.insert_many([letter] * count).execute()


LISTS = {
    "orders": LongList(make_user, "/orders", 52, orders, r"store_order\d+_\d+"),
    "all orders": LongList(make_admin, "/admin/orders", 52, sales, r'href="/admin/orders/(order\d+)"'),
    "orders of a vendor": LongList(seller, "/vendor/orders", 52, sales, r'href="/vendor/orders/(order\d+)"'),
    "own rewards": LongList(make_user, "/refcodes", 52, rewards, r'id="reward-(\d+)"'),
    "reward queue": LongList(make_admin, "/admin/refcodes", 52, rewards_of_someone, r'<tr id="reward-(\d+)"'),
    "settlements": LongList(
        make_admin, "/admin/store/commissions", 52, settlements, r'<tr id="settlement-(\d+)"'
    ),
    "own settlements": LongList(seller, "/vendor/earnings", 52, settlements, r'<tr id="settlement-(\d+)"'),
    "own payouts": LongList(seller, "/vendor/earnings", 27, payouts, r"transfer-\d+-", "payouts_cursor"),
    "batches": LongList(make_admin, "/admin/store/commissions/batches", 27, batches, r'<tr id="batch-(\d+)"'),
    "product rates": LongList(
        make_admin, "/admin/store/commissions/rates", 52, products, r'<tr id="product-(\d+)"'
    ),
    "transfers": LongList(make_admin, "/admin/journal", 52, transfers, r"store_moved\d+_1"),
    "callbacks": LongList(make_admin, "/admin/payments/inbox", 52, callbacks, r'<tr id="callback-(\d+)"'),
    "failed ledgers": LongList(
        make_admin, "/admin/payments/inbox", 52, failures, r'<tr id="rail-(\d+)"', "failures_cursor"
    ),
    "failed ledgers of the audit": LongList(
        make_admin, "/admin/audit", 52, failures, r'<tr id="rail-(\d+)"', "failures_cursor"
    ),
    "alerts": LongList(make_admin, "/admin/audit", 52, alerts, r"alert-\d+-", "alerts_cursor"),
    "history of a code": LongList(
        make_admin, "/admin/refcodes/codes/longlist", 52, code_events, r"reason-\d+-"
    ),
    "mint jobs": LongList(
        make_admin, "/admin/refcodes/mint", 27, mint_jobs, r'href="/admin/refcodes/mint/(\d+)"'
    ),
    "rewards of a mint job": LongList(
        make_admin, "/admin/refcodes/mint/7", 52, mint_job_rewards, r'<tr id="job-reward-(\d+)"'
    ),
    "sessions": LongList(make_user, "/account/security", 52, sessions, r"sessions/(\d+)/end"),
    "own credit": LongList(make_user, "/account/credit", 27, credit, r'<tr id="entry-(\d+)"'),
    "credit of an account": LongList(
        make_admin, "/admin/credit?account=long@example.com", 27, credit_of_account, r'<tr id="entry-(\d+)"'
    ),
    "notifications": LongList(make_user, "/notifications", 52, notices, r"store_n\d+_1"),
    "letters": LongList(make_user, "/dev/mail", 52, letters, r'id="letter-(\d+)"'),
}


@pytest.mark.parametrize("name", LISTS)
def test_links_of_a_list_lead_to_every_row_once(name: str, make_app: MakeApp) -> None:
    long = LISTS[name]
    with transaction():
        user = long.reader()
        long.fill(user, long.rows)
    pages = read_pages(visitor(make_app(), user), long)
    assert len(pages) > 1
    seen = [row for page in pages for row in page]
    assert len(seen) == len(set(seen)) == long.rows


@pytest.mark.parametrize("address", ["/orders?cursor=x", "/notifications?cursor=MnwyfDI="])
def test_invalid_cursor_is_refused_with_a_sentence(as_owner: Visitor, address: str) -> None:
    answer = as_owner.get(address)
    assert answer.status_code == 400
    assert "The page cursor is not valid." in answer.text


def read_pages(reader: Visitor, long: LongList) -> list[set[str]]:
    """Return the rows of each page, following the links of one list."""
    address: str | None = long.address
    pages = []
    while address:
        answer = reader.get(address)
        assert answer.status_code == 200, address
        pages.append(set(re.findall(long.row, answer.text)))
        links = [unescape(url) for url in _NEXT.findall(answer.text)]
        address = next((url for url in links if f"{long.cursor}=" in url.replace("?", "&&")), None)
    return pages


def test_lists_of_the_api_lead_to_every_row_once(make_app: MakeApp) -> None:
    with transaction():
        admin = make_admin()
        rewards(admin, 102)
    reader = visitor(make_app(), admin)
    for address in ("/api/refcodes", "/api/admin/rewards"):
        seen, cursor = [], ""
        while cursor is not None:
            answer = reader.get(address, query_string={"cursor": cursor} if cursor else {}).get_json()
            seen += [reward["id"] for reward in answer["rewards"]]
            cursor = answer["nextCursor"]
        assert len(seen) == len(set(seen)) == 102, address

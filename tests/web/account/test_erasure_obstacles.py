"""Nothing of a person is erased while anything is owed to them or by them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from models import (
    CommissionStatement,
    Order,
    PaymentEvent,
    PaymentRefund,
    Proposal,
    RewardDebit,
    User,
)
from portal.db.connection import connection
from portal.flows.personal_data.erase import ErasurePrevented, erase_person
from portal.flows.personal_data.obstacles import list_obstacles
from tests.factories import (
    ACTOR,
    give_credit,
    make_admin,
    make_order,
    make_payment,
    make_reward,
    make_settlement,
    make_vendor,
)
from tests.web.conftest import visitor


def _reward(person: User) -> None:
    make_reward(person, "approved")


def _failed_reward(person: User) -> None:
    make_reward(person, "failed")


def _debit(person: User) -> None:
    reward = make_reward(person, "minted")
    RewardDebit.insert(
        reward_id=reward.id, referrer_user_id=person.id, amount_wei=5, reason="refunded", order_reference="r"
    ).execute()


def _credit(person: User) -> None:
    give_credit(person, 1)


def _order(person: User) -> None:
    make_order(person)


def _payment(person: User) -> None:
    order = make_order(person)
    make_payment(order, "pending")
    Order.update(status="cancelled").where(Order.id == order.id).execute()


def _callback(person: User) -> None:
    order = make_order(person, paid=True)
    PaymentEvent.insert(
        provider="wayforpay", order_reference=order.order_reference, authentic=True, outcome="unmatched", payload="{}"
    ).execute()  # fmt: skip


def _refund(person: User) -> None:
    order = make_order(person, paid=True)
    make_payment(order, "paid")
    PaymentRefund.insert(
        order_reference=order.order_reference, amount_minor=1, currency="UAH", source="admin", status="requested",
        request_id=f"r{person.id}",
    ).execute()  # fmt: skip


def _proposal(person: User) -> None:
    Proposal.insert(
        kind="credit", subject=str(person.id), amount_minor=1, currency="UAH", reason="r",
        request_id=f"r{person.id}", proposed_by=make_admin().id, expires_at="2036-01-01",
    ).execute()  # fmt: skip


def _vendor(person: User) -> None:
    vendor = make_vendor(person)
    make_settlement(vendor, status="held")
    CommissionStatement.insert(
        vendor=vendor.id, currency="UAH", period_start="2026-01-01", period_end="2026-02-01", amount_minor=1,
        status="open",
    ).execute()  # fmt: skip


OWED = {
    _reward: {"rewards"}, _failed_reward: {"rewards"}, _debit: {"debits"}, _credit: {"credit"}, _order: {"orders"},
    _payment: {"payments"}, _callback: {"callbacks"}, _refund: {"refunds"}, _proposal: {"proposals"},
    _vendor: {"vendors", "settlements", "statements"},
}  # fmt: skip


@pytest.mark.parametrize("owe", OWED, ids=lambda owe: owe.__name__)
def test_nothing_is_erased_while_something_is_owed(app: Flask, owner: User, other: User, owe: Any) -> None:
    with connection():
        owe(owner)
        owe(other)
        assert {each.code for each in list_obstacles(owner.id)} == OWED[owe]
        with pytest.raises(ErasurePrevented):
            erase_person(owner.id, ACTOR)
        assert User.get_by_id(owner.id).email == owner.email
    browser = visitor(app, owner)
    refused = browser.submit("/account/data/erasure", {})
    assert (refused.status_code, 'id="obstacles"' in refused.text) == (409, True)
    assert 'action="/account/data/erasure"' not in refused.text
    with connection():
        assert User.get_by_id(owner.id).erasure_requested_at is None

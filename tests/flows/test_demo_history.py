"""The demo data: alive, in every state, and as right as real sales. See portal/flows/demo."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from peewee import IntegrityError

from models import (
    CodeAlias,
    CommissionStatement,
    EventLog,
    MembershipMonth,
    Order,
    PaymentTransaction,
    ProductPicture,
    Refcode,
    ReferralReward,
    Settlement,
    User,
    VisitDaily,
)
from portal.chain import open_chain
from portal.db import query, transaction
from portal.db.checks import run_checks
from portal.flows.audit.audit_reference import audit_reference, list_references
from portal.flows.demo.seed_demo import SeedRefused, demo_logins, seed_admin, seed_demo
from portal.flows.demo.seed_history import seed_history
from portal.lib.clock import utc_now
from tests.flows.conftest import settings_with

# The strictest: the history has card payments all the same.
SETTINGS = settings_with(card_payments=False)


def seed() -> int:
    return seed_history(seed_demo(SETTINGS), open_chain(SETTINGS), SETTINGS)


def counts(table: type, column: str = "status") -> Counter[str]:
    return Counter(getattr(row, column) for row in table.select())


@pytest.mark.slow
def test_history_has_every_state_and_breaks_no_invariant(database: str) -> None:
    before = utc_now()
    orders = seed()
    assert 38 <= orders == Order.select().count() <= 50
    assert set(counts(Order)) == {"created", "paid", "cancelled", "refunded"}
    assert set(counts(ReferralReward)) == {"pending_approval", "approved", "rejected", "failed"}
    assert {"fiat", "crypto"} == set(counts(ReferralReward, "rail"))
    assert set(counts(Settlement)) == {"pending", "held", "processing", "completed", "failed", "cancelled"}
    assert set(counts(PaymentTransaction, "purpose")) == {"store_order", "membership_upgrade"}
    assert all(
        month.starts_at < before < month.ends_at <= month.starts_at + timedelta(days=31)
        for month in MembershipMonth.select()
    )
    assert CodeAlias.select().count() == 1
    assert counts(CommissionStatement) == {"paid": 1, "open": 1}
    assert set(counts(PaymentTransaction)) == {"redirected", "failed", "paid", "refunded"}
    assert (
        PaymentTransaction.select()
        .where((PaymentTransaction.status == "paid") & (PaymentTransaction.refunded_minor > 0))
        .exists()
    )
    assert ProductPicture.select().count() == 8
    assert run_checks() == {}
    chain = open_chain(SETTINGS)
    for reference in list_references():
        assert audit_reference(reference, chain, SETTINGS).differences == [], reference

    # Four weeks, none of it written at the time of the seed except what is of today.
    spread = {order.created_at.date() for order in Order.select()}
    assert len(spread) > 12
    assert min(spread) >= (before - timedelta(days=29)).date()
    late = Order.select().where(Order.created_at >= before)
    assert not late.exists()
    assert not PaymentTransaction.select().where(PaymentTransaction.paid_at >= before).exists()
    of_seed = EventLog.select().where((EventLog.at >= before) & (EventLog.entity == "order"))
    assert not of_seed.exists()
    assert all(order.paid_at is None or order.paid_at >= order.created_at for order in Order.select())

    # Seven days of a week differ, and every code was visited each day.
    assert Refcode.select().where(Refcode.visits_total > 0).count() == 4
    assert VisitDaily.select().count() == 4 * 28

    # The demo sign-ins keep what visitors of the demo try out: the buyer's first purchase, and their own passwords.
    buyer = User.get(User.email == demo_logins()["buyer"]["email"])
    assert not Order.select().where(Order.buyer == buyer.id).exists()
    others = User.select().where(User.email.not_in([login["email"] for login in demo_logins().values()]))
    assert all(user.email.endswith("@demo.example") and user.password_hash is None for user in others)
    assert all(user.name.endswith("(demo)") for user in others)

    # A second seed changes nothing, and history can no longer be changed.
    events = EventLog.select().count()
    assert seed() == 0
    assert EventLog.select().count() == events
    refuse_changes()


def test_interrupted_history_leaves_nothing_behind(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("portal.flows.demo.seed_history.demo_orders", killed)
    with pytest.raises(KeyboardInterrupt):
        seed()
    assert not User.select().where(User.name.endswith("(demo)")).exists()
    assert not ProductPicture.select().exists()
    refuse_changes()


def refuse_changes() -> None:
    """Check that the tables whose guards the seed opens refuse changes again."""
    for table in ("event_log", "stock_movements", "credit_entries", "journal_transfers"):
        with pytest.raises(IntegrityError, match="append-only"), transaction():
            query(f"UPDATE {table} SET id = id")


def test_empty_demo_has_the_admin_only_and_production_has_none(database: str) -> None:
    assert list(seed_admin(SETTINGS).logins) == ["admin"]
    assert [user.role for user in User.select()] == ["admin"]
    assert not Refcode.select().exists()
    production = settings_with().model_copy(update={"portal_env": "production"})
    for refused in (seed_admin, seed_demo):
        with pytest.raises(SeedRefused):
            refused(production)

"""More failing payouts than one run takes: the other vendors are paid, the failing ones are set aside."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import (
    Payout,
    PayoutBatch,
    Settlement,
)
from portal.commissions import payout_rules
from portal.db import query
from portal.db.checks import run_checks
from portal.flows.payouts import pay_settlements
from tests.factories import ACTOR, make_vendor
from tests.flows.payouts.settlements import SETTINGS, make_due

# Bodies that no provider sends, and that a bug, a migration or a hand may leave in the inbox.
from tests.flows.test_poisoned_queues import failing


def test_payouts(monkeypatch: pytest.MonkeyPatch) -> None:
    good = make_due(make_vendor(name="Good"))
    bad = [make_due(make_vendor(name=f"Bad {number}")) for number in range(3)]
    complete = pay_settlements.payouts.complete_payout

    def refuse(payout_id: int, *args: object, **options: object) -> object:
        if Payout.get_by_id(payout_id).vendor_id in {each.vendor_id for each in bad}:
            raise ArithmeticError("absurd")
        return complete(payout_id, *args, **options)

    monkeypatch.setattr(pay_settlements.payouts, "complete_payout", refuse)
    pay_settlements.run_payouts(SETTINGS, ACTOR)
    assert Settlement.get_by_id(good.id).status == "completed"
    later = make_due(make_vendor(name="Later"))
    pay_settlements.run_payouts(SETTINGS, ACTOR)
    assert Settlement.get_by_id(later.id).status == "completed"
    assert len(failing("payouts")) == 3
    monkeypatch.undo()
    query("UPDATE failing_items SET next_attempt_at = now()")
    pay_settlements.run_payouts(SETTINGS, ACTOR)
    assert {Settlement.get_by_id(each.id).status for each in bad} == {"completed"}
    assert failing("payouts") == []


def fail_payouts_of(vendor_id: int) -> None:
    query(
        "CREATE FUNCTION fail_payout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'absurd'; END $$"
    )
    query(
        "CREATE TRIGGER fail_payout BEFORE INSERT ON payouts FOR EACH ROW"
        f" WHEN (NEW.vendor_id = {vendor_id}) EXECUTE FUNCTION fail_payout()"
    )


@pytest.mark.usefixtures("database")
def test_vendors_whose_payout_cannot_be_opened() -> None:
    bad, good = make_due(make_vendor(name="Bad")), make_due(make_vendor(name="Good"))
    fail_payouts_of(bad.vendor_id)
    pay_settlements.run_payouts(SETTINGS, ACTOR)
    assert Settlement.get_by_id(good.id).status == "completed"
    assert Settlement.get_by_id(bad.id).status == "pending"
    (item,) = failing("payout_vendors")
    assert (item.item_id, "absurd" in item.reason) == (f"{bad.vendor_id} UAH", True)
    assert PayoutBatch.get().totals["UAH"]["payouts"] == 1
    excluded = pay_settlements.review_payouts(SETTINGS).plan.excluded
    assert [(each.vendor_id, each.reason) for each in excluded] == [(bad.vendor_id, "payout_set_aside")]
    # Alone and due again: no empty batch is left behind.
    query("UPDATE failing_items SET next_attempt_at = now()")
    pay_settlements.run_payouts(SETTINGS, ACTOR)
    assert (PayoutBatch.select().count(), failing("payout_vendors")[0].attempts) == (1, 2)
    query("DROP TRIGGER fail_payout ON payouts; DROP FUNCTION fail_payout")
    query("UPDATE failing_items SET next_attempt_at = now()")
    pay_settlements.run_payouts(SETTINGS, ACTOR)
    assert Settlement.get_by_id(bad.id).status == "completed"
    assert failing("payout_vendors") == []
    assert run_checks() == {}


@pytest.mark.usefixtures("database")
def test_vendors_whose_payout_cannot_be_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = make_due(make_vendor(name="Bad"), 4_000), make_due(make_vendor(name="Good"))
    reserve = payout_rules.reserve_minor

    def refuse(net_minor: int, percent: Decimal) -> int:
        if net_minor == bad.net_payout_minor:
            raise ArithmeticError("absurd")
        return reserve(net_minor, percent)

    monkeypatch.setattr(payout_rules, "reserve_minor", refuse)
    assert pay_settlements.review_payouts(SETTINGS).plan.excluded[0].reason == "payout_set_aside"
    pay_settlements.run_payouts(SETTINGS, ACTOR)
    assert Settlement.get_by_id(good.id).status == "completed"
    assert [item.reason for item in failing("payout_vendors")] == ["ArithmeticError: absurd"]

"""A connected demo store, which collects the money itself and owes the commission by statements."""

from __future__ import annotations

from datetime import datetime, timedelta

from models import Store, User
from portal.catalogue import create_vendor
from portal.chain import AnyChain
from portal.commissions import get_statement, open_statement
from portal.db import Actor
from portal.flows.demo.past import moved_to
from portal.flows.demo.seed_demo import ACTOR, demo_logins
from portal.flows.statements.decide_statement import record_statement_payment
from portal.flows.stores.receive_snapshot import receive_snapshot
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.settings import Settings
from portal.stores import create_store
from portal.stores.snapshots import OrderSnapshot

NAME = "Demo Pottery"
# Days ago, goods, amount in major units, currency, whose code, and the part that was refunded.
_SALES = (
    (26, "Salad bowl", "640.00", "UAH", 0, ""),
    (23, "Set of plates", "1880.00", "UAH", 1, ""),
    (19, "Flower vase", "520.00", "UAH", 2, ""),
    (15, "Tea bowl", "310.00", "UAH", 0, "310.00"),
    (11, "Large vase", "72.00", "EUR", 0, ""),
    (6, "Mug with a lid", "290.00", "UAH", 0, ""),
    (2, "Butter dish", "430.00", "UAH", None, ""),
)
# What was sold before this many days ago is on a paid statement, the rest up to three days ago on an open one.
_STATED_DAYS = (16, 3)


def sell_in_connected_shop(
    now: datetime, codes: list[str], admin_id: int, chain: AnyChain, settings: Settings
) -> None:
    """Connect the store, report its sales as it would, and open and pay its statements."""
    with moved_to(now - timedelta(days=29)):
        owner = User.get(User.email == demo_logins()["vendor"]["email"])
        vendor = create_vendor(NAME, "starter", owner.id, actor=ACTOR)
        store = create_store(NAME, "api", vendor.id, ACTOR, reward_waits_for="statement")
    statements = sorted(_STATED_DAYS, reverse=True)
    for number, (days, goods, amount, currency, referrer, refunded) in enumerate(_SALES, 101):
        while statements and days < statements[0]:
            _state(vendor.id, now - timedelta(days=statements.pop(0)), admin_id, settings)
        code = None if referrer is None else codes[referrer]
        moment = now - timedelta(days=days, hours=3)
        with moved_to(moment):
            _report(store, number, moment, goods, amount, currency, code, "", chain, settings)
        if refunded:
            with moved_to(moment + timedelta(days=1)):
                _report(store, number, moment, goods, amount, currency, code, refunded, chain, settings)


def _report(
    store: Store, number: int, moment: datetime, goods: str, amount: str, currency: str, code: str | None,
    refunded: str, chain: AnyChain, settings: Settings,
) -> None:  # fmt: skip
    snapshot = OrderSnapshot.model_validate(
        {
            "externalId": str(number),
            "number": f"#{number}",
            "version": epoch_milliseconds(moment) + (1 if refunded else 0),
            "createdAt": moment,
            "currency": currency,
            "status": "paid",
            "paidAt": moment,
            "paidAmount": amount,
            "referralCode": code,
            "codeSource": "cookie" if code else None,
            "customer": {"externalId": f"demo-{number}"},
            "lines": (
                {"externalId": "1", "sku": f"POT-{number}", "name": goods, "quantity": 1, "amount": amount},
            ),
            "refunds": ({"id": f"{number}-1", "amount": refunded, "reason": "It was broken (demo)"},)
            if refunded
            else (),
        }
    )
    receive_snapshot(store, snapshot, kind="api", chain=chain, settings=settings)


def _state(vendor_id: int, moment: datetime, admin_id: int, settings: Settings) -> None:
    """Open a statement at a moment; the first one is paid two days later."""
    with moved_to(moment):
        statement_id = open_statement(vendor_id, "UAH", utc_now(), settings.timezone, ACTOR, is_monthly=False)
    if statement_id is not None and get_statement(statement_id).created_at < utc_now() - timedelta(
        days=_STATED_DAYS[1] + 5
    ):
        with moved_to(moment + timedelta(days=2)):
            record_statement_payment(statement_id, "Bank transfer 118 (demo)", Actor.user(admin_id))

"""What every smoke check needs: steps that say what they found, and accounts nobody can sign in to."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from models import PaymentTransaction, Refcode, User
from portal.accounts import Referrer, create_user, find_user_by_email
from portal.db import Actor
from portal.journal import list_transfers_of
from portal.payments import Payment, RawCallback, get_provider
from portal.payments.provider import CallbackStatus
from portal.settings import Settings

ACTOR = Actor("command:smoke")
# RFC 2606: no mail ever leaves for it.
DOMAIN = "smoke.example"


class SmokeFailed(Exception):
    """A step found something else than it should; the message says what."""


@dataclass
class Steps:
    """The steps of one check as they pass: `say` shows each, `left` is what stays behind and why."""

    say: Callable[[str], None]
    left: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def check(self, what: str, holds: object, found: object = "") -> None:
        """Show a step that holds; raise SmokeFailed for one that does not."""
        if not holds:
            raise SmokeFailed(f"{what}: {found}" if found != "" else what)
        self.say(f"  ok    {what}")

    def require(self, holds: object, problem: str) -> None:
        """Raise SmokeFailed unless it holds, and show nothing otherwise."""
        if not holds:
            raise SmokeFailed(problem)

    def skip(self, what: str, why: str) -> None:
        """Show a step that cannot be checked here."""
        self.skipped.append(what)
        self.say(f"  skip  {what}: {why}")


def smoke_account(name: str, referrer: Refcode | None = None) -> User:
    """Return the smoke account of a name, made on first use with a password that is kept nowhere."""
    email = f"smoke-{name}@{DOMAIN}"
    brought_by = (
        Referrer(referrer.code, referrer.owner_user_id, referrer.wallet_address) if referrer else None
    )
    return find_user_by_email(email) or create_user(
        email, f"Smoke check ({name})", secrets.token_urlsafe(32), referrer=brought_by, actor=ACTOR
    )


def smoke_callback(payment: PaymentTransaction, status: CallbackStatus, settings: Settings) -> RawCallback:
    """Return a callback about a payment, signed as its provider signs and marked as a smoke check's own."""
    provider = get_provider(payment.processor, settings)
    return provider.sample_callback(Payment.of(payment), status, "smoke check, no money moved")


def clearing_of(order_reference: str) -> int:
    """Return what the books still have to pass on of a reference, in minor units."""
    sides = ((row, row.credit_account == "clearing") for row in list_transfers_of(order_reference))
    return sum(
        row.amount if is_in else -row.amount
        for row, is_in in sides
        if is_in or row.debit_account == "clearing"
    )

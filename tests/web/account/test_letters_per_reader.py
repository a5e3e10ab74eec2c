"""Letters are limited per reader, no matter who causes them or from where. See docs/rules/accounts.md."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask

from models import MailOutbox, Notification, User
from portal.db import query, transaction
from portal.flows.accounts.account_notices import notify_owner
from portal.mail import queue_letter
from portal.notifications import notify
from tests.factories import make_user
from tests.web.account.proofs import run_concurrently
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import rows

VICTIM = "victim@example.com"


def from_anywhere(number: int) -> dict[str, dict[str, str]]:
    return {"environ_overrides": {"REMOTE_ADDR": f"198.51.100.{number}"}}


def test_many_addresses_and_tags_do_not_flood_one_mailbox(make_app: MakeApp) -> None:
    app = make_app(registration_confirmation=True)
    pages = Counter()
    for number in range(25):
        form = {"name": "Nova", "email": f"Victim+{number}@Example.com"}
        pages[visitor(app).submit("/register", form, **from_anywhere(number)).status_code] += 1
    assert pages == {200: 25}, "the answer does not show the limit"
    assert len(rows()) == 10
    query("UPDATE mail_outbox SET created_at = created_at - interval '61 minutes'")
    visitor(app).submit("/register", {"name": "Nova", "email": VICTIM})
    assert len(rows()) == 11


def test_every_kind_of_requested_letter_counts(app: Flask, owner: User) -> None:
    for _ in range(4):
        for kind in ("reset_password", "confirm_email", "email_in_use"):
            queue_letter(kind, owner.email, "en", timedelta(hours=1))
    assert MailOutbox.select().count() == 10
    visitor(app).submit("/password/forgot", {"email": owner.email})
    assert len(rows()) == 10
    assert queue_letter("reset_password", "another@example.com", "en", timedelta(hours=1))


def test_requests_at_the_same_time_do_not_exceed_the_limit(app: Flask, owner: User) -> None:
    def request_letter() -> int:
        with transaction():
            return queue_letter("confirm_email", VICTIM, "en", timedelta(hours=1))

    assert sum(run_concurrently(16, request_letter)) == 10


@pytest.mark.parametrize(("is_confirmed", "most"), [(False, 10), (True, 60)])
def test_security_notices_to_one_mailbox_are_limited(app: Flask, *, is_confirmed: bool, most: int) -> None:
    user = make_user(email=VICTIM)
    if is_confirmed:
        query("UPDATE users SET email_confirmed_at = now()")
    for _ in range(70):
        notify_owner(user.id, "security_wallet_linked", address="0x1")
    assert MailOutbox.select().count() == most
    assert Notification.select().count() == 70, "the portal shows all of them"
    assert queue_letter("reset_password", VICTIM, "en", timedelta(hours=1)), "counted apart"


def test_notices_of_sales_do_not_use_up_the_letters_with_links(app: Flask, owner: User) -> None:
    query("UPDATE users SET email_confirmed_at = now()")
    for number in range(20):
        notify(owner.id, "referral_reward_minted", f"reward:{number}", amountWei="1")
    visitor(app).submit("/password/forgot", {"email": owner.email})
    assert [row.kind for row in rows()][-1] == "reset_password"

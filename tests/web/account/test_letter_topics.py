"""Topics of letters: whom they reach, which page they lead to, and the link that ends them. See docs/accounts.md."""

from __future__ import annotations

import time

import pytest
from flask import Flask

from models import MailOutbox, User
from portal.db import query
from portal.notifications import TOPICS, notify, topic_of, topics_for
from tests.factories import make_user
from tests.web.account.test_letters import notify_user
from tests.web.conftest import visitor
from tests.web.mailbox import compose_letter, newest_letter, rows
from tests.web.visitor import Visitor


@pytest.fixture
def owner(database: str) -> User:
    """Return a user with a confirmed e-mail, who receives notification letters."""
    user = make_user("Olena Owner")
    query("UPDATE users SET email_confirmed_at = now() WHERE id = %s", [user.id])
    return user


def unsubscribe_path(browser: Visitor) -> str:
    url = newest_letter(browser).unsubscribe_url
    assert url
    return url.removeprefix("http://localhost")


def test_topics_are_chosen_on_the_notifications_page(as_owner: Visitor, owner: User) -> None:
    assert as_owner.get("/notifications").text.count(" checked>") == len(topics_for("user"))
    assert as_owner.submit("/notifications/mail", {"topics": ["reward_decided"]}).status_code == 303
    assert as_owner.get("/notifications").text.count(" checked>") == 1
    notify_user(owner)
    assert not rows()
    notify_user(owner, "referral_reward_rejected")
    assert len(rows()) == 1
    as_owner.submit("/notifications/mail", {"topics": list(topics_for("user"))})
    notify_user(owner, number=2)
    assert len(rows()) == 2
    for topic in ("nonsense", "proposal"):
        assert as_owner.submit("/notifications/mail", {"topics": [topic]}).status_code == 422


def test_topics_and_letters_of_admins(as_admin: Visitor, admin: User) -> None:
    query("UPDATE users SET email_confirmed_at = now() WHERE id = %s", [admin.id])
    assert as_admin.get("/notifications").text.count(" checked>") == len(TOPICS)
    notify(admin.id, "proposal_refund", "a", reference="store_1")
    notify(admin.id, "order_back_ordered", "b", reference="store_1", product="Map", missing="2")
    subjects = {compose_letter(as_admin, row).subject for row in rows()}
    assert {subject.split(" · ")[0] for subject in subjects} == {
        "A refund waits for a second admin: store_1",
        "A paid order is out of stock: store_1",
    }
    as_admin.submit("/notifications/mail", {"topics": ["back_order"]})
    notify(admin.id, "proposal_credit", "c")
    assert len(rows()) == 2


def test_one_click_unsubscribes_from_a_topic(app: Flask, as_owner: Visitor, owner: User) -> None:
    notify_user(owner)
    path, reader = unsubscribe_path(as_owner), visitor(app)
    assert reader.get(path).status_code == 200
    notify_user(owner, number=2)
    assert len(rows()) == 2, "opening the link changes nothing"
    # A mail client sends no cookie and no token (RFC 8058).
    assert reader.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert reader.post(path).status_code == 200
    notify_user(owner, number=3)
    assert len(rows()) == 2
    notify_user(owner, "referral_reward_rejected")
    assert len(rows()) == 3


@pytest.mark.parametrize("token", ["x", "WzEsICJyZXdhcmRfc2VudCJd.forged", "%00"])
def test_forged_unsubscribe_link_is_not_found(client: Visitor, owner: User, token: str) -> None:
    assert client.get(f"/mail/unsubscribe/{token}").status_code == 404
    assert client.post(f"/mail/unsubscribe/{token}").status_code == 404


def test_unsubscribe_link_ends_with_a_change_of_the_address(
    client: Visitor, as_owner: Visitor, owner: User
) -> None:
    notify_user(owner)
    path = unsubscribe_path(as_owner)
    query("UPDATE users SET email = 'another@example.com'")
    assert (client.get(path).status_code, client.post(path).status_code) == (404, 404)
    notify_user(owner, number=2)
    assert len(rows()) == 2


@pytest.mark.parametrize(("days", "status"), [(59, 200), (61, 404)])
def test_unsubscribe_link_ends_after_sixty_days(
    client: Visitor, as_owner: Visitor, owner: User, monkeypatch: pytest.MonkeyPatch, days: int, status: int
) -> None:
    notify_user(owner)
    with monkeypatch.context() as then:
        sent_at = time.time() - days * 24 * 3600
        then.setattr("itsdangerous.timed.time.time", lambda: sent_at)
        path = unsubscribe_path(as_owner)
    assert (client.get(path).status_code, client.post(path).status_code) == (status, status)


NOTICES = {
    "referral_reward_approved": "/refcodes#history",
    "order_back_ordered": "/notifications",
    "webhook_disabled_gone": "/notifications",
    "commission_statement_opened": "/vendor/statements/7",
    "proposal_credit": "/admin/payments/proposals",
    "export_ready": "/exports",
    "erasure_requested": "/admin/people/5",
    "application_made": "/admin/programme/applications",
    "application_approved": "/refcodes",
    "alert_opened": "/admin/jobs",
}
_FACTS = {
    "account": "5", "alert": "gas_low", "subject": "minter", "number": 5, "statementId": 7, "vendor": "Tea",
    "file": "a", "amountMinor": 100, "currency": "UAH", "reference": "r", "product": "Tea", "missing": 1, "store": "s",
    "host": "h",
}  # fmt: skip


def test_every_topic_links_to_a_page(app: Flask) -> None:
    topics = {topic_of(kind) for kind in NOTICES}
    assert topics >= set(TOPICS) - {"reward_sent", "reward_refunded"}
    for kind, page in NOTICES.items():
        row = MailOutbox(
            kind="notice",
            user_id=1,
            to_address="a@shop.example",
            locale="en",
            params={"kind": kind, "params": _FACTS},
        )
        letter = compose_letter(visitor(app), row)
        assert f"http://localhost/en{page}\n" in letter.text, kind

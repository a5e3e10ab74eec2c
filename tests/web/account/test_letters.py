"""Notifications: the page, the e-mails and how to unsubscribe."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from click import Command
from flask import Flask
from itsdangerous import URLSafeSerializer

from jobs import send_letters
from models import MailOutbox, Notification, User
from portal.accounts import LinkUnusable
from portal.cli.doctor import doctor
from portal.cli.mail import mail
from portal.db import query, release_connection
from portal.notifications import notify, topic_of
from portal.runtime import current_portal
from portal.settings import SettingsInvalid, load_settings
from portal.web.text.letters import read_link, sign_link
from tests.factories import make_user
from tests.support.smtp import Mailbox, smtp_server
from tests.support.wallets import TestWallet
from tests.web.account.test_second_factor_page import PRODUCTION
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import compose_letter, newest_letter, rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor

KINDS = (
    "referral_reward_minted", "referral_reward_approved", "referral_reward_rejected", "referral_reward_reduced",
    "referral_reward_debited", "security_password_changed", "security_second_factor_on",
    "security_second_factor_off", "security_recovery_code_used", "security_recovery_codes_renewed",
    "security_wallet_linked", "security_wallet_unlinked",
)  # fmt: skip
OTHER_KINDS = (
    "order_back_ordered", "webhook_disabled_failing", "webhook_disabled_gone", "commission_statement_opened",
    "proposal_credit", "proposal_refund", "proposal_payout_wallet", "export_ready", "export_failed",
    "erasure_requested", "application_made", "application_approved", "application_rejected",
)  # fmt: skip


@pytest.fixture
def owner(database: str) -> User:
    """Return a user with a confirmed e-mail, who receives notification letters."""
    user = make_user("Olena Owner")
    query("UPDATE users SET email_confirmed_at = now() WHERE id = %s", [user.id])
    return user


def notify_user(user: User, kind: str = "referral_reward_minted", number: int = 1) -> None:
    notify(
        user.id,
        kind,
        f"{kind}:{user.id}:{number}",
        amountWei="12500000000000000000",
        reason="Why",
        address="0x1…2",
    )


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_each_kind_is_a_letter_in_the_recipients_language(
    as_owner: Visitor, owner: User, locale: str
) -> None:
    query("UPDATE users SET locale = %s", [locale])
    for kind in KINDS:
        notify_user(owner, kind)
        letter = newest_letter(as_owner)
        assert f'<html lang="{locale}">' in letter.html, kind
        assert f"http://localhost/{locale}/" in letter.text, kind
        assert "%(" not in letter.text, kind
        assert kind not in letter.text, kind
        assert bool(letter.unsubscribe_url) == (topic_of(kind) is not None), kind
        shown = text_of(as_owner.get(f"/{locale}/notifications"))
        assert " ".join(letter.text.splitlines()[0].split()) in shown, kind


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_notice_of_a_minted_reward_links_to_its_proof(as_owner: Visitor, owner: User, locale: str) -> None:
    query("UPDATE users SET locale = %s", [locale])
    notify(owner.id, "referral_reward_minted", "minted", amountWei="1", paymentHash="0x" + "ab" * 32)
    letter = newest_letter(as_owner)
    path = f"/{locale}/proof/0x{'ab' * 32}"
    assert f"http://localhost{path}" in letter.text
    assert f'href="http://localhost{path}"' in letter.html
    assert f'href="{path}"' in as_owner.get(f"/{locale}/notifications").text


def test_letter_shows_the_brand(make_app: MakeApp, owner: User) -> None:
    notify_user(owner)
    shop = visitor(make_app(brand_name="Good Things", brand_color="#f2b705", brand_accent_color="#0b6e5a"))
    letter = newest_letter(shop)
    assert "Good Things</td>" in letter.html
    # Yellow needs dark text.
    assert "background: #f2b705; color: #10141f" in letter.html
    assert "border-top: 4px solid #0b6e5a" in letter.html


def test_mailbox_page_and_letters_have_separate_languages(client: Visitor, owner: User) -> None:
    for number, locale in enumerate(("uk", "ru")):
        query("UPDATE users SET locale = %s", [locale])
        notify_user(owner, number=number)
    page = client.get("/en/dev/mail").text
    assert '<html lang="en">' in page
    letters = [part.split("</div>")[0] for part in page.split('class="letter-text stack" lang="')[1:]]
    assert [letter[:2] for letter in letters] == ["ru", "uk"]
    assert "ы" in letters[0]
    assert "і" in letters[1]


def test_only_security_letters_go_to_unconfirmed_addresses(owner: User) -> None:
    query("UPDATE users SET email_confirmed_at = NULL")
    notify_user(owner)
    assert not rows()
    notify_user(owner, "security_password_changed")
    assert len(rows()) == 1
    unreachable = make_user(email=None)
    notify_user(unreachable, "security_password_changed")
    notify_user(owner, "another_kind")
    assert len(rows()) == 1


def test_links_are_signed_with_sha_256_and_earlier_ones_work(app: Flask) -> None:
    with app.app_context():
        key = current_portal().settings.secret_key.get_secret_value()
        by_digest = {
            digest: URLSafeSerializer(
                key, salt="portal.reset_password", signer_kwargs={"digest_method": digest}
            ).dumps("k")
            for digest in (hashlib.sha256, hashlib.sha1, hashlib.md5)
        }
        assert sign_link("reset_password", "k") == by_digest[hashlib.sha256]
        assert read_link("reset_password", by_digest[hashlib.sha256]) == "k"
        assert read_link("reset_password", by_digest[hashlib.sha1]) == "k"
        with pytest.raises(LinkUnusable):
            read_link("reset_password", by_digest[hashlib.md5])


def test_repeated_notification_queues_one_letter(owner: User) -> None:
    assert [notify(owner.id, "referral_reward_minted", "same") for _ in range(3)] == [True, False, False]
    assert len(rows()) == 1


def test_each_letter_says_in_its_subject_what_happened(as_owner: Visitor, owner: User) -> None:
    facts = {
        "amountWei": "12500000000000000000", "orderReference": "store_7", "reason": "Why", "address": "0x1…2",
        "reference": "store_7", "account": "7", "store": "Чайна", "host": "hooks.example", "vendor": "Чайна",
        "statementId": 1, "file": "rewards.csv", "product": "Map", "missing": "2",
    }  # fmt: skip
    for locale in ("en", "uk", "ru"):
        query("DELETE FROM mail_outbox")
        User.update(locale=locale).where(User.id == owner.id).execute()
        for kind in (*KINDS, *OTHER_KINDS):
            amount = {"amountMinor": "100050", "currency": "UAH"} if kind.startswith("commission") else {}
            notify(owner.id, kind, f"{kind}:{locale}", **facts, **amount)
        letters = [(row.params["kind"], compose_letter(as_owner, row).subject) for row in rows()]
        assert len(letters) == len(KINDS) + len(OTHER_KINDS)
        # Both kinds of a webhook say the same: the letter says why.
        assert len({subject for _kind, subject in letters}) == len(letters) - 1
        for kind, subject in letters:
            assert "%(" not in subject
            assert ("12" in subject) == (kind.startswith("referral_reward_")), subject
    notify(
        owner.id,
        "referral_reward_rejected",
        "unsized",
        orderReference="store_7",
        amountWei="None",
        reason="x",
    )
    assert "store_7" in newest_letter(as_owner).subject


def test_letters_about_alerts_say_which(as_admin: Visitor, admin: User) -> None:
    query("UPDATE users SET email_confirmed_at = now() WHERE id = %s", [admin.id])
    for kind in ("alert_opened", "alert_over"):
        notify(admin.id, kind, kind, alert="callbacks_unmatched", subject="", number=3)
    opened, over = (compose_letter(as_admin, row).subject.partition(" · ")[0] for row in rows())
    assert opened == "Alert: Payment callbacks that match no payment: 3."
    assert over == "Resolved: Payment callbacks that match no payment: 3."


def test_mark_all_read_covers_unseen_pages(as_owner: Visitor, as_other: Visitor, owner: User) -> None:
    for number in range(53):
        notify_user(owner, number=number)
    assert as_other.submit("/notifications/read").status_code == 303
    page = as_owner.get("/notifications")
    assert "3 more are unread" in text_of(page)
    assert Notification.select().where(Notification.read_at.is_null()).count() == 3, (
        "only the displayed page is read"
    )
    assert as_owner.submit("/notifications/read").status_code == 303
    assert not Notification.select().where(Notification.read_at.is_null()).exists()
    assert "unread" not in text_of(as_owner.get("/notifications"))


def test_prefetch_does_not_mark_notifications_read(as_owner: Visitor, owner: User) -> None:
    notify_user(owner)
    as_owner.get("/notifications", headers={"Sec-Purpose": "prefetch"})
    assert Notification.get().read_at is None


def test_linking_and_unlinking_a_wallet_send_letters(as_owner: Visitor, owner: User) -> None:
    wallet = TestWallet()
    message = as_owner.send("/api/account/wallets/challenge", {"address": wallet.address}).get_json()[
        "message"
    ]
    as_owner.send("/api/account/wallets", {"address": wallet.address, "signature": wallet.sign(message)})
    as_owner.send(f"/api/account/wallets/{wallet.stored}", method="DELETE")
    assert [row.params["kind"] for row in rows()] == ["security_wallet_linked", "security_wallet_unlinked"]
    assert wallet.address[:6] in newest_letter(as_owner).text


# ---------------------------------------------------------------------- delivery


@pytest.fixture
def server() -> Iterator[tuple[Mailbox, int]]:
    with smtp_server() as running:
        yield running


def test_concurrent_jobs_send_each_letter_once(
    make_app: MakeApp, owner: User, server: tuple[Mailbox, int]
) -> None:
    mailbox, port = server
    query("UPDATE users SET locale = 'uk'")
    app = make_app(
        smtp_url=f"smtp+plain://127.0.0.1:{port}", mail_from="portal@shop.example", brand_name="Крамниця"
    )
    for number in range(10):
        notify_user(owner, number=number)
    visitor(app).submit("/password/forgot", {"email": owner.email})

    def run(_number: int) -> object:
        try:
            return send_letters(app.extensions["portal"])
        finally:
            release_connection()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, range(3)))
    assert len(mailbox.letters) == 11
    assert {letter["To"] for letter in mailbox.letters} == {owner.email}
    assert {letter["From"] for letter in mailbox.letters} == {"Крамниця <portal@shop.example>"}
    assert sum("List-Unsubscribe" in letter for letter in mailbox.letters) == 10
    assert {row.status for row in MailOutbox.select()} == {"sent"}


def test_letter_with_a_used_link_is_not_sent(
    make_app: MakeApp, owner: User, server: tuple[Mailbox, int]
) -> None:
    mailbox, port = server
    app = make_app(smtp_url=f"smtp+plain://127.0.0.1:{port}", mail_from="portal@shop.example")
    visitor(app).submit("/password/forgot", {"email": owner.email})
    rows()
    query("UPDATE account_links SET used_at = now()")
    send_letters(app.extensions["portal"])
    assert not mailbox.letters
    assert MailOutbox.get().status == "expired"


def test_mailbox_page_exists_only_in_development(make_app: MakeApp, client: Visitor, owner: User) -> None:
    client.submit("/password/forgot", {"email": owner.email})
    page = client.get("/dev/mail")
    assert owner.email in page.text
    assert 'href="http://localhost/en/password/reset/' in page.text
    assert client.get("/uk/dev/mail").status_code == 200
    production = make_app(**PRODUCTION)
    assert production.test_client().get("/dev/mail", base_url="https://localhost").status_code == 404


def test_letter_is_composed_without_a_request(app: Flask, owner: User) -> None:
    notify_user(owner)
    (row,) = rows()
    assert compose_letter(visitor(app), row).subject.startswith("Your reward was sent: 12.5\xa0RING")


# What the letters of each topic are about, and the page that their button opens.
def test_letter_of_a_former_account_does_not_claim_there_is_one(app: Flask) -> None:
    for kind in ("account_erased", "email_changed"):
        row = MailOutbox(kind=kind, user_id=1, to_address="a@shop.example", locale="en", params={})
        assert "have an account" not in compose_letter(visitor(app), row).text


def run(app: Flask, command: Command, *words: str) -> str:
    with app.app_context():
        return app.test_cli_runner().invoke(command, list(words)).output


def test_doctor_lists_dead_letters(app: Flask, owner: User) -> None:
    notify_user(owner)
    query("UPDATE mail_outbox SET status = 'dead', last_error = '550 no such mailbox'")
    answer = run(app, doctor)
    assert "not_configured" in answer
    assert f"dead: notice to {owner.email}: 550 no such mailbox" in answer
    assert "1 letters are queued again" in run(app, mail, "retry")
    assert MailOutbox.get().status == "queued"


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"smtp_url": "smtps://mail.example"}, "MAIL_FROM"),
        ({"smtp_url": "http://mail.example", "mail_from": "a@b.c"}, "SMTP_URL"),
        ({"mail_from": "no address"}, "MAIL_FROM"),
        ({**PRODUCTION, "registration_confirmation": True}, "REGISTRATION_CONFIRMATION"),
        ({**PRODUCTION, "smtp_url": "smtp+plain://mail.example", "mail_from": "a@b.c"}, "SMTP_URL"),
    ],
)
def test_invalid_mail_setting_prevents_start(settings: dict[str, object], setting: str) -> None:
    with pytest.raises(SettingsInvalid, match=setting) as error:
        load_settings(_env_file=None, **{"database_url": "postgresql://x/y", **settings})
    assert "mail.example" not in str(error.value)

"""Notifications: the page, the e-mails and how to unsubscribe."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from click import Command
from flask import Flask

from jobs import send_letters
from models import MailOutbox, Notification, User
from portal.cli.doctor import doctor
from portal.cli.mail import mail
from portal.db import query, release_connection
from portal.notifications import TOPICS, notify, topic_of
from portal.settings import load_settings
from tests.factories import make_user
from tests.support.smtp import Mailbox, smtp_server
from tests.web.account.test_second_factor_page import PRODUCTION
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import newest_letter, rows, worded
from tests.web.pages import text_of
from tests.web.visitor import Visitor

KINDS = (
    "referral_reward_minted", "referral_reward_approved", "referral_reward_rejected", "referral_reward_reduced",
    "referral_reward_debited", "security_password_changed", "security_second_factor_on",
    "security_second_factor_off", "security_recovery_code_used", "security_recovery_codes_renewed",
    "security_wallet_linked", "security_wallet_unlinked",
)  # fmt: skip


@pytest.fixture
def owner(database: str) -> User:
    """Somebody whose e-mail is confirmed, so that copies go to it."""
    person = make_user("Olena Owner")
    query("UPDATE users SET email_confirmed_at = now() WHERE id = %s", [person.id])
    return person


def tell(user: User, kind: str = "referral_reward_minted", number: int = 1) -> None:
    notify(
        user.id,
        kind,
        f"{kind}:{user.id}:{number}",
        amountWei="12500000000000000000",
        reason="Why",
        address="0x1…2",
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_every_kind_is_a_letter_in_the_readers_language(
    as_owner: Visitor, owner: User, kind: str, locale: str
) -> None:
    query("UPDATE users SET locale = %s", [locale])
    tell(owner, kind)
    letter = newest_letter(as_owner)
    assert f'<html lang="{locale}">' in letter.html
    assert f"http://localhost/{locale}/" in letter.text
    assert "%(" not in letter.text
    assert kind not in letter.text
    assert bool(letter.unsubscribe_url) == (topic_of(kind) is not None)
    shown = text_of(as_owner.get(f"/{locale}/notifications"))
    assert " ".join(letter.text.splitlines()[0].split()) in shown


def test_a_letter_wears_the_brand(make_app: MakeApp, owner: User) -> None:
    tell(owner)
    shop = visitor(make_app(brand_name="Good Things", brand_color="#f2b705"))
    letter = newest_letter(shop)
    assert "Good Things</td>" in letter.html
    # Yellow carries dark text.
    assert "background: #f2b705; color: #10141f" in letter.html


def test_the_mailbox_and_each_letter_speak_their_own_language(client: Visitor, owner: User) -> None:
    for number, locale in enumerate(("uk", "ru")):
        query("UPDATE users SET locale = %s", [locale])
        tell(owner, number=number)
    page = client.get("/en/dev/mail").text
    assert '<html lang="en">' in page
    letters = [part.split("</div>")[0] for part in page.split('class="letter-text stack" lang="')[1:]]
    assert [letter[:2] for letter in letters] == ["ru", "uk"]
    assert "ы" in letters[0]
    assert "і" in letters[1]


def test_copies_go_to_confirmed_addresses_only_and_warnings_to_any(owner: User) -> None:
    query("UPDATE users SET email_confirmed_at = NULL")
    tell(owner)
    assert not rows()
    tell(owner, "security_password_changed")
    assert len(rows()) == 1
    nobody = make_user(email=None)
    tell(nobody, "security_password_changed")
    tell(owner, "another_kind")
    assert len(rows()) == 1


def test_a_copy_is_queued_once(owner: User) -> None:
    assert [notify(owner.id, "referral_reward_minted", "same") for _ in range(3)] == [True, False, False]
    assert len(rows()) == 1


def test_topics_are_chosen_on_the_page(as_owner: Visitor, owner: User) -> None:
    assert as_owner.get("/notifications").text.count(" checked>") == len(TOPICS)
    assert as_owner.submit("/notifications/mail", {"topics": ["reward_decided"]}).status_code == 303
    assert as_owner.get("/notifications").text.count(" checked>") == 1
    tell(owner)
    assert not rows()
    tell(owner, "referral_reward_rejected")
    assert len(rows()) == 1
    as_owner.submit("/notifications/mail", {"topics": list(TOPICS)})
    tell(owner, number=2)
    assert len(rows()) == 2
    assert as_owner.submit("/notifications/mail", {"topics": ["nonsense"]}).status_code == 422


def test_one_click_stops_the_letters_of_a_topic(app: Flask, as_owner: Visitor, owner: User) -> None:
    tell(owner)
    url = newest_letter(as_owner).unsubscribe_url
    assert url
    path = url.removeprefix("http://localhost")
    reader = visitor(app)
    assert reader.get(path).status_code == 200
    tell(owner, number=2)
    assert len(rows()) == 2, "opening the link changes nothing"
    # As a mail program sends it: no cookie, no token (RFC 8058).
    assert reader.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert reader.post(path).status_code == 200
    tell(owner, number=3)
    assert len(rows()) == 2
    tell(owner, "referral_reward_rejected")
    assert len(rows()) == 3


@pytest.mark.parametrize("token", ["x", "WzEsICJyZXdhcmRfc2VudCJd.forged", "%00"])
def test_a_forged_link_stops_nothing(client: Visitor, owner: User, token: str) -> None:
    assert client.get(f"/mail/unsubscribe/{token}").status_code == 404
    assert client.post(f"/mail/unsubscribe/{token}").status_code == 404


def test_every_page_of_them_is_read_at_once(as_owner: Visitor, as_other: Visitor, owner: User) -> None:
    for number in range(53):
        tell(owner, number=number)
    assert as_other.submit("/notifications/read").status_code == 303
    page = as_owner.get("/notifications")
    assert "3 more are unread" in text_of(page)
    assert Notification.select().where(Notification.read_at.is_null()).count() == 3, "only what was shown"
    assert as_owner.submit("/notifications/read").status_code == 303
    assert not Notification.select().where(Notification.read_at.is_null()).exists()
    assert "unread" not in text_of(as_owner.get("/notifications"))


def test_pages_loaded_ahead_have_shown_nobody_anything(as_owner: Visitor, owner: User) -> None:
    tell(owner)
    as_owner.get("/notifications", headers={"Sec-Purpose": "prefetch"})
    assert Notification.get().read_at is None


def test_linking_a_wallet_is_told(as_owner: Visitor, owner: User) -> None:
    from tests.support.wallets import TestWallet

    wallet = TestWallet()
    message = as_owner.send("/api/account/wallets/challenge", {"address": wallet.address}).get_json()[
        "message"
    ]
    as_owner.send("/api/account/wallets", {"address": wallet.address, "signature": wallet.sign(message)})
    as_owner.send(f"/api/account/wallets/{wallet.stored}", method="DELETE")
    assert [row.params["kind"] for row in rows()] == ["security_wallet_linked", "security_wallet_unlinked"]
    assert wallet.address[:6] in newest_letter(as_owner).text


# ---------------------------------------------------------------------- all the way


@pytest.fixture
def server() -> Iterator[tuple[Mailbox, int]]:
    with smtp_server() as running:
        yield running


def test_the_job_sends_them_once_in_any_number_of_processes(
    make_app: MakeApp, owner: User, server: tuple[Mailbox, int]
) -> None:
    mailbox, port = server
    query("UPDATE users SET locale = 'uk'")
    app = make_app(
        smtp_url=f"smtp+plain://127.0.0.1:{port}", mail_from="portal@shop.example", brand_name="Крамниця"
    )
    for number in range(10):
        tell(owner, number=number)
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


def test_a_link_used_meanwhile_is_not_sent(
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


def test_development_shows_the_mailbox_and_production_has_none(
    make_app: MakeApp, client: Visitor, owner: User
) -> None:
    client.submit("/password/forgot", {"email": owner.email})
    page = client.get("/dev/mail")
    assert owner.email in page.text
    assert 'href="http://localhost/en/password/reset/' in page.text
    assert client.get("/uk/dev/mail").status_code == 200
    production = make_app(**PRODUCTION)
    assert production.test_client().get("/dev/mail", base_url="https://localhost").status_code == 404


def test_every_letter_can_be_worded_without_a_request(app: Flask, owner: User) -> None:
    tell(owner)
    (row,) = rows()
    assert worded(visitor(app), row).subject.startswith("Update on your referral reward")


def run(app: Flask, command: Command, *words: str) -> str:
    with app.app_context():
        return app.test_cli_runner().invoke(command, list(words)).output


def test_doctor_shows_what_was_given_up(app: Flask, owner: User) -> None:
    tell(owner)
    query("UPDATE mail_outbox SET status = 'dead', last_error = '550 no such mailbox'")
    answer = run(app, doctor)
    assert "not_configured" in answer
    assert f"dead: notice to {owner.email}: 550 no such mailbox" in answer
    assert "1 letters are queued again" in run(app, mail, "retry")
    assert MailOutbox.get().status == "queued"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"smtp_url": "smtps://mail.example"}, "MAIL_FROM"),
        ({"smtp_url": "http://mail.example", "mail_from": "a@b.c"}, "SMTP_URL"),
        ({"mail_from": "no address"}, "MAIL_FROM"),
        ({**PRODUCTION, "registration_confirmation": True}, "REGISTRATION_CONFIRMATION"),
        ({**PRODUCTION, "smtp_url": "smtp+plain://mail.example", "mail_from": "a@b.c"}, "SMTP_URL"),
    ],
)
def test_a_wrong_mail_setting_stops_the_start(settings: dict[str, object], named: str) -> None:
    from portal.settings import SettingsInvalid

    with pytest.raises(SettingsInvalid, match=named) as stopped:
        load_settings(_env_file=None, **{"database_url": "postgresql://x/y", **settings})
    assert "mail.example" not in str(stopped.value)

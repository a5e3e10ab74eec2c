"""Mail delivery: letters are sent once as far as SMTP allows, retried with growing waits, then marked dead."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from models import EventLog, MailOutbox
from portal.db import Actor, query, release_connection, transaction
from portal.dev.processes import pick_port
from portal.flows.accounts.deliver_mail import Sender, deliver_mail
from portal.mail import (
    Letter,
    LetterObsolete,
    MailTransport,
    NoTransport,
    list_dead_letters,
    parse_server_url,
    prune_letters,
    queue_letter,
    requeue_dead_letters,
)
from portal.mail.outbox import MOST_ATTEMPTS
from tests.factories import make_user
from tests.support.smtp import Mailbox, smtp_server

pytestmark = pytest.mark.usefixtures("database")
ACTOR, SENDER = Actor("test"), Sender("portal@shop.example", "Shop")
DAY = timedelta(days=1)


@pytest.fixture
def server() -> Iterator[tuple[Mailbox, int]]:
    with smtp_server() as running:
        yield running


def compose(row: MailOutbox) -> Letter:
    if row.kind == "obsolete":
        raise LetterObsolete("the link was used")
    if row.kind == "broken":
        raise KeyError("params")
    return Letter(f"{row.kind} {row.locale}", "text", "<p>text</p>")


def deliver(port: int, **more: int) -> int:
    return deliver_mail(
        MailTransport(parse_server_url(f"smtp+plain://127.0.0.1:{port}")), compose, SENDER, ACTOR, **more
    )


def queue(kind: str = "hello", to: str = "olena@example.com", lifetime: timedelta = DAY, **more: str) -> None:
    queue_letter(kind, to, "uk", lifetime, **more)


def due_again() -> None:
    query("UPDATE mail_outbox SET next_attempt_at = now() WHERE status = 'queued'")


def test_letter_is_sent_once(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    queue(to="first@example.com")
    queue(to="second@example.com")
    assert deliver(port) == 2
    assert deliver(port) == 0
    assert mailbox.recipients == ["first@example.com", "second@example.com"]
    assert mailbox.letters[0]["Subject"] == "hello uk"
    row = MailOutbox.get(MailOutbox.to_address == "first@example.com")
    assert (row.status, row.attempts, row.sent_at is not None) == ("sent", 1, True)
    assert EventLog.get(EventLog.event == "letter_sent").to_status == "sent"


def test_letter_is_rolled_back_with_its_cause(server: tuple[Mailbox, int]) -> None:
    with transaction() as change:
        queue()
        change.rollback()
    assert deliver(server[1]) == 0


def test_dedupe_key_queues_one_letter() -> None:
    assert queue_letter("hello", "a@example.com", "en", DAY, dedupe_key="once")
    assert not queue_letter("hello", "a@example.com", "en", DAY, dedupe_key="once")
    assert MailOutbox.select().count() == 1


def test_two_senders_send_each_letter_once(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    for number in range(30):
        queue(to=f"person{number}@example.com")

    def run(_number: int) -> int:
        try:
            return deliver(port)
        finally:
            release_connection()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(run, range(3))) == 30
    assert len(set(mailbox.recipients)) == len(mailbox.recipients) == 30


def test_temporary_refusal_is_retried_with_growing_waits(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    queue()
    waits = []
    for _ in range(3):
        mailbox.answers = ["451 later"]
        assert deliver(port) == 0
        ((seconds,),) = query("SELECT extract(epoch FROM next_attempt_at - now())::int FROM mail_outbox")
        waits.append(round(seconds / 60))
        assert deliver(port) == 0, "not before the wait ends"
        due_again()
    assert waits == [1, 2, 4]
    assert deliver(port) == 1
    assert MailOutbox.get().attempts == 4


def test_letter_dies_after_its_last_attempt(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    queue()
    for _ in range(MOST_ATTEMPTS):
        mailbox.answers = ["451 later"]
        deliver(port)
        due_again()
    assert deliver(port) == 0
    (dead,) = list_dead_letters()
    assert (dead.attempts, dead.status) == (MOST_ATTEMPTS, "dead")
    assert "451 later" in dead.last_error
    assert requeue_dead_letters(ACTOR) == 1
    assert deliver(port) == 1


def test_permanent_refusal_is_not_retried_and_stops_no_other_letter(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    queue(to="gone@example.com")
    queue()
    mailbox.rcpt_answers = ["550 no such mailbox"]
    assert deliver(port) == 1
    assert [row.to_address for row in list_dead_letters()] == ["gone@example.com"]


def test_letter_that_cannot_be_composed_stops_no_other_letter(
    server: tuple[Mailbox, int], caplog: pytest.LogCaptureFixture
) -> None:
    queue("broken")
    queue("obsolete")
    queue(to="no address at all")
    queue()
    assert deliver(server[1]) == 1
    assert "letter not sent" in caplog.text
    assert {row.kind: row.status for row in MailOutbox.select() if row.kind != "hello"} == {
        "broken": "queued", "obsolete": "expired",
    }  # fmt: skip


def test_unavailable_server_costs_no_attempt(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    queue()
    assert deliver(pick_port()) == 0
    assert "mail server unavailable" in caplog.text
    row = MailOutbox.get()
    assert (row.status, row.attempts) == ("queued", 0)


def test_broken_connection_is_resumed(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    queue(to="first@example.com")
    queue(to="second@example.com")
    mailbox.answers = ["250 OK", "hang up"]
    assert deliver(port) == 1
    assert MailOutbox.get(MailOutbox.to_address == "second@example.com").attempts == 1
    due_again()
    assert deliver(port) == 1
    assert mailbox.recipients == ["first@example.com", "second@example.com"]


def test_poison_letters_stop_no_other_letter() -> None:
    poison = {
        "олена@example.com": "dead",
        "first@пошта.укр": "sent",
        "broken@@example.com": "queued",
        "hang@example.com": "queued",
        "closing@example.com": "queued",
        "binary@example.com": "dead",
    }
    for address in [*poison, "last@example.com"]:
        queue(to=address)
    with smtp_server(enable_SMTPUTF8=False) as (mailbox, port):
        mailbox.answers = ["250 OK", "hang up", "421 closing", "550 \x00\x01"]
        assert deliver(port) == 2
    assert mailbox.recipients == ["first@xn--80a1acn3a.xn--j1amh", "last@example.com"]
    rows = {row.to_address: row for row in MailOutbox.select()}
    assert {address: rows[address].status for address in poison} == poison
    assert all(rows[address].last_error for address, status in poison.items() if status != "sent")
    assert all(row.attempts == 1 for row in rows.values())


def test_server_with_smtputf8_receives_every_address(server: tuple[Mailbox, int]) -> None:
    queue(to="олена@пошта.укр")
    assert deliver(server[1]) == 1
    assert server[0].recipients == ["олена@xn--80a1acn3a.xn--j1amh"]


def test_server_that_breaks_every_connection_ends_the_round(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    for number in range(30):
        queue(to=f"u{number}@example.com")
    mailbox.answers = ["hang up"] * 30
    assert deliver(port) == 0
    assert MailOutbox.select().where(MailOutbox.attempts == 1).count() == 20


def test_crash_after_sending_keeps_the_message_id(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    queue()
    deliver(port)
    query("UPDATE mail_outbox SET status = 'queued', sent_at = NULL, next_attempt_at = now()")
    deliver(port)
    assert len({letter["Message-ID"] for letter in mailbox.letters}) == 1
    assert len(mailbox.letters) == 2


def test_expired_letter_is_not_sent(server: tuple[Mailbox, int]) -> None:
    queue()
    query("UPDATE mail_outbox SET expires_at = now() - interval '1 minute'")
    assert deliver(server[1]) == 0
    assert MailOutbox.get().status == "expired"
    assert not server[0].letters


def test_letters_expire_without_a_server() -> None:
    queue(lifetime=timedelta(minutes=5))
    assert deliver_mail(NoTransport(), compose, SENDER, ACTOR) == 0
    assert MailOutbox.get().status == "queued"
    query("UPDATE mail_outbox SET expires_at = now()")
    deliver_mail(NoTransport(), compose, SENDER, ACTOR)
    assert MailOutbox.get().status == "expired"


def test_run_sends_at_most_its_limit(server: tuple[Mailbox, int]) -> None:
    for _ in range(5):
        queue()
    assert deliver(server[1], limit=3) == 3
    assert deliver(server[1]) == 2, "the rest is sent by the next run"


def test_old_letters_are_pruned_and_queued_ones_kept(server: tuple[Mailbox, int]) -> None:
    make_user()
    queue()
    deliver(server[1])
    queue()
    query("UPDATE mail_outbox SET created_at = now() - interval '31 days'")
    assert prune_letters(30) == 1
    assert MailOutbox.get().status == "queued"

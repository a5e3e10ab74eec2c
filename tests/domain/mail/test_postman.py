"""Carrying a letter to a real SMTP server: TLS, sign-in, and what its refusals mean."""

from __future__ import annotations

from email.message import EmailMessage
from urllib.parse import quote

import pytest

from portal.dev.processes import pick_port
from portal.mail import Letter, MailAway, MailRefused, Postman, address_of, as_message
from tests.support.smtp import PASSWORD, USER, accept_login, smtp_server
from tests.support.tls_proxy import tls_contexts

LETTER = Letter(
    "Винагороду надіслано\nBcc: victim@example.com",
    "Вітаємо!\n\nhttp://localhost/uk/x\n",
    "<p>Вітаємо!</p>",
    "http://localhost/mail/unsubscribe/abc",
)


def message(to: str = "olena@example.com") -> EmailMessage:
    return as_message(LETTER, to, "portal@shop.example", "Löwen & Söhne", "letter.7.1")


def test_a_letter_arrives_whole() -> None:
    with smtp_server() as (mailbox, port), Postman(address_of(f"smtp+plain://127.0.0.1:{port}")) as postman:
        postman.send(message())
        postman.send(message("second@example.com"))
    first, second = mailbox.letters
    assert mailbox.recipients == ["olena@example.com", "second@example.com"]
    assert first["From"] == "Löwen & Söhne <portal@shop.example>"
    assert first["Subject"] == "Винагороду надіслано Bcc: victim@example.com"
    assert first["Bcc"] is None
    assert first["Message-ID"] == "<letter.7.1@shop.example>"
    assert first["List-Unsubscribe"] == "<http://localhost/mail/unsubscribe/abc>"
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert first["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in first.walk()][1:] == ["text/plain", "text/html"]
    plain = first.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == LETTER.text.splitlines()
    assert second["To"] == "second@example.com"


@pytest.mark.parametrize(
    "address", ["a@example.com\r\nBcc: victim@example.com", "a@example.com\nX: y", "a b@x.y"]
)
def test_an_address_cannot_add_a_header(address: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        message(address)


def test_it_speaks_starttls_and_signs_in() -> None:
    server, client = tls_contexts()
    options = {
        "tls_context": server,
        "require_starttls": True,
        "authenticator": accept_login,
        "auth_required": True,
    }
    with smtp_server(**options) as (mailbox, port):
        url = f"smtp://{USER}:{quote(PASSWORD, safe='')}@localhost:{port}"
        with Postman(address_of(url), client) as postman:
            postman.send(message())
        with pytest.raises(MailAway), Postman(address_of(url.replace(USER, "somebody", 1)), client):
            pass
    assert len(mailbox.letters) == 1


def test_a_server_without_tls_is_not_trusted_with_anything() -> None:
    with smtp_server() as (mailbox, port), pytest.raises(MailAway):
        Postman(address_of(f"smtp://127.0.0.1:{port}")).__enter__()
    assert not mailbox.letters


def test_a_certificate_nobody_vouches_for_is_refused() -> None:
    server, _client = tls_contexts()
    with smtp_server(tls_context=server) as (mailbox, port), pytest.raises(MailAway):
        Postman(address_of(f"smtp://localhost:{port}")).__enter__()
    assert not mailbox.letters


def test_it_speaks_tls_from_the_start() -> None:
    server, client = tls_contexts()
    with (
        smtp_server(ssl_context=server) as (mailbox, port),
        Postman(address_of(f"smtps://localhost:{port}"), client) as postman,
    ):
        postman.send(message())
    assert len(mailbox.letters) == 1


@pytest.mark.parametrize(("answer", "for_good"), [("550 no such mailbox", True), ("451 greylisted", False)])
def test_a_refusal_says_whether_it_is_for_good(answer: str, for_good: bool) -> None:
    with smtp_server() as (mailbox, port), Postman(address_of(f"smtp+plain://127.0.0.1:{port}")) as postman:
        mailbox.rcpt_answers = [answer]
        with pytest.raises(MailRefused) as by_recipient:
            postman.send(message())
        mailbox.answers = [answer]
        with pytest.raises(MailRefused) as by_content:
            postman.send(message())
        postman.send(message())
    for error in (by_recipient.value, by_content.value):
        assert error.for_good is for_good
        assert answer in str(error)
    assert len(mailbox.letters) == 1


def test_nobody_at_home_is_away() -> None:
    with pytest.raises(MailAway):
        Postman(address_of(f"smtp+plain://127.0.0.1:{pick_port()}")).__enter__()


@pytest.mark.parametrize("url", ["http://host", "smtp://", "host:25", "smtps:host"])
def test_what_is_no_servers_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtps://"):
        address_of(url)


def test_an_address_has_the_usual_port_and_a_decoded_password() -> None:
    parts = address_of("smtps://me%40shop:p%2Fw@mail.example")
    assert (parts.port, parts.user, parts.password) == (465, "me@shop", "p/w")
    assert address_of("smtp://mail.example").port == 587

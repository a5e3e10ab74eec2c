"""Sending messages to a real SMTP server: TLS, authentication, permanent and temporary refusals."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import quote

import pytest

from portal.dev.processes import pick_port
from portal.mail import Letter, MailRefused, MailTransport, MailUnavailable, as_message, parse_server_url
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


def test_message_arrives_complete() -> None:
    with (
        smtp_server() as (mailbox, port),
        MailTransport(parse_server_url(f"smtp+plain://127.0.0.1:{port}")) as transport,
    ):
        transport.send(message())
        transport.send(message("second@example.com"))
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
    "brand", ["Ring Referrals", "Крамниця Карпати", "Café Карпати Ltd", "A — B", "茶 " * 30]
)
@pytest.mark.parametrize(
    "event", ["Two-factor authentication was turned on for your account", "Оплачено", "Paid"]
)
def test_subject_keeps_its_spaces(event: str, brand: str) -> None:
    subject = f"{event} · {brand.strip()}"
    sent = as_message(replace(LETTER, subject=subject), "a@b.example", "c@d.example", brand, "1").as_bytes()
    assert message_from_bytes(sent, policy=SMTP)["Subject"] == subject
    assert max(map(len, sent.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "address", ["a@example.com\r\nBcc: victim@example.com", "a@example.com\nX: y", "a b@x.y"]
)
def test_address_cannot_add_header(address: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        message(address)


def test_starttls_and_sign_in() -> None:
    server, client = tls_contexts()
    options = {
        "tls_context": server,
        "require_starttls": True,
        "authenticator": accept_login,
        "auth_required": True,
    }
    with smtp_server(**options) as (mailbox, port):
        url = f"smtp://{USER}:{quote(PASSWORD, safe='')}@localhost:{port}"
        with MailTransport(parse_server_url(url), client) as transport:
            transport.send(message())
        with (
            pytest.raises(MailUnavailable),
            MailTransport(parse_server_url(url.replace(USER, "stranger", 1)), client),
        ):
            pass
    assert len(mailbox.letters) == 1


def test_server_without_tls_is_refused() -> None:
    with smtp_server() as (mailbox, port), pytest.raises(MailUnavailable):
        MailTransport(parse_server_url(f"smtp://127.0.0.1:{port}")).__enter__()
    assert not mailbox.letters


def test_untrusted_certificate_is_refused() -> None:
    server, _client = tls_contexts()
    with smtp_server(tls_context=server) as (mailbox, port), pytest.raises(MailUnavailable):
        MailTransport(parse_server_url(f"smtp://localhost:{port}")).__enter__()
    assert not mailbox.letters


def test_tls_from_the_start() -> None:
    server, client = tls_contexts()
    with (
        smtp_server(ssl_context=server) as (mailbox, port),
        MailTransport(parse_server_url(f"smtps://localhost:{port}"), client) as transport,
    ):
        transport.send(message())
    assert len(mailbox.letters) == 1


@pytest.mark.parametrize(
    ("answer", "is_permanent"), [("550 no such mailbox", True), ("451 greylisted", False)]
)
def test_refusal_is_permanent_or_temporary(answer: str, is_permanent: bool) -> None:
    with (
        smtp_server() as (mailbox, port),
        MailTransport(parse_server_url(f"smtp+plain://127.0.0.1:{port}")) as transport,
    ):
        mailbox.rcpt_answers = [answer]
        with pytest.raises(MailRefused) as by_recipient:
            transport.send(message())
        mailbox.answers = [answer]
        with pytest.raises(MailRefused) as by_content:
            transport.send(message())
        transport.send(message())
    for error in (by_recipient.value, by_content.value):
        assert error.is_permanent is is_permanent
        assert answer in str(error)
    assert len(mailbox.letters) == 1


def test_closed_port_is_unavailable() -> None:
    with pytest.raises(MailUnavailable):
        MailTransport(parse_server_url(f"smtp+plain://127.0.0.1:{pick_port()}")).__enter__()


@pytest.mark.parametrize("url", ["http://host", "smtp://", "host:25", "smtps:host"])
def test_invalid_server_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtps://"):
        parse_server_url(url)


def test_server_url_has_default_port_and_decoded_password() -> None:
    parts = parse_server_url("smtps://me%40shop:p%2Fw@mail.example")
    assert (parts.port, parts.user, parts.password) == (465, "me@shop", "p/w")
    assert parse_server_url("smtp://mail.example").port == 587

"""The sign-in message, parsed with the grammar of EIP-4361."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from portal.accounts.rules import CHALLENGE_LIFETIME, STATEMENTS, SignInMessage, domain_of

ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"
ISSUED = datetime(2026, 11, 21, 10, 20, 30, 45_000, tzinfo=UTC)
MESSAGE = SignInMessage(
    app_url="https://shop.example",
    address=ADDRESS,
    statement=STATEMENTS["link"],
    chain_id=137,
    nonce="aB3dE6gHaB3dE6gHaB3dE6",
    issued_at=ISSUED,
    expires_at=ISSUED + CHALLENGE_LIFETIME,
)
# The grammar: https://eips.ethereum.org/EIPS/eip-4361#message-format
_RESERVED = r":/?#\[\]@!$&'()*+,;="
_CHARACTER = rf"[A-Za-z0-9\-._~{_RESERVED}]"
_DATE_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
GRAMMAR = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+\-.]*)://)?"
    r"(?P<domain>[A-Za-z0-9\-._~!$&'()*+,;=:\[\]@%]+) wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9A-Fa-f]{40})\n"
    r"\n"
    rf"(?:(?P<statement>(?:{_CHARACTER}| )+)\n)?"
    r"\n"
    rf"URI: (?P<uri>[A-Za-z][A-Za-z0-9+\-.]*:(?:{_CHARACTER}|%[0-9A-Fa-f]{{2}})+)\n"
    r"Version: (?P<version>1)\n"
    r"Chain ID: (?P<chain_id>[0-9]+)\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,})\n"
    rf"Issued At: (?P<issued_at>{_DATE_TIME})"
    rf"(?:\nExpiration Time: (?P<expiration_time>{_DATE_TIME}))?"
    rf"(?:\nNot Before: (?P<not_before>{_DATE_TIME}))?"
    rf"(?:\nRequest ID: (?P<request_id>(?:{_CHARACTER})*))?"
    r"(?:\nResources:(?P<resources>(?:\n- .+)*))?"
)


def parsed(message: SignInMessage) -> dict[str, str | None]:
    match = GRAMMAR.fullmatch(str(message))
    assert match, str(message)
    return match.groupdict()


def test_text_matches_the_standard() -> None:
    assert str(MESSAGE) == (
        "shop.example wants you to sign in with your Ethereum account:\n"
        "0x52908400098527886E0F7030069857D2E4169EE7\n"
        "\n"
        "Link this wallet to my account. This costs nothing and sends no transaction.\n"
        "\n"
        "URI: https://shop.example\n"
        "Version: 1\n"
        "Chain ID: 137\n"
        "Nonce: aB3dE6gHaB3dE6gHaB3dE6\n"
        "Issued At: 2026-11-21T10:20:30.045Z\n"
        "Expiration Time: 2026-11-21T10:30:30.045Z"
    )


@pytest.mark.parametrize("purpose", ["link", "sign_in"])
def test_grammar_parses_every_field(purpose: str) -> None:
    fields = parsed(replace(MESSAGE, statement=STATEMENTS[purpose]))
    assert fields == {
        "scheme": None,
        "domain": "shop.example",
        "address": ADDRESS,
        "statement": STATEMENTS[purpose],
        "uri": "https://shop.example",
        "version": "1",
        "chain_id": "137",
        "nonce": MESSAGE.nonce,
        "issued_at": "2026-11-21T10:20:30.045Z",
        "expiration_time": "2026-11-21T10:30:30.045Z",
        "not_before": None,
        "request_id": None,
        "resources": None,
    }


@pytest.mark.parametrize(
    ("app_url", "domain"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("https://shop.example/portal", "shop.example"),
        ("https://shop.example:8443", "shop.example:8443"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://operator@shop.example", "shop.example"),
    ],
)
def test_domain_is_the_host_wallets_compare(app_url: str, domain: str) -> None:
    assert domain_of(app_url) == domain
    assert parsed(replace(MESSAGE, app_url=app_url))["domain"] == domain


@pytest.mark.parametrize(
    "statement",
    ["Прив'язати гаманець.", "Привязать кошелёк.", "two\nlines", "", 'a "quote"', "100%", "a–b", "tab\t"],
)
def test_invalid_statement_is_refused(statement: str) -> None:
    with pytest.raises(ValueError, match="EIP-4361"):
        str(replace(MESSAGE, statement=statement))


def test_cyrillic_statement_does_not_match_the_grammar() -> None:
    text = str(MESSAGE).replace(MESSAGE.statement, "Прив'язати цей гаманець.")
    assert not GRAMMAR.fullmatch(text)


def test_times_are_in_utc() -> None:
    kyiv = timezone(timedelta(hours=2))
    message = replace(MESSAGE, issued_at=ISSUED.astimezone(kyiv))
    assert str(message) == str(MESSAGE)

"""Requests that link and unlink a wallet."""

from __future__ import annotations

from tests.support.wallets import TestWallet
from tests.web.visitor import Visitor

CHALLENGE, LINK = "/api/account/wallets/challenge", "/api/account/wallets"


def request_challenge(browser: Visitor, address: str) -> str:
    answer = browser.send(CHALLENGE, {"address": address})
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["message"])


def link(browser: Visitor, wallet: TestWallet, address: str | None = None, signature: str | None = None):
    """Send a proof; without a signature, request and sign a challenge first."""
    address = address or wallet.address
    if signature is None:
        signature = wallet.sign(request_challenge(browser, address))
    return browser.send(LINK, {"address": address, "signature": signature})


def unlink(browser: Visitor, wallet: TestWallet):
    return browser.send(f"{LINK}/{wallet.address}", method="DELETE")

"""What the stand-in sends: genuinely signed callbacks, and on request every way a provider or a forger misbehaves."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from portal.logs import get_logger
from portal.payments.providers.wayforpay.messages import sign_callback

log = get_logger(__name__)

MOST_COPIES = 5
MOST_DELAY_SECONDS = 300
_TIMEOUT_SECONDS = 20
OUTCOMES = {
    "pay": ("Approved", "1100", "541963", "41****8217"),
    "decline": ("Declined", "1101", "", ""),
    "pending": ("Pending", "1134", "", "41****8217"),
    "expire": ("Expired", "1124", "", ""),
    "refund": ("Refunded", "1100", "541963", "41****8217"),
}


@dataclass(frozen=True)
class Wishes:
    """How to behave: copies of the genuine callback, seconds to wait, and what to send besides."""

    copies: int = 1
    delay_seconds: int = 0
    refund_amount: str = ""
    reorder: bool = False
    forge: bool = False
    wrong_amount: bool = False
    wrong_currency: bool = False
    unknown_reference: bool = False


@dataclass(frozen=True)
class Delivery:
    """One callback as it was sent and what the portal answered."""

    label: str
    status: int
    answer: str


def read_wishes(form: Mapping[str, str]) -> Wishes:
    """Read a form's wishes; numbers that make no sense are the ordinary ones."""
    return Wishes(
        copies=_number(form, "standInCopies", 1, MOST_COPIES),
        delay_seconds=_number(form, "standInDelay", 0, MOST_DELAY_SECONDS),
        refund_amount=form.get("standInRefundAmount", ""),
        reorder="standInReorder" in form,
        forge="standInForge" in form,
        wrong_amount="standInWrongAmount" in form,
        wrong_currency="standInWrongCurrency" in form,
        unknown_reference="standInUnknownReference" in form,
    )


def make_callbacks(
    secret: str, outcome: str, one: Mapping[str, str], wishes: Wishes
) -> list[tuple[str, dict[str, object]]]:
    """Return the callbacks to send about a purchase, each with a label: the bad ones first, the late one last."""
    genuine = _callback(secret, outcome, one, wishes)
    other_currency = "EUR" if one["currency"] == "USD" else "USD"
    # Larger than the payment: a smaller amount would be a good refund.
    wrong_amount = _callback(secret, outcome, {**one, "amount": f"9{one['amount']}"}, Wishes())
    wrong_currency = _callback(secret, outcome, {**one, "currency": other_currency}, wishes)
    unknown = _callback(secret, outcome, {**one, "orderReference": one["orderReference"] + "0"}, wishes)
    bad = [
        (wishes.unknown_reference, "unknown reference", unknown),
        (wishes.wrong_currency, "wrong currency", wrong_currency),
        (wishes.wrong_amount, "wrong amount", wrong_amount),
        (wishes.forge, "forged signature", {**genuine, "merchantSignature": "0" * 32}),
    ]
    sent = [(label, body) for wanted, label, body in bad if wanted]
    sent += [(str(genuine["transactionStatus"]), genuine)] * wishes.copies
    if wishes.reorder:
        late = "pay" if outcome == "refund" else "pending"
        sent.append((OUTCOMES[late][0], _callback(secret, late, one, wishes)))
    return sent


def send_callbacks(
    url: str, callbacks: list[tuple[str, dict[str, object]]], wishes: Wishes
) -> list[Delivery]:
    """Send callbacks one after the other, or leave them to a timer of this process, which a restart forgets."""
    if not wishes.delay_seconds:
        return [_deliver(url, label, body) for label, body in callbacks]
    later = threading.Timer(wishes.delay_seconds, _send_late, args=[url, callbacks])
    later.daemon = True
    later.start()
    return [Delivery(label, 0, "") for label, _ in callbacks]


def _send_late(url: str, callbacks: list[tuple[str, dict[str, object]]]) -> None:
    for label, body in callbacks:
        told = _deliver(url, label, body)
        log.info("late callback sent", label=told.label, status=told.status, answer=told.answer[:200])


def _callback(secret: str, outcome: str, one: Mapping[str, str], wishes: Wishes) -> dict[str, object]:
    status, code, auth_code, card = OUTCOMES[outcome]
    fields: dict[str, object] = {
        "merchantAccount": one["merchantAccount"],
        "orderReference": one["orderReference"],
        "amount": (outcome == "refund" and wishes.refund_amount) or one["amount"],
        "currency": one["currency"],
        "authCode": auth_code,
        "cardPan": card,
        "transactionStatus": status,
        "reasonCode": code,
        "reason": "Ok" if code == "1100" else status,
    }
    return sign_callback(secret, fields)


def _deliver(url: str, label: str, body: dict[str, object]) -> Delivery:
    # The provider labels its JSON as a form.
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    call = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - our own APP_URL
    try:
        with urllib.request.urlopen(call, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return Delivery(label, answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Delivery(label, error.code, error.read().decode())
    except OSError as error:
        log.warning("portal unreachable from the stand-in", error=str(error))
        return Delivery(label, 0, str(error))


def _number(form: Mapping[str, str], name: str, default: int, at_most: int) -> int:
    text = form.get(name, "")
    return min(int(text), at_most) if text.isascii() and text.isdecimal() and len(text) < 10 else default

"""Decide whether a purchase is attributed, with a trace of the decision. See docs/rules/attribution.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from portal.lib.ids import CODE_ALPHABET
from portal.lib.texts import identifier_form

CodeSource = Literal["cookie", "account", "entered", "coupon"]
CodeState = Literal["active", "inactive", "owner_disabled"]

CODE_LENGTH = 8
# No reason to refuse a referral, but a risk hint of its reward.
SAME_MAILBOX = "same_mailbox"
CODE_PATTERN = re.compile(f"[{CODE_ALPHABET}]{{{CODE_LENGTH}}}")
# Characters that messengers and people leave around a code in a link: quotes, full stops, spaces, a second query.
_LINKED_CODE = re.compile(rf"[\W_]*({CODE_PATTERN.pattern})(?:[\W_]*|[?&#].*)", re.DOTALL)
_LINKED_NAME = re.compile(
    r"[\W_]*([A-Za-z0-9](?:[A-Za-z0-9-]{1,22}[A-Za-z0-9]))(?:[\W_]*|[?&#].*)", re.DOTALL
)


class Guard(StrEnum):
    """The guards in the order they run."""

    CODE_KNOWN = "code_known"
    NOT_SELF = "not_self"
    NO_WALLET_OVERLAP = "no_wallet_overlap"
    FIRST_PURCHASE = "first_purchase"


class Reason(StrEnum):
    """Why a referral does not apply: `referralReason` of the order."""

    NO_CODE = "no_code"
    UNKNOWN_CODE = "unknown_code"
    SELF_REFERRAL = "self_referral"
    WALLET_OVERLAP = "wallet_overlap"
    NOT_FIRST_PURCHASE = "not_first_purchase"


@dataclass(frozen=True)
class AttributionFacts:
    """The input of the guards, read from the database in one place.

    `code` is the text as it was received; `code_state` is None when no such code is stored; `buyer_user_id` is None
    when the buyer has no account here. `is_known_buyer` is False where nothing links the buyer to other orders, and
    `is_same_mailbox` is whether a store's buyer reads the mailbox of the referrer.
    """

    code: str | None
    code_source: CodeSource | None
    code_state: CodeState | None
    referrer_user_id: int | None
    referrer_wallet: str | None
    buyer_user_id: int | None
    buyer_wallets: frozenset[str]
    has_earlier_paid_order: bool
    is_known_buyer: bool = True
    is_same_mailbox: bool = False


@dataclass(frozen=True)
class GuardResult:
    """The result of one guard.

    `detail` of code_known is active, absent, malformed, unknown, inactive or owner_disabled, and `source` is a
    CodeSource; `detail` of first_purchase is customer_unknown where the buyer's other orders cannot be found, and that
    of not_self is SAME_MAILBOX where the buyer may still be the referrer. Otherwise both are None.
    """

    guard: str
    passed: bool
    reason: str | None = None
    detail: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Decision:
    """Whether the referral applies, the reason if it does not, and the guards that ran."""

    applied: bool
    reason: str | None
    trace: tuple[GuardResult, ...]


def is_well_formed_code(text: str) -> bool:
    """Return whether a text is 8 characters of the code alphabet, case-sensitive. See docs/rules/codes.md."""
    return CODE_PATTERN.fullmatch(text) is not None


def code_in_link(values: Iterable[str]) -> str | None:
    """Return the code of a link: the first of its `ref` values that is one, without stray characters around it.

    Letters are never guessed: 0 for o or l for i would credit another referrer.
    """
    matches = (_LINKED_CODE.fullmatch(value) for value in values)
    return next((match[1] for match in matches if match), None)


def name_in_link(value: str) -> str | None:
    """Return the code or alias in a `ref` value of a link, without stray characters around it, or None."""
    match = _LINKED_NAME.fullmatch(value)
    return match[1] if match else None


def tidy_typed_code(text: str) -> str:
    """Return a typed code without the spaces and hyphens that separate groups of letters."""
    return identifier_form(text).replace("-", "")


def choose_code(
    cookie: str | None, account_code: str | None, *, account_fallback: bool, entered: str | None = None
) -> tuple[str | None, CodeSource | None]:
    """Return the code to decide about and its source: the cookie's, else the account's when the setting allows.

    A code entered at checkout comes first: it was accepted only because no first touch applied then.
    """
    if entered:
        return entered, "entered"
    if cookie:
        return cookie, "cookie"
    if account_code and account_fallback:
        return account_code, "account"
    return None, None


def run_guards(facts: AttributionFacts) -> Decision:
    """Return the decision of the guards; the first that fails decides and later ones do not run."""
    trace: list[GuardResult] = []
    for guard in _GUARDS:
        result = guard(facts)
        trace.append(result)
        if not result.passed:
            return Decision(False, result.reason, tuple(trace))
    return Decision(True, None, tuple(trace))


def trace_as_json(decision: Decision) -> list[dict[str, object]]:
    """Return the trace as stored in `orders.referral_trace`: one object per guard that ran."""
    return [
        {
            "guard": result.guard,
            "passed": result.passed,
            "reason": result.reason,
            "detail": result.detail,
            "source": result.source,
        }
        for result in decision.trace
    ]


def _code_known(facts: AttributionFacts) -> GuardResult:
    detail = _code_detail(facts)
    if detail == "absent":
        return GuardResult(Guard.CODE_KNOWN.value, False, Reason.NO_CODE.value, detail)
    passed = detail == "active"
    reason = None if passed else Reason.UNKNOWN_CODE.value
    return GuardResult(Guard.CODE_KNOWN.value, passed, reason, detail, facts.code_source)


def _code_detail(facts: AttributionFacts) -> str:
    if not facts.code:
        return "absent"
    if not is_well_formed_code(facts.code):
        return "malformed"
    return facts.code_state or "unknown"


def _not_self(facts: AttributionFacts) -> GuardResult:
    is_self = facts.referrer_user_id is not None and facts.referrer_user_id == facts.buyer_user_id
    result = _result(Guard.NOT_SELF, not is_self, Reason.SELF_REFERRAL)
    return replace(result, detail=SAME_MAILBOX) if result.passed and facts.is_same_mailbox else result


def _no_wallet_overlap(facts: AttributionFacts) -> GuardResult:
    # Addresses are stored in one form, yet a difference in letter case must never pass this guard.
    owned = {wallet.lower() for wallet in facts.buyer_wallets}
    overlaps = facts.referrer_wallet is not None and facts.referrer_wallet.lower() in owned
    return _result(Guard.NO_WALLET_OVERLAP, not overlaps, Reason.WALLET_OVERLAP)


def _first_purchase(facts: AttributionFacts) -> GuardResult:
    result = _result(Guard.FIRST_PURCHASE, not facts.has_earlier_paid_order, Reason.NOT_FIRST_PURCHASE)
    return result if facts.is_known_buyer else replace(result, detail="customer_unknown")


def _result(guard: Guard, passed: bool, reason: Reason) -> GuardResult:
    return GuardResult(guard.value, passed, None if passed else reason.value)


_GUARDS: tuple[Callable[[AttributionFacts], GuardResult], ...] = (
    _code_known,
    _not_self,
    _no_wallet_overlap,
    _first_purchase,
)

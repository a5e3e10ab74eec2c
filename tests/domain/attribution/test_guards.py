"""The attribution guards and their trace. See docs/rules/attribution.md."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.attribution.rules import (
    AttributionFacts,
    CodeSource,
    Guard,
    choose_code,
    is_well_formed_code,
    run_guards,
    trace_as_json,
)
from portal.lib.ids import CODE_ALPHABET, random_text

CODE = "Ab2Cd3Ef"
REFERRER_WALLET = "0x" + "ab" * 20
GOOD = AttributionFacts(
    code=CODE,
    code_source="cookie",
    code_state="active",
    referrer_user_id=1,
    referrer_wallet=REFERRER_WALLET,
    buyer_user_id=2,
    buyer_wallets=frozenset({"0x" + "cd" * 20}),
    has_earlier_paid_order=False,
)

facts = st.builds(
    AttributionFacts,
    code=st.sampled_from([None, "", "short", CODE]),
    code_source=st.sampled_from(["cookie", "account"]),
    code_state=st.sampled_from(["active", "inactive", None]),
    referrer_user_id=st.sampled_from([None, 1]),
    referrer_wallet=st.sampled_from([None, REFERRER_WALLET]),
    buyer_user_id=st.sampled_from([None, 1, 2]),
    buyer_wallets=st.sampled_from([frozenset[str](), frozenset({REFERRER_WALLET})]),
    has_earlier_paid_order=st.booleans(),
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ab2Cd3E",
        "Ab2Cd3Efg",
        "Ab2Cd3E0",
        "Ab2Cd3E1",
        "Ab2Cd3EI",
        "Ab2Cd3EO",
        "Ab2Cd3El",
        "Ab2Cd3E ",
        "Ab2Cd3Ef\n",
        "Ab2Cd3Eї",
        "Ab2Cd3E-",
    ],
)
def test_malformed_code_is_rejected(text: str) -> None:
    assert not is_well_formed_code(text)


def test_issued_codes_are_well_formed() -> None:
    assert len(CODE_ALPHABET) == 57
    assert all(is_well_formed_code(random_text(8)) for _ in range(200))
    assert all(is_well_formed_code(character * 8) for character in CODE_ALPHABET)


@given(st.text())
def test_well_formed_code_is_eight_letters_of_the_alphabet(text: str) -> None:
    assert is_well_formed_code(text) == (len(text) == 8 and set(text) <= set(CODE_ALPHABET))


@pytest.mark.parametrize(
    ("cookie", "account", "fallback", "expected"),
    [
        (CODE, None, True, (CODE, "cookie")),
        (CODE, "Zz9Zz9Zz", True, (CODE, "cookie")),
        (None, "Zz9Zz9Zz", True, ("Zz9Zz9Zz", "account")),
        ("", "Zz9Zz9Zz", True, ("Zz9Zz9Zz", "account")),
        (None, "Zz9Zz9Zz", False, (None, None)),
        (None, None, True, (None, None)),
    ],
)
def test_cookie_comes_before_account(
    cookie: str | None, account: str | None, fallback: bool, expected: tuple[str | None, CodeSource | None]
) -> None:
    assert choose_code(cookie, account, account_fallback=fallback) == expected


def test_first_purchase_is_attributed() -> None:
    decision = run_guards(GOOD)
    assert decision.applied
    assert decision.reason is None
    assert [result.guard for result in decision.trace] == [guard.value for guard in Guard]
    assert all(result.passed for result in decision.trace)


@pytest.mark.parametrize(
    ("changed", "reason", "ran", "detail"),
    [
        (replace(GOOD, code=None, code_source=None), "no_code", 1, "absent"),
        (replace(GOOD, code=""), "no_code", 1, "absent"),
        (replace(GOOD, code="short"), "unknown_code", 1, "malformed"),
        (replace(GOOD, code="short", code_state=None), "unknown_code", 1, "malformed"),
        (replace(GOOD, code_state=None), "unknown_code", 1, "unknown"),
        (replace(GOOD, code_state="inactive"), "unknown_code", 1, "inactive"),
        (replace(GOOD, buyer_user_id=1), "self_referral", 2, None),
        (replace(GOOD, buyer_wallets=frozenset({REFERRER_WALLET})), "wallet_overlap", 3, None),
        (replace(GOOD, referrer_wallet="0x" + "CD" * 20), "wallet_overlap", 3, None),
        (replace(GOOD, has_earlier_paid_order=True), "not_first_purchase", 4, None),
        # The first guard that fails decides.
        (replace(GOOD, code=None, buyer_user_id=1, has_earlier_paid_order=True), "no_code", 1, "absent"),
        (replace(GOOD, buyer_user_id=1, has_earlier_paid_order=True), "self_referral", 2, None),
        (
            replace(GOOD, buyer_wallets=frozenset({REFERRER_WALLET}), has_earlier_paid_order=True),
            "wallet_overlap",
            3,
            None,
        ),
    ],
)
def test_first_failing_guard_decides(
    changed: AttributionFacts, reason: str, ran: int, detail: str | None
) -> None:
    decision = run_guards(changed)
    assert (decision.applied, decision.reason, len(decision.trace)) == (False, reason, ran)
    last = decision.trace[-1]
    assert (last.passed, last.reason, last.detail) == (False, reason, detail)


@given(facts)
def test_trace_explains_decision(given_facts: AttributionFacts) -> None:
    decision = run_guards(given_facts)
    assert [result.guard for result in decision.trace] == [guard.value for guard in Guard][
        : len(decision.trace)
    ]
    assert all(result.passed and result.reason is None for result in decision.trace[:-1])
    assert decision.applied == decision.trace[-1].passed
    assert decision.reason == decision.trace[-1].reason
    assert decision.applied == (decision.reason is None)


@given(facts)
def test_own_purchase_is_never_attributed(given_facts: AttributionFacts) -> None:
    own = (
        given_facts.referrer_user_id is not None and given_facts.referrer_user_id == given_facts.buyer_user_id
    )
    own = own or given_facts.referrer_wallet in given_facts.buyer_wallets
    assert not (own and run_guards(given_facts).applied)


@pytest.mark.parametrize("source", ["cookie", "account"])
def test_trace_names_source_of_code(source: CodeSource) -> None:
    trace = trace_as_json(run_guards(replace(GOOD, code_source=source, buyer_user_id=1)))
    assert json.loads(json.dumps(trace)) == [
        {"guard": "code_known", "passed": True, "reason": None, "detail": "active", "source": source},
        {"guard": "not_self", "passed": False, "reason": "self_referral", "detail": None, "source": None},
    ]

"""Order references and membership prices. See docs/rules/payments.md."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.payments.membership import MEMBERSHIP_PRICES_MINOR, TierUnknown, membership_price_minor
from portal.payments.references import (
    ReferenceInvalid,
    build_membership_reference,
    build_order_reference,
    build_statement_reference,
    parse_reference,
)

ids = st.text(alphabet=string.ascii_letters + string.digits + "_.:@-", min_size=1, max_size=128)
tricky_ids = st.lists(st.sampled_from(["store", "membership", "0", "17", ""]), min_size=1, max_size=5).map(
    "_".join
)
times = st.integers(min_value=0, max_value=10**16 - 1)


@pytest.mark.parametrize(
    ("text", "purpose", "entity_id", "milliseconds"),
    [
        ("store_A1_1700000000000", "store_order", "A1", 1700000000000),
        ("store_ord_2024_17_1700000000000", "store_order", "ord_2024_17", 1700000000000),
        ("store_store_1_2_3", "store_order", "store_1_2", 3),
        ("store___0", "store_order", "_", 0),
        ("membership_42_1700000000000", "membership_upgrade", "42", 1700000000000),
        ("membership_user_7_8_9", "membership_upgrade", "user_7_8", 9),
    ],
)
def test_parse_reference(text: str, purpose: str, entity_id: str, milliseconds: int) -> None:
    parsed = parse_reference(text)
    assert (parsed.purpose, parsed.entity_id, parsed.milliseconds) == (purpose, entity_id, milliseconds)


@given(st.one_of(ids, tricky_ids), times)
def test_order_reference_round_trips(order_id: str, moment: int) -> None:
    try:
        text = build_order_reference(order_id, moment)
    except ReferenceInvalid:
        assert order_id == ""
        return
    parsed = parse_reference(text)
    assert (parsed.purpose, parsed.entity_id, parsed.milliseconds) == ("store_order", order_id, moment)


@given(st.one_of(st.integers(min_value=1), ids), times)
def test_membership_reference_round_trips(user_id: int | str, moment: int) -> None:
    if len(str(user_id)) > 128:
        return
    parsed = parse_reference(build_membership_reference(user_id, moment))
    assert (parsed.purpose, parsed.entity_id, parsed.milliseconds) == (
        "membership_upgrade",
        str(user_id),
        moment,
    )


@given(st.text(), times)
def test_every_built_reference_is_parsed(order_id: str, moment: int) -> None:
    try:
        text = build_order_reference(order_id, moment)
    except ReferenceInvalid:
        return
    assert parse_reference(text).entity_id == order_id


@given(st.one_of(st.text(), st.from_regex(r"(store|membership|statement)_.*_\d+", fullmatch=True)))
def test_every_parsed_reference_is_rebuilt_identically(text: str) -> None:
    try:
        parsed = parse_reference(text)
    except ReferenceInvalid:
        return
    builders = {
        "store_order": build_order_reference,
        "membership_upgrade": build_membership_reference,
        "commission_statement": build_statement_reference,
    }
    assert builders[parsed.purpose](parsed.entity_id, parsed.milliseconds) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "store_",
        "store_1",
        "store__1",
        "store_a_",
        "store_a_01",
        "store_a_-1",
        "store_a_1\n",
        " store_a_1",
        "Store_a_1",
        "order_a_1",
        "store_a;b_1",
        "store_a/b_1",
        "store_a_\u0661",
        "store_a_1" + "0" * 16,
        "AP-1749645521-4956",
    ],
)
def test_malformed_reference_is_refused(text: str) -> None:
    with pytest.raises(ReferenceInvalid):
        parse_reference(text)


@pytest.mark.parametrize(
    "order_id", ["", " ", "a b", "a;b", "a/b", "a\n", "ї", "a%20b", "a?b", "a#b", "x" * 129]
)
def test_id_with_reserved_characters_is_refused(order_id: str) -> None:
    with pytest.raises(ReferenceInvalid) as caught:
        build_order_reference(order_id, 1)
    assert caught.value.field == "entity_id"


@pytest.mark.parametrize("moment", [-1, 10**16])
def test_time_out_of_range_is_refused(moment: int) -> None:
    with pytest.raises(ReferenceInvalid) as caught:
        build_order_reference("a", moment)
    assert caught.value.field == "milliseconds"


@pytest.mark.parametrize(("tier", "minor"), [("SUBSCRIBER", 0), ("MEMBER", 29900), ("CONFIDENTIAL", 99900)])
def test_membership_prices(tier: str, minor: int) -> None:
    assert membership_price_minor(tier) == minor
    assert list(MEMBERSHIP_PRICES_MINOR) == ["SUBSCRIBER", "MEMBER", "CONFIDENTIAL"]


@pytest.mark.parametrize("tier", ["", "member", "GOLD"])
def test_unknown_tier_is_refused(tier: str) -> None:
    with pytest.raises(TierUnknown):
        membership_price_minor(tier)

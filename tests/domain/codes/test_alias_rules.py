"""What an alias may be. See docs/rules/codes.md."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.attribution.rules import code_in_link, name_in_link
from portal.codes.rules import alias_form, alias_problem, is_alias, reading_of
from portal.lib.ids import CODE_ALPHABET

BRAND = "Ring"
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"


@pytest.mark.parametrize(
    "alias",
    ["ANN", "ANNA-SHOP", "A1B", "X" * 24, "2026", "SPRING-SALE", "SALES", "MY-STORE", "ANNA10", "RINGO"],
)
def test_ordinary_names_are_permitted(alias: str) -> None:
    assert alias_problem(alias, BRAND) is None


@pytest.mark.parametrize(
    "alias",
    ["", "AN", "X" * 25, "-ANNA", "ANNA-", "AN--NA", "AN_NA", "AN.NA", "anna", "ANNA ", "АННА",
     "ANNÁ", "AN\nNA", "Ⅷ88", "---"],
)  # fmt: skip
def test_other_texts_are_malformed(alias: str) -> None:
    assert alias_problem(alias, BRAND) == "alias_malformed"


@pytest.mark.parametrize(
    "alias",
    ["ADMIN", "ADM1N", "4-ADMIN", "RING", "R1NG", "RING-SHOP", "R-I-N-G", "OFFICIAL2026", "SALE", "5ALE", "WELCOME10",
     "SUPP0RT", "ANNA-SUPPORT", "FREE-SHIPPING", "TREASURY"],
)  # fmt: skip
def test_names_that_mislead_are_reserved(alias: str) -> None:
    assert alias_problem(alias, BRAND) == "alias_reserved"


def test_brand_without_latin_letters_reserves_nothing() -> None:
    assert alias_problem("ANNA", "☆") is None
    assert alias_problem("MIEL-DE-ANNA", "Miel de Anna!") == "alias_reserved"


@pytest.mark.parametrize(
    ("one", "other"),
    [("ANNA-SHOP", "ANNASHOP"), ("LOLA", "L0LA"), ("BOB", "80B"), ("LILI", "1I1L"), ("SIS", "515"), ("MAMA", "RNARNA"),
     ("WOW", "VVOVV"), ("ZZZ", "222")],
)  # fmt: skip
def test_look_alikes_read_the_same(one: str, other: str) -> None:
    assert reading_of(one) == reading_of(other)


@given(st.text(CHARACTERS, min_size=3, max_size=24))
def test_form_and_links_agree(alias: str) -> None:
    """What is an alias is found in a link, in any letter case and with what messengers put around it."""
    if not is_alias(alias):
        return
    for written in (alias, alias.lower(), alias.title()):
        assert alias_form(f" {written}\u200b") == alias
        for linked in (written, f"“{written}”.", f"{written}?utm_source=x", f" {written}&x=1"):
            assert name_in_link(linked) == written


@given(st.text(CODE_ALPHABET, min_size=8, max_size=8))
def test_codes_keep_their_letters(code: str) -> None:
    assert code_in_link([f"({code})"]) == name_in_link(f"({code})") == code

"""Typed texts: what people write in any script is accepted, and what disguises a text is refused."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib.texts import (
    CharacterRefused,
    clean_line,
    clean_text,
    comparison_form,
    identifier_form,
    isolate,
    password_form,
    storable,
    trim,
)

# Names in living scripts, with the joiners and marks that their spelling needs.
NAMES = [
    "Мар'яна Ґудзик", "José Ångström", "Nguyễn Thị Hồng", "علی‌رضا", "می‌خواهم", "ه‍", "രാജന്‍",
    "क्‍ष", "ශ්‍රී", "বাংলা", "தமிழ்", "ភាសា​ខ្មែរ", "ไทย", "မြန်မာ", "ქართული", "Հայերեն", "አማርኛ", "ᏣᎳᎩ",
    "ᓀᐦᐃᔭᐍᐏᐣ", "한국어", "日本語", "漢字𠮷", "עברית", "ދިވެހި", "ⵜⴰⵎⴰⵣⵉⵖⵜ", "ߒߞߏ",
    "𞤀𞤣𞤤𞤢𞤥", "𑄌𑄋𑄴𑄟𑄳𑄦", "ᠮᠣᠩᠭᠣᠯ", "བོད་ཡིག",
    "Łukasz O’Brien-Šmíd",
    "👩‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️", "\U0001fae8", "\U00011bc0", "\U0001e5d0", "\ua7da", "Abc \u200fعربي\u200e",
]  # fmt: skip
REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = [chr(number) for number in (*range(32), *range(0x7F, 0xA0)) if chr(number) not in "\t\n\r"]
UNASSIGNED = "\u0378\ud800\ufdd0\ufffe\U0001ffff\U000e0fff\U0010ffff"
# One letter or more of many blocks, and the joiners between them.
_BLOCKS = [(0x41, 0x5A), (0xC0, 0x24F), (0x400, 0x481), (0x5D0, 0x5EA), (0x620, 0x64A), (0x905, 0x939),
           (0xD05, 0xD0C), (0xE01, 0xE30), (0x10D0, 0x10F0), (0x1200, 0x1248), (0x3041, 0x3096), (0x4E00, 0x9FA5),
           (0xAC00, 0xD7A3), (0x1E900, 0x1E943), (0x20000, 0x2A6D6)]  # fmt: skip
letters = st.sampled_from(_BLOCKS).flatmap(
    lambda block: st.characters(min_codepoint=block[0], max_codepoint=block[1])
)
words = st.lists(letters, min_size=1, max_size=8).flatmap(
    lambda each: st.sampled_from(["", "\u200c", "\u200d", "\u0301"]).map(lambda joiner: joiner.join(each))
)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_of_living_scripts_are_accepted(form: str) -> None:
    for name in NAMES:
        typed = unicodedata.normalize(form, name)
        assert clean_line(f" \t{typed}\u00a0") == unicodedata.normalize("NFC", name), name


@given(st.lists(words, min_size=1, max_size=4), st.sampled_from(["NFC", "NFD", "NFKD"]))
def test_spelling_is_kept_in_one_form(parts: list[str], form: str) -> None:
    typed = "  \u3000".join(unicodedata.normalize(form, part) for part in parts)
    cleaned = clean_line(typed)
    assert cleaned == clean_line(cleaned) == clean_text(cleaned)
    assert cleaned == unicodedata.normalize("NFC", " ".join(typed.split()))
    assert cleaned.count(" ") == len(parts) - 1


accepted = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters=REORDERING))


@given(accepted)
def test_a_cleaned_text_stays_as_it_is(text: str) -> None:
    line, lines = clean_line(text), clean_text(text)
    assert (clean_line(line), clean_text(lines)) == (line, lines)
    assert (line, lines) == (line.strip(), lines.strip())
    assert unicodedata.is_normalized("NFC", line)
    assert " ".join(line.split()) == line


def test_what_disguises_a_text_is_refused_by_name() -> None:
    for character in [*CONTROLS, *UNASSIGNED, *REORDERING]:
        for clean in (clean_line, clean_text):
            with pytest.raises(CharacterRefused) as caught:
                clean(f"Olena{character}", "name")
            assert str(caught.value.params["character"]).startswith(f"U+{ord(character):04X}"), character
            assert (caught.value.field, caught.value.params["position"]) == ("name", 6), character


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b", "\u200d\u200c", "\u3164", "\u2800 \u115f", "\u0301", "\ufe0f", "\ufeff\u00ad"]
)
def test_what_nobody_can_see_is_empty(text: str) -> None:
    assert clean_line(text) == clean_text(text) == ""


def test_lines_of_a_text_are_kept() -> None:
    assert clean_text(" one \t two\r\n\r\n\r\n three\u2028four \rfive\n") == "one two\n\nthree\nfour\nfive"
    assert clean_line("one\r\n two\u2028three") == "one two three"


@given(st.text(min_size=1))
def test_a_password_has_one_form(password: str) -> None:
    assert password_form(unicodedata.normalize("NFD", password)) == password_form(password)
    assert password_form(password_form(password)) == password_form(password)


def test_spaces_of_a_password_are_plain_and_its_case_counts() -> None:
    assert password_form("a\u00a0b\u3000c ") == "a b c "
    assert password_form("A") != password_form("a")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" store_T5\u200bmR_17\u00a0", "store_T5mR_17"),
        ("\u2066store_T5mR_17\u2069", "store_T5mR_17"),
        ("ｓｔｏｒｅ＿Ｔ５ｍＲ＿１７", "store_T5mR_17"),
        ("\ufeff0x12 34\n", "0x1234"),
        ("credit:7", "credit:7"),
        ("\u200b", ""),
    ],
)
def test_identifiers_are_read_as_they_were_meant(typed: str, meant: str) -> None:
    assert identifier_form(typed) == meant


@pytest.mark.parametrize(
    ("one", "other"),
    [("Cafe\u0301", "CAFÉ"), ("Straße", "STRASSE"), ("Ｐending １", "pending 1"), ("ΣΊΣΥΦΟΣ", "σίσυφος")],
)
def test_names_are_compared_without_case_and_composition(one: str, other: str) -> None:
    assert comparison_form(one) == comparison_form(other)


def test_trim_keeps_what_is_inside() -> None:
    assert trim("\u200e a@نامه\u200cای.com\u202c\n") == "a@نامه\u200cای.com"


def test_only_right_to_left_text_is_isolated() -> None:
    assert isolate("Ґудзик 7") == "Ґудзик 7"
    assert isolate("علی (7)") == "\u2068علی (7)\u2069"


@pytest.mark.parametrize(
    ("text", "stored"),
    [("a\x00b", "a\ufffdb"), ("\ud83d", "\ufffd"), ("🫖\udc00", "🫖\ufffd"), ("plain 🫖\n", "plain 🫖\n")],
)
def test_what_no_column_holds_is_replaced(text: str, stored: str) -> None:
    assert storable(text) == stored
    assert storable(text).encode().decode() == stored

"""Texts that people type: one normal form, single spaces, and no characters that disguise the text around them.

Everything that people write is accepted, joiners and direction marks included: Persian, Hindi, Malayalam and emoji
need them. See docs/rules/accounts.md.
"""

from __future__ import annotations

import re
import unicodedata

from portal.lib.errors import PortalError

# Blanks that are no white space to Python; they are needed between letters, never around a text.
_OUTER_BLANK = "\u200b\ufeff"
_EDGES = re.compile(rf"\A[\s{_OUTER_BLANK}]+|[\s{_OUTER_BLANK}]+\Z")
_LINE_END = re.compile(r"\r\n?|[\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r" ?\n ?(?:\n ?)+")
# NUL and halves of surrogate pairs: JSON can spell them, and texts that are cut between two halves have them.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_TYPED_CONTROLS = "\t\n\r"
# Embeddings, overrides and isolates reorder what follows them; the marks U+200E, U+200F and U+061C do not.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN", "RLE", "RLO", "RLI"))
_NO_IDENTIFIER = frozenset(("Zs", "Zl", "Zp", "Cf", "Cc"))
# Letters that print nothing: a text of them alone is empty.
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Unicode assigned Latin letters here after the tables of the oldest supported Python, and whole scripts in planes 1-3.
_LATER_LATIN = range(0xA7CB, 0xA7E0)
_LATER_PLANES = (1, 2, 3)


class CharacterRefused(PortalError):
    """The text has a control, reordering or unassigned character; params `character` and `position`, from 1."""

    code = "character_refused"


def clean_line(text: str, field: str = "") -> str:
    """Return a text on one line in NFC, with single spaces; raise CharacterRefused naming the field.

    A text in which nothing is visible becomes empty.
    """
    return re.sub(r"\s+", " ", _clean(text, field))


def clean_text(text: str, field: str = "") -> str:
    """Return a text of several lines in NFC, with single spaces and at most one blank line in a row.

    Raises CharacterRefused naming the field. A text in which nothing is visible becomes empty.
    """
    lines = _SPACES.sub(" ", _LINE_END.sub("\n", _clean(text, field)))
    return re.sub(r" ?\n ?", "\n", _BLANK_LINES.sub("\n\n", lines))


def plain_line(text: str) -> str:
    """Return the form of `clean_line`, without refusing characters, to find what was stored in that form."""
    return re.sub(r"\s+", " ", _EDGES.sub("", unicodedata.normalize("NFC", text)))


def trim(text: str) -> str:
    """Return a text without blanks and invisible characters around it."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def identifier_form(text: str) -> str:
    """Return a pasted reference or code without blanks and invisible characters, with plain digits.

    Messengers and spreadsheets add zero-width characters and direction marks, and some keyboards type full-width
    digits and letters.
    """
    plain = unicodedata.normalize("NFKC", text)
    return "".join(each for each in plain if unicodedata.category(each) not in _NO_IDENTIFIER)


def comparison_form(text: str) -> str:
    """Return the form in which two names are the same: without case, width and ways to compose a letter."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


def isolate(text: str) -> str:
    """Return a text that may stand in a sentence; one with right-to-left characters gets isolates around it.

    Without them it would reorder the numbers and punctuation that follow.
    """
    if not text.isascii() and any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in text):
        return f"\u2068{text}\u2069"
    return text


def password_form(password: str) -> str:
    """Return the form in which a password is hashed: NFC with plain spaces, as OpaqueString of RFC 8265 has it."""
    spaced = "".join(" " if unicodedata.category(each) == "Zs" else each for each in password)
    return unicodedata.normalize("NFC", spaced)


def storable(text: str) -> str:
    """Return a text from another system with U+FFFD for what no text column and no JSON of the database takes."""
    return _UNSTORABLE.sub("\ufffd", text)


def is_utf8(text: str) -> bool:
    """Return whether a text can be written as UTF-8: arguments of commands can contain other bytes as surrogates."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def _clean(text: str, field: str) -> str:
    normal = unicodedata.normalize("NFC", text)
    for position, character in enumerate(normal, 1):
        if _is_refused(character):
            raise CharacterRefused(field=field or None, character=_name(character), position=position)
    return _EDGES.sub("", normal) if any(map(_is_visible, normal)) else ""


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"


def _is_refused(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cn":
        return not _may_be_newer(ord(character))
    return character in _REORDERING or (category in ("Cc", "Cs") and character not in _TYPED_CONTROLS)


def _may_be_newer(number: int) -> bool:
    """Return whether an unassigned character may be a letter or emoji that Python's tables do not know yet."""
    is_noncharacter = number & 0xFFFE == 0xFFFE
    return not is_noncharacter and (number >> 16 in _LATER_PLANES or number in _LATER_LATIN)


def _is_visible(character: str) -> bool:
    category = unicodedata.category(character)
    if category in ("Cn", "Co"):
        return True
    # Marks, variation selectors among them, need a letter that carries them.
    return category[0] not in "ZCM" and character not in _FILLERS


def _name(character: str) -> str:
    """Return a character as a reader can look it up: U+202E (RIGHT-TO-LEFT OVERRIDE)."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X} ({name})" if name else f"U+{ord(character):04X}"

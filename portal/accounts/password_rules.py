"""Which passwords may be chosen: their length, and none that is guessed first. See docs/rules/accounts.md."""

from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from portal.lib.errors import InputInvalid, PortalError
from portal.lib.texts import password_form

PASSWORD_MIN = 8
PASSWORD_MAX = 200
_COMMON = Path(__file__).with_name("data") / "common_passwords.txt.gz"
# A shorter word, such as an e-mail of one letter, would refuse too much.
_WORD_MIN = 3
# The keys of a Ukrainian or Russian keyboard by their Latin letters: a common password in the wrong layout is common.
_LATIN_KEYS = str.maketrans("йцукенгшщзхъїфывіапролджэєячсмитьбю", "qwertyuiop[]]asdsfghjkl;''zxcvbnm,.")


class PasswordLength(PortalError):
    code = "password_length"


class PasswordCommon(PortalError):
    """The password is one of those that are guessed first."""

    code = "password_common"


class PasswordPersonal(PortalError):
    """The password is the name of the portal or of the account, or its e-mail, with at most digits and signs added."""

    code = "password_personal"


def find_password_problem(password: str, words: Iterable[str]) -> PortalError | None:
    """Return why a password cannot be chosen, or None.

    `words` are names that a guesser tries: the brand, the name and the e-mail of the account.
    """
    normal = password_form(password)
    if not PASSWORD_MIN <= len(normal) <= PASSWORD_MAX:
        return PasswordLength(field="password", at_least=PASSWORD_MIN, at_most=PASSWORD_MAX)
    if _is_common(normal):
        return PasswordCommon(field="password")
    if _is_one_of(normal, words):
        return PasswordPersonal(field="password")
    return None


def require_password(password: str, words: Iterable[str]) -> None:
    """Raise InputInvalid for a password that cannot be chosen; see `find_password_problem`."""
    problem = find_password_problem(password, words)
    if problem:
        raise InputInvalid({"password": problem})


def _is_common(password: str) -> bool:
    folded = _fold(password)
    return not common_passwords().isdisjoint({folded, folded.strip(), folded.translate(_LATIN_KEYS)})


def _is_one_of(password: str, words: Iterable[str]) -> bool:
    names = {form(part) for word in words for part in (word, word.partition("@")[0]) for form in _FORMS}
    return any(form(password) in names and len(form(password)) >= _WORD_MIN for form in _FORMS)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, _fold(text)))


def _letters_and_digits(text: str) -> str:
    return "".join(filter(str.isalnum, _fold(text)))


# With and without digits, since they are what people add to a word.
_FORMS = (_letters, _letters_and_digits)


@cache
def common_passwords() -> frozenset[str]:
    """Return the most common passwords of at least eight characters, in lower case."""
    return frozenset(gzip.decompress(_COMMON.read_bytes()).decode().splitlines())

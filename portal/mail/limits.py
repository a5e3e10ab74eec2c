"""How many letters one reader gets, no matter who causes them. See docs/rules/accounts.md."""

from __future__ import annotations

from dataclasses import dataclass

NOTICE = "notice"


@dataclass(frozen=True)
class LetterLimit:
    """The letters of one reader in an hour and in a day; notices are counted apart from the letters with links."""

    per_hour: int
    per_day: int
    counts_notices: bool


# Anyone can cause these, from any number of addresses.
REQUESTED = LetterLimit(10, 30, counts_notices=False)
UNCONFIRMED_NOTICES = LetterLimit(10, 30, counts_notices=True)
# Only the owner and the owner's own sales cause these.
NOTICES = LetterLimit(60, 300, counts_notices=True)

"""Decide what an alias of a share code may be. See docs/rules/codes.md."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from portal.lib.texts import comparison_form, identifier_form

ALIAS_MIN, ALIAS_MAX = 3, 24
REUSE_AFTER = timedelta(days=365)
# Every alias that was given up is blocked for a year, so an owner can take only so many.
OWNER_ALIASES, OWNER_PERIOD = 5, timedelta(days=30)

LABELS_MAX = 50
_LABEL = re.compile(r"[a-z0-9_-]{1,32}")

AliasProblem = Literal["alias_malformed", "alias_reserved"]

_FORM = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
_LOOK_ALIKES = str.maketrans("01L528", "OIISZB")
# Words that would speak for the portal or a store, alone or as part of an alias.
_OFFICIAL = "ADMIN ADMINISTRATOR MODERATOR OFFICIAL OPERATOR SECURITY STAFF SUPPORT TREASURY"
# Addresses of the portal, and coupons that stores give to everyone.
_RESERVED = """
    ABOUT ACCOUNT API AUDIT BANK BILLING CHECKOUT CODE CONTACT FINANCE HELP LOGIN NONE NULL ORDERS OWNER PARTNER PAYMENT
    PAYOUT PORTAL REFCODE REFERRAL REFUND REGISTER REWARD ROOT SERVICE STORE SYSTEM TEAM TRUE UNDEFINED VENDOR WALLET
    BLACKFRIDAY COUPON CYBERMONDAY DISCOUNT FIRSTORDER FREE FREESHIPPING GIFT NEWSLETTER PROMO SALE SUBSCRIBE VIP
    WELCOME
"""


def alias_form(text: str) -> str:
    """Return a typed alias in stored form: without spaces, in capitals; letters of other scripts stay as they are."""
    plain = identifier_form(text)
    return plain.upper() if plain.isascii() else plain


def is_alias(alias: str) -> bool:
    """Return whether a text in stored form is 3 to 24 of `A-Z0-9-`, with hyphens between letters or digits only."""
    return ALIAS_MIN <= len(alias) <= ALIAS_MAX and _FORM.fullmatch(alias) is not None


def alias_problem(alias: str, brand: str) -> AliasProblem | None:
    """Return why a text in stored form can be no alias, or None; `brand` is the name of the portal."""
    if not is_alias(alias):
        return "alias_malformed"
    own = "".join(each for each in comparison_form(brand).upper() if each.isalnum())
    official = {reading_of(word) for word in [*_OFFICIAL.split(), own] if word}
    refused = official | {reading_of(word) for word in _RESERVED.split()}
    is_refused = reading_of(alias) in refused or reading_of(alias.rstrip("0123456789-")) in refused
    speaks_for_portal = any(reading_of(part) in official for part in alias.split("-"))
    return "alias_reserved" if is_refused or speaks_for_portal else None


def label_form(text: str | None) -> str | None:
    """Return the label of a link in stored form, 1 to 32 of `a-z0-9_-`; None for a text that is no label.

    A wrong label is dropped and never costs a referrer the visit or the order.
    """
    label = (text or "").strip().lower()
    return label if _LABEL.fullmatch(label) else None


def link_to_page(page: str, name: str) -> str:
    """Return the address of a page as the share link of a code or alias; an earlier `ref` and `via` are replaced."""
    parts = urlsplit(page)
    kept = [
        each
        for each in parts.query.split("&")
        if each and each.partition("=")[0].lower() not in ("ref", "via")
    ]
    return urlunsplit(parts._replace(query="&".join([*kept, f"ref={name}"]), fragment=""))


def reading_of(alias: str) -> str:
    """Return the form in which two aliases look the same: without hyphens and look-alike characters."""
    plain = alias.replace("-", "").translate(_LOOK_ALIKES)
    return plain.replace("RN", "M").replace("VV", "W")

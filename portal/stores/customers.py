"""Recognise a connected store's buyers without storing who they are. See docs/rules/stores.md."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from contextlib import suppress

from portal.lib.domains import ascii_domain
from portal.lib.mailboxes import mailbox
from portal.lib.sealing import STORE_CUSTOMER, keyed_hash

_BY_EMAIL, _BY_ID, _BY_ORDER = "email:", "id:", "order:"


def email_digest(email: str) -> str:
    """Return the hex SHA-256 of an e-mail address in its normal form, which stores compute themselves for imports.

    The normal form is trimmed, lower case, composed, its domain as `xn--`.
    """
    return hashlib.sha256(_normal_form(email).encode()).hexdigest()


def mailbox_digest(email: str) -> str:
    """Return a hash that is equal for the addresses of one mailbox; it is compared and never stored."""
    return hashlib.sha256(mailbox(_normal_form(email)).encode()).hexdigest()


def customer_keys(
    store_id: int, secret: str, *, email_sha256: str | None, external_id: str | None, order_id: str = ""
) -> tuple[str, ...]:
    """Return the keys by which a buyer is known in a store, the one that identifies the customer first.

    Stores use phone numbers and addresses as ids, so an id is hashed as well. A buyer with neither an e-mail address
    nor an id is a customer of this order only.
    """
    keys = []
    if email_sha256:
        keys.append(_BY_EMAIL + keyed_hash(f"{store_id}:{email_sha256}", secret, STORE_CUSTOMER))
    if external_id:
        keys.append(_BY_ID + customer_hash(store_id, external_id, secret))
    return tuple(keys) or (f"{_BY_ORDER}{order_id}",)


def customer_hash(store_id: int, external_id: str, secret: str) -> str:
    """Return what is stored of a store's own id of a customer, here and for referrers inside the store."""
    return keyed_hash(f"{store_id}:{external_id}", secret, STORE_CUSTOMER)


def hashes_of_ids(keys: Iterable[str]) -> list[str]:
    """Return the hashes of the store's own ids among a buyer's keys."""
    return [key.removeprefix(_BY_ID) for key in keys if key.startswith(_BY_ID)]


def is_known_customer(keys: tuple[str, ...]) -> bool:
    """Return whether the store reported anything by which the buyer's other orders are found."""
    return not keys[0].startswith(_BY_ORDER)


def _normal_form(email: str) -> str:
    local, at, domain = unicodedata.normalize("NFC", email.strip()).lower().rpartition("@")
    with suppress(UnicodeError):  # no domain name: the text stands for itself
        domain = ascii_domain(domain)
    return f"{local}{at}{domain}"

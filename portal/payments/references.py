"""Build and read the order reference that every record of one paid event carries.

See docs/rules/payments.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from portal.lib.errors import PortalError

Purpose = Literal["store_order", "membership_upgrade", "commission_statement"]
STATEMENT_PURPOSE: Purpose = "commission_statement"

_PREFIXES: dict[str, Purpose] = {
    "store": "store_order",
    "membership": "membership_upgrade",
    "statement": STATEMENT_PURPOSE,
}
# Nothing that a URL path, a form body or the `;` of a signed string would change or split.
_ENTITY_ID = re.compile(r"[A-Za-z0-9_.:@-]{1,128}")
# The id is greedy and the last segment is the time, so an id may itself end in _ and digits.
_REFERENCE = re.compile(rf"({'|'.join(_PREFIXES)})_({_ENTITY_ID.pattern})_(0|[1-9][0-9]{{0,15}})")
_MAX_MILLISECONDS = 10**16


class ReferenceInvalid(PortalError):
    """The text is no order reference, or an id cannot be carried by one."""

    code = "order_reference_invalid"


@dataclass(frozen=True)
class ParsedReference:
    """What a reference names: an order, a user or a statement, and the moment in milliseconds since 1970."""

    purpose: Purpose
    entity_id: str
    milliseconds: int


def build_order_reference(order_id: str, moment_ms: int) -> str:
    """Return `store_{order_id}_{ms}`; raise ReferenceInvalid for an id or time it cannot carry."""
    return _build("store", order_id, moment_ms)


def build_membership_reference(user_id: int | str, moment_ms: int) -> str:
    """Return `membership_{user_id}_{ms}`; raise ReferenceInvalid for an id or time it cannot carry."""
    return _build("membership", str(user_id), moment_ms)


def build_statement_reference(statement_id: int | str, moment_ms: int) -> str:
    """Return `statement_{statement_id}_{ms}`; raise ReferenceInvalid for a time it cannot carry."""
    return _build("statement", str(statement_id), moment_ms)


def parse_reference(text: str) -> ParsedReference:
    """Return exactly what the builder was given; raise ReferenceInvalid for any other text."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise ReferenceInvalid(field="order_reference")
    prefix, entity_id, milliseconds = match.groups()
    return ParsedReference(_PREFIXES[prefix], entity_id, int(milliseconds))


def _build(prefix: str, entity_id: str, moment_ms: int) -> str:
    if not _ENTITY_ID.fullmatch(entity_id):
        raise ReferenceInvalid(field="entity_id")
    if not 0 <= moment_ms < _MAX_MILLISECONDS:
        raise ReferenceInvalid(field="milliseconds")
    return f"{prefix}_{entity_id}_{moment_ms}"

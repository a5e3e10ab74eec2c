"""Parse what a store sent: numbers stay exact, and no nesting can exhaust the parser's stack."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from portal.lib.texts import storable
from portal.stores.adapters.protocol import DeliveryUnreadable

# The parser recurses in C; an order is nested about ten deep.
DEPTH_MAX = 100
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


def parse_exact_json(body: bytes) -> Any:
    """Return a JSON body with decimals for its fractions: a float has lost what the store meant.

    Texts have U+FFFD for what cannot be stored. Raises DeliveryUnreadable, also for NaN and Infinity.
    """
    _refuse_depth(body)
    try:
        content = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError):  # an exponent beyond every decimal
        raise DeliveryUnreadable(detail="not JSON") from None
    return _storable(content)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {storable(name): _storable(each) for name, each in value.items()}
    return value


def _refuse_depth(body: bytes) -> None:
    depth = 0
    for bracket in _BRACKETS.finditer(_STRINGS.sub(b"", body)):
        depth += 1 if bracket.group() in b"[{" else -1
        if depth > DEPTH_MAX:
            raise DeliveryUnreadable(detail="nested too deeply")


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError

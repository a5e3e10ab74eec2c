"""Read the share code that a link or a buyer names, by itself or by its alias. See docs/rules/codes.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeGuard

from portal.attribution.rules import code_in_link, is_well_formed_code, name_in_link, tidy_typed_code
from portal.codes import can_be_alias, find_aliased_codes
from portal.lib.texts import identifier_form


def find_linked_code(values: Iterable[str]) -> str | None:
    """Return the code of a link: of the first `ref` value that is a well-formed code or an alias in use.

    A code is not looked up, every later use does that: a link with one hardly ever needs the database.
    """
    values = list(values)
    names = [name_in_link(value) for value in values]
    aliased = find_aliased_codes(filter(_needs_search, names))
    codes = (
        aliased.get(name or "") or code_in_link([value]) for name, value in zip(names, values, strict=True)
    )
    return next(filter(None, codes), None)


def find_typed_code(text: str) -> str | None:
    """Return the code that a person typed or named by its alias; None for what is neither."""
    name, code = identifier_form(text), tidy_typed_code(text)
    return find_aliased_codes([name]).get(name) or (code if is_well_formed_code(code) else None)


def _needs_search(name: str | None) -> TypeGuard[str]:
    return name is not None and (not is_well_formed_code(name) or can_be_alias(name))

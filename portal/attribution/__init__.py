"""Decide who, if anyone, is credited with a purchase, with a trace of the decision."""

from portal.attribution.queries import find_linked_code, find_typed_code
from portal.attribution.rules import (
    SAME_MAILBOX,
    AttributionFacts,
    CodeSource,
    CodeState,
    Decision,
    Guard,
    Reason,
    choose_code,
    code_in_link,
    is_well_formed_code,
    name_in_link,
    run_guards,
    trace_as_json,
)

__all__ = [
    "SAME_MAILBOX",
    "AttributionFacts",
    "CodeSource",
    "CodeState",
    "Decision",
    "Guard",
    "Reason",
    "choose_code",
    "code_in_link",
    "find_linked_code",
    "find_typed_code",
    "is_well_formed_code",
    "name_in_link",
    "run_guards",
    "trace_as_json",
]

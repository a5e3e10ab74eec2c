"""Decide who, if anyone, is credited with a purchase, with a trace of the decision."""

from portal.attribution.rules import (
    AttributionFacts,
    Decision,
    choose_code,
    code_in_link,
    is_well_formed_code,
    run_guards,
    tidy_typed_code,
    trace_as_json,
)

__all__ = [
    "AttributionFacts",
    "Decision",
    "choose_code",
    "code_in_link",
    "is_well_formed_code",
    "run_guards",
    "tidy_typed_code",
    "trace_as_json",
]

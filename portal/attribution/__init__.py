"""First touch in, decision trace out: who, if anyone, is credited with an order."""

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

"""URL builders that the applications of a test run share."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from werkzeug.routing import Rule


def share_url_builders() -> AbstractContextManager[object]:
    """Compile the URL builder of a rule once for all applications, as that is four fifths of building one."""
    compile_builder = Rule._compile_builder
    builders: dict[tuple[object, ...], Any] = {}

    def find_or_compile(rule: Rule, append_unknown: bool = True) -> Any:
        # A builder without defaults depends on the text of the rule only; it gets the rule as its `self`.
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        key = (rule.rule, tuple(rule._trace), append_unknown)
        if key not in builders:
            builders[key] = compile_builder(rule, append_unknown)
        return builders[key]

    return patch.object(Rule, "_compile_builder", find_or_compile)

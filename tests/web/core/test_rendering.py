"""Templates render with less work what they rendered before."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import Environment, StrictUndefined, Undefined, pass_context, pass_environment, pass_eval_context
from markupsafe import Markup

from portal.web.core.rendering import render_faster

SOURCES = {
    "values": "{{ plain }}|{{ marked }}|{{ number }}|{{ none }}|{{ drawn }}|{{ missing }}|{{ own }}|{{ items }}",
    "joined": "{{ plain ~ marked }}|{{ [plain, marked]|join(' & ') }}|{{ plain|safe }}|{{ marked|escape }}",
    "a macro": "{% macro shown(text, more='<') %}<b>{{ text }}{{ more }}{{ varargs|length }}</b>{% endmacro %}"
    "{{ shown(plain) }}{{ shown(marked, more=plain) }}{{ shown(plain, plain, 1, 2) }}{{ shown(plain)|upper }}",
    "a caller": "{% macro box() %}<i>{{ caller(plain) }}</i>{% endmacro %}"
    "{% call(text) box() %}{{ text }}&{% endcall %}",
    "a set block": "{% set part %}<u>{{ plain }}</u>{% endset %}{{ part }}{{ part|length }}",
    "not escaped": "{% autoescape false %}{{ plain }}"
    "{% macro raw() %}{{ plain }}{% endmacro %}{{ raw() }}{% endautoescape %}",
    "functions": "{% for each in items %}{% set word = each %}"
    "{{ of_context(1) }}{{ of_environment() }}{{ of_evaluation() }}{{ own_call(2) }}"
    "{{ plain.upper() }}{{ twice(each, by=2) }}{% endfor %}",
    "an end of iteration": "{{ stopped() }}|",
}  # fmt: skip


class Drawn:
    """An object with its own HTML, and with a call that wants the context."""

    def __html__(self) -> str:
        return "<svg>"

    @pass_context
    def __call__(self, context: Any, number: int) -> str:
        return f"{context['plain']}{number}"


class OwnText(str):
    """A text of another kind."""


@pass_context
def of_context(context: Any, number: int) -> str:
    return f"{context['plain']}{context['word']}{number}"


@pass_environment
def of_environment(environment: Environment) -> bool:
    return environment.autoescape is True


@pass_eval_context
def of_evaluation(evaluation: Any) -> bool:
    return bool(evaluation.autoescape)


def stopped() -> str:
    raise StopIteration


VALUES: dict[str, Any] = {
    "plain": "<a & 'b'>", "marked": Markup("<em>"), "number": 1, "none": None, "drawn": Drawn(), "own": OwnText("<"),
    "items": ["<", 2], "of_context": of_context, "of_environment": of_environment, "of_evaluation": of_evaluation,
    "own_call": Drawn(), "twice": lambda value, by: value * by, "stopped": stopped,
}  # fmt: skip


def rendered(source: str, *, faster: bool) -> str:
    """Return what a template renders, from an imported template too."""
    environment = Environment(autoescape=True)
    if faster:
        render_faster(environment)
    return environment.from_string(source).render(VALUES)


@pytest.mark.parametrize("name", SOURCES)
def test_output_is_that_of_jinja(name: str) -> None:
    assert rendered(SOURCES[name], faster=True) == rendered(SOURCES[name], faster=False)


def test_text_of_a_reader_is_escaped() -> None:
    assert rendered("{{ plain }}", faster=True) == "&lt;a &amp; &#39;b&#39;&gt;"


@pytest.mark.parametrize("kind", [Undefined, StrictUndefined])
def test_missing_names_fail_as_before(kind: type[Undefined]) -> None:
    environment = Environment(autoescape=True, undefined=kind)
    render_faster(environment)
    with pytest.raises(Exception, match="is undefined"):
        environment.from_string("{{ missing() }}").render()

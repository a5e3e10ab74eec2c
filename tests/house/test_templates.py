"""Templates: every one is used, and every address they name exists."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.apps import development_app

PORTAL = Path(__file__).resolve().parents[2] / "portal"
TEMPLATES = PORTAL / "templates"
_NAMED = re.compile(r"""["']([\w/]+\.html)["']""")
_ENDPOINT = re.compile(r"""url_for\(\s*["']([\w.]+)["']""")
_ARGUMENTS = re.compile(r"""url_for\(\s*["']([\w.]+)["']((?:[^()]|\([^()]*\))*)\)""")


def sources() -> dict[str, str]:
    return {
        path.relative_to(TEMPLATES).as_posix(): path.read_text() for path in sorted(TEMPLATES.rglob("*.html"))
    }


def code() -> str:
    return "\n".join(path.read_text() for path in sorted(PORTAL.rglob("*.py")))


def test_every_template_is_rendered_extended_included_or_imported() -> None:
    texts = sources()
    used = set(_NAMED.findall(code()))
    for name, text in texts.items():
        used |= {other for other in _NAMED.findall(text) if other != name}
    unused = set(texts) - used
    assert not unused


def test_every_template_that_is_named_exists() -> None:
    texts = sources()
    named = {name for text in [*texts.values(), code()] for name in _NAMED.findall(text)}
    unknown = named - set(texts)
    assert not unknown


def test_every_endpoint_that_is_named_exists() -> None:
    app = development_app()
    named = {endpoint for text in [*sources().values(), code()] for endpoint in _ENDPOINT.findall(text)}
    unknown = named - set(app.view_functions)
    assert not unknown


def test_every_address_gets_the_arguments_its_route_needs() -> None:
    rules = {rule.endpoint: rule.arguments for rule in development_app().url_map.iter_rules()}
    for name, text in sources().items():
        for endpoint, arguments in _ARGUMENTS.findall(text):
            given = set(re.findall(r"(\w+)\s*=(?!=)", arguments))
            assert rules[endpoint] <= given, (name, endpoint)


def test_a_template_is_short() -> None:
    long = {name: text.count("\n") for name, text in sources().items() if text.count("\n") > 120}
    assert not long


def test_a_filter_asks_for_nothing() -> None:
    """A browser sends no form of which a required field is empty: each filter works by itself."""
    asking = []
    for path in TEMPLATES.rglob("*.html"):
        for form in re.findall(r'<form[^>]*class="filters".*?</form>', path.read_text(), re.DOTALL):
            if form.count("field(") > 1 and "required=true" in form:
                asking.append(path.name)
    assert not asking

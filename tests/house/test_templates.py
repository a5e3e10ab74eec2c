"""Every template is used, and every template and endpoint it references exists."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.apps import development_app

PORTAL = Path(__file__).resolve().parents[2] / "portal"
TEMPLATES = PORTAL / "templates"
_TEMPLATE_NAME = re.compile(r"""["']([\w/]+\.html)["']""")
_ENDPOINT = re.compile(r"""url_for\(\s*["']([\w.]+)["']""")
_ARGUMENTS = re.compile(r"""url_for\(\s*["']([\w.]+)["']((?:[^()]|\([^()]*\))*)\)""")


def sources() -> dict[str, str]:
    return {
        path.relative_to(TEMPLATES).as_posix(): path.read_text() for path in sorted(TEMPLATES.rglob("*.html"))
    }


def code() -> str:
    return "\n".join(path.read_text() for path in sorted(PORTAL.rglob("*.py")))


def test_every_template_is_used() -> None:
    texts = sources()
    used = set(_TEMPLATE_NAME.findall(code()))
    for name, text in texts.items():
        used |= {other for other in _TEMPLATE_NAME.findall(text) if other != name}
    unused = set(texts) - used
    assert not unused


def test_every_referenced_template_exists() -> None:
    texts = sources()
    named = {name for text in [*texts.values(), code()] for name in _TEMPLATE_NAME.findall(text)}
    unknown = named - set(texts)
    assert not unknown


def test_every_referenced_endpoint_exists() -> None:
    app = development_app()
    named = {endpoint for text in [*sources().values(), code()] for endpoint in _ENDPOINT.findall(text)}
    unknown = named - set(app.view_functions)
    assert not unknown


def test_every_url_gets_the_required_arguments() -> None:
    rules = {rule.endpoint: rule.arguments for rule in development_app().url_map.iter_rules()}
    for name, text in sources().items():
        for endpoint, arguments in _ARGUMENTS.findall(text):
            given = set(re.findall(r"(\w+)\s*=(?!=)", arguments))
            assert rules[endpoint] <= given, (name, endpoint)


def test_no_button_has_the_name_of_a_field_beside_it() -> None:
    """Browsers send both, the field first, so what the button says would be lost."""
    for name, text in sources().items():
        for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL):
            fields = set(re.findall(r"""<(?:input|select|textarea)\b[^>]*\bname="(\w+)\"""", form))
            buttons = set(re.findall(r"""<button\b[^>]*\bname="(\w+)\"""", form))
            assert not fields & buttons, (name, fields & buttons)


def test_templates_are_short() -> None:
    long = {name: text.count("\n") for name, text in sources().items() if text.count("\n") > 120}
    assert not long


def test_filters_have_no_required_fields() -> None:
    """Every filter can be used alone: browsers do not submit a form with an empty required field."""
    filters_with_required_fields = []
    for path in TEMPLATES.rglob("*.html"):
        for form in re.findall(r'<form[^>]*class="filters".*?</form>', path.read_text(), re.DOTALL):
            if form.count("field(") > 1 and "required=true" in form:
                filters_with_required_fields.append(path.name)
    assert not filters_with_required_fields


_MARKUP_IN_SENTENCE = re.compile(
    r"(?:_|n?gettext)\([^{}]*=\s*(?:moment|when|time|code|address|tx_hash|amount|tag|icon)\("
)


def test_no_sentence_gets_markup_as_a_value() -> None:
    """A sentence is plain text: the tags of a macro inside it would be shown to the reader."""
    assert not {name for name, text in sources().items() if _MARKUP_IN_SENTENCE.search(text)}


def test_empty_lists_say_what_fills_them() -> None:
    """A list that has never had a row has a sentence below its title."""
    silent = []
    for name, text in sources().items():
        if name.startswith("components/"):
            continue
        calls = re.findall(r"""empty_state\('first_use', _\('[^']*'\)(.*)""", text)
        silent += [name for rest in calls if not rest.startswith(", _(")]
    assert not silent

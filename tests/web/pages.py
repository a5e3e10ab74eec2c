"""Helpers that read pages: their text, their forms, and translated refusals."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

from werkzeug.test import TestResponse

from portal.web.text.messages import referral_reason
from tests.web.visitor import Visitor


def text_of(response: TestResponse) -> str:
    """Return the text of a page without tags, on one line."""
    markup = re.sub(r"<(script|style)\b.*?</\1>", " ", response.text, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def sentence(visitor: Visitor, locale: str, reason: str) -> str:
    """Return the translated sentence for a referral refusal."""
    with visitor.application.test_request_context(
        "/", environ_overrides={"portal.locale": locale, "SCRIPT_NAME": f"/{locale}"}
    ):
        return " ".join(referral_reason(reason).split())


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[dict[str, str | None], list[tuple[str, str]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.forms.append((values, []))
        if tag == "input" and self.forms and values.get("name"):
            self.forms[-1][1].append((str(values["name"]), values.get("value") or ""))


def form_fields(response: TestResponse, action: str) -> dict[str, list[str]]:
    """Return the inputs of the form that posts to `action`, each name with its values in order."""
    parser = _Forms()
    parser.feed(response.text)
    (inputs,) = [inputs for values, inputs in parser.forms if values.get("action") == action]
    fields: dict[str, list[str]] = {}
    for name, value in inputs:
        fields.setdefault(name, []).append(value)
    return fields


class _FilledForms(HTMLParser):
    """Collect what a browser would send of each form: ticked boxes, selected options, texts of several lines."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str | None, list[tuple[str, str]]]] = []
        self._select: tuple[str, list[str]] | None = None
        self._area: str | None = None
        self.named: dict[str | None, list[tuple[str, str]]] = {}
        self.buttons: dict[str | None, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        name, value = values.get("name"), values.get("value") or ""
        if tag == "form":
            is_post = (values.get("method") or "").lower() == "post"
            self.forms.append((values.get("action") if is_post else None, []))
            self.named[values.get("id")] = self.forms[-1][1]
        elif tag == "button" and values.get("formaction"):
            self.buttons[values["formaction"]] = values.get("form")
        elif not self.forms or "disabled" in values:
            return
        elif tag == "input" and name:
            if values.get("type") not in ("checkbox", "radio") or "checked" in values:
                self._add(name, value)
        elif tag == "select" and name:
            self._select = (name, [])
        elif tag == "option" and self._select:
            self._select[1].insert(0 if "selected" in values else len(self._select[1]), value)
        elif tag == "textarea" and name:
            self._area = name
            self._add(name, "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            name, options = self._select
            self._add(name, options[0] if options else "")
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area:
            name, text = self.forms[-1][1].pop()
            self._add(name, text + data)

    def _add(self, name: str, value: str) -> None:
        self.forms[-1][1].append((name, value))


def filled_form(response: TestResponse, action: str) -> dict[str, list[str]]:
    """Return what a browser sends of the first form that posts to `action`, if nothing is changed in it.

    A button outside of its form may name the action.
    """
    parser = _FilledForms()
    parser.feed(response.text)
    if action in parser.buttons:
        entries = parser.named[parser.buttons[action]]
    else:
        entries = next(entries for target, entries in parser.forms if target == action)
    fields: dict[str, list[str]] = {}
    for name, value in entries:
        fields.setdefault(name, []).append(value)
    return fields

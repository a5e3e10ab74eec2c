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

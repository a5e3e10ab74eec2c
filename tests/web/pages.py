"""Reading pages in tests: their text, their forms, and the sentence a code has in a language."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

from werkzeug.test import TestResponse

from portal.web.text.messages import referral_reason
from tests.web.visitor import Visitor


def text_of(response: TestResponse) -> str:
    """Return what a page says, without its tags, on one line."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", response.text, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def sentence(visitor: Visitor, locale: str, reason: str) -> str:
    """Return a referral refusal in a language, as the page's own catalogue has it."""
    with visitor.application.test_request_context(
        "/", environ_overrides={"portal.locale": locale, "SCRIPT_NAME": f"/{locale}"}
    ):
        return " ".join(referral_reason(reason).split())


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str | None], list[tuple[str, str]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.found.append((values, []))
        if tag == "input" and self.found and values.get("name"):
            self.found[-1][1].append((str(values["name"]), values.get("value") or ""))


def form_fields(response: TestResponse, action: str) -> dict[str, list[str]]:
    """Return the inputs of the form that posts to `action`, each name with its values in order."""
    parser = _Forms()
    parser.feed(response.text)
    (inputs,) = [inputs for values, inputs in parser.found if values.get("action") == action]
    fields: dict[str, list[str]] = {}
    for name, value in inputs:
        fields.setdefault(name, []).append(value)
    return fields

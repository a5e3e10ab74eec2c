"""Every route of an application with a sample address."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

_SAMPLES = {
    "reward_id": "1",
    "order_id": "noneNoneNone12",
    "order_reference": "store_none_1",
    "code": "none",
    "slug": "none",
    "provider": "wayforpay",
    "form": "csv",
    "kind": "csv",
    "digest": "0" * 64,
    "size": "small",
    "address": "0x" + "1" * 40,
}


def routes(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Yield (rule, method, URL) of every view."""
    for rule in app.url_map.iter_rules():
        url = re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda match: _SAMPLES.get(match[1], "1"), rule.rule)
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            yield rule, method, url

"""The routes as lines of text: `python -m tests.house.routes` rewrites the committed list."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from portal.web.core.access import access_of
from tests.support.apps import development_app

LIST = Path(__file__).with_name("routes.txt")


def route_lines(app: Flask) -> list[str]:
    """Return `METHOD path endpoint audience`, with `no-token` for routes without CSRF protection, sorted."""
    lines = []
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        token = [] if access.csrf else ["no-token"]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            lines.append(" ".join([method, rule.rule, rule.endpoint, access.audience, *token]))
    return sorted(lines, key=lambda line: line.split()[1::-1])


def main() -> None:
    LIST.write_text("\n".join(route_lines(development_app())) + "\n")


if __name__ == "__main__":
    main()

"""Other spellings of the portal's paths: slashes at the end, letter case, `index.html`, names of languages.

People and messengers change links on the way. The path is corrected before routing, without a redirect, because a
redirected POST loses its body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map

_LANGUAGE_NAME = re.compile(r"(en|uk|ru|ua|eng|ukr|rus)([-_][a-z]{2,4})?", re.IGNORECASE)
_LANGUAGES = {"ua": "uk", "eng": "en", "ukr": "uk", "rus": "ru"}
_INDEX = re.compile(r"/index\.(html?|php)/*$", re.IGNORECASE)
_SLASHES = re.compile(r"//+")
_PARAMETER = re.compile(r"<[^>]+>")
# Proxies restrict these by their exact path, so that no other spelling may lead to them.
_OPERATOR_PATHS = {"/api/cron/refcodes-mint", "/healthz", "/metrics", "/readyz"}


def language_of(segment: str) -> str | None:
    """Return the language that the first segment of a path names in any usual spelling: `uk`, `UA`, `en-US`."""
    match = _LANGUAGE_NAME.fullmatch(segment)
    return _LANGUAGES.get(match[1].lower(), match[1].lower()) if match else None


class PathSpelling:
    """Correct paths to the spelling of the routes; parameters such as codes and tokens keep their case."""

    def __init__(self, routes: Map) -> None:
        self._routes = routes
        self._patterns: list[tuple[re.Pattern[str], str]] = []

    def correct(self, path: str, *, has_language: bool = False) -> str:
        """Return the path as its route spells it, or without superfluous slashes where no route matches.

        Another spelling of an operators' path, or one behind the name of a language, matches no route.
        """
        tidy = self._tidy(path)
        is_exact = path == tidy and not has_language
        return tidy if is_exact or tidy not in _OPERATOR_PATHS else f"{tidy}/"

    def _tidy(self, path: str) -> str:
        if path == "/" or not path.startswith("/"):
            return path or "/"
        tidy = _SLASHES.sub("/", _INDEX.sub("/", path)).rstrip("/") or "/"
        if tidy.islower() or self.is_route(tidy):
            return tidy
        return next((each for each in self._respelled(tidy) if self.is_route(each)), tidy)

    def is_route(self, path: str, method: str | None = None) -> bool:
        """Return whether a route matches the path, with the method if one is given."""
        try:
            self._routes.bind("").match(path, method=method or "GET")
        except MethodNotAllowed:
            return method is None
        except HTTPException:
            return False
        return True

    def _respelled(self, path: str) -> Iterator[str]:
        self._patterns = self._patterns or _patterns(self._routes)
        for pattern, template in self._patterns:
            if match := pattern.fullmatch(path):
                yield template.format(*match.groups())


def _patterns(routes: Map) -> list[tuple[re.Pattern[str], str]]:
    """Return a pattern that ignores case and a template per route, those with fewest parameters first."""
    rules = {rule.rule for rule in routes.iter_rules()} - _OPERATOR_PATHS
    ordered = sorted(rules, key=lambda rule: (len(_PARAMETER.findall(rule)), rule))
    return [(_pattern(rule), _PARAMETER.sub("{}", rule)) for rule in ordered]


def _pattern(rule: str) -> re.Pattern[str]:
    return re.compile("([^/]+)".join(map(re.escape, _PARAMETER.split(rule))), re.IGNORECASE)

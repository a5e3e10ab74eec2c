"""Accessibility checks of a page with axe: WCAG 2.2 level AA."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WCAG_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
# What a second theme or window size of the same document can change.
APPEARANCE_RULES = ("color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable")
_RUN = """options => axe.run(options).then(({violations}) => violations.map(
  ({id, nodes}) => `${id}: ${nodes.map(node => node.html.slice(0, 160)).join(' | ')}`))"""


def violations(page: Page, *more_tags: str) -> list[str]:
    """Return every violation of the WCAG rules, and of other tags of axe such as "best-practice"."""
    return _run(page, "tag", [*WCAG_AA, *more_tags])


def appearance_violations(page: Page) -> list[str]:
    """Return the violations of the rules that depend on the theme or the window size."""
    return _run(page, "rule", list(APPEARANCE_RULES))


def _run(page: Page, kind: str, values: list[str]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"runOnly": {"type": kind, "values": values}, "resultTypes": ["violations"]}
    return list(page.evaluate(_RUN, options))

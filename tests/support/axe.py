"""Accessibility checks of a page with axe: WCAG 2.2 level AA."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

Theme = Literal["light", "dark"]

WCAG_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
# What a second theme or window size of the same document can change.
APPEARANCE_RULES = ("color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable")
# A change of colour passes from element to element, one frame for each, so a few frames must bring nothing new.
_DRAWN = """async theme => {
  const frame = () => new Promise(requestAnimationFrame);
  while (document.documentElement.getAttribute("data-bs-theme") !== theme) await frame();
  for (let still = 0; still < 3; still++) {
    await frame();
    if (document.getAnimations().some(animation => animation.playState === "running")) still = -1;
  }
}"""
_RUN = """options => axe.run(options).then(({violations}) => violations.map(({id, nodes}) => {
  const about = ({html, any}) => `${html.slice(0, 120)} (${any.map(check => check.message)})`;
  return `${id}: ${nodes.map(about).join(" | ")}`;
}))"""


def violations(page: Page, *more_tags: str) -> list[str]:
    """Return every violation of the WCAG rules, and of other tags of axe such as "best-practice"."""
    return _run(page, "tag", [*WCAG_AA, *more_tags])


def appearance_violations(page: Page) -> list[str]:
    """Return the violations of the rules that depend on the theme or the window size."""
    return _run(page, "rule", list(APPEARANCE_RULES))


def show_theme(page: Page, theme: Theme) -> None:
    """Switch the page to a theme and wait until it is drawn."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.evaluate(_DRAWN, theme)


def _run(page: Page, kind: str, values: list[str]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"runOnly": {"type": kind, "values": values}, "resultTypes": ["violations"]}
    return list(page.evaluate(_RUN, options))

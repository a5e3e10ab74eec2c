"""Accessibility checks of a page with axe: WCAG 2.2 level AA."""

from __future__ import annotations

from dataclasses import dataclass, field
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
# Mark three texts of each look that no earlier page had, as judging contrast takes longer than all other rules
# together. A look is the classes and colours of a text and of everything around it; `seen` has those that were judged.
_MARK_NEW_LOOKS = """seen => {
  const judged = new Map(seen.map(look => [look, 3])), added = new Set();
  const lookOf = element => {
    const style = getComputedStyle(element);
    const parts = [element.disabled, style.color, style.fontSize, style.fontWeight];
    for (let each = element; each; each = each.parentElement) {
      const around = getComputedStyle(each);
      parts.push(each.localName, each.className, around.backgroundColor, around.backgroundImage, around.opacity);
    }
    return parts.join();
  };
  const hasText = element => /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName)
    || [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
  for (const element of document.body.querySelectorAll("*")) {
    element.removeAttribute("data-new-look");
    if (!hasText(element) || !element.checkVisibility() || !element.getClientRects().length) continue;
    const look = lookOf(element), times = judged.get(look) ?? 0;
    if (times === 3) continue;
    judged.set(look, times + 1);
    added.add(look);
    element.setAttribute("data-new-look", "");
  }
  axe.configure({rules: [{id: "color-contrast", selector: "[data-new-look]"}]});
  return [...added];
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


@dataclass
class WalkedPages:
    """The accessibility of many pages, for which axe judges the contrast of each way in which text looks once."""

    _looks: set[str] = field(default_factory=set)

    def violations(self, page: Page) -> list[str]:
        """Return every violation of a page, apart from the contrast of looks that an earlier page had."""
        return _run(page, "tag", list(WCAG_AA), has_contrast=self._mark_new_looks(page))

    def appearance_violations(self, page: Page) -> list[str]:
        """Return what a theme or window size changed; as above."""
        return _run(page, "rule", list(APPEARANCE_RULES), has_contrast=self._mark_new_looks(page))

    def _mark_new_looks(self, page: Page) -> bool:
        _load(page)
        new = page.evaluate(_MARK_NEW_LOOKS, list(self._looks))
        self._looks.update(new)
        return bool(new)


def _run(page: Page, kind: str, values: list[str], *, has_contrast: bool = True) -> list[str]:
    _load(page)
    options = {
        "runOnly": {"type": kind, "values": values},
        "rules": {} if has_contrast else {"color-contrast": {"enabled": False}},
        "resultTypes": ["violations"],
    }
    return list(page.evaluate(_RUN, options))


def _load(page: Page) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)

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
# Mark the texts whose contrast axe has to judge, as its rule takes longer than all others together: those whose colours
# do not contrast with the nearest opaque background around them, and those with an image, a shadow, an opacity or a
# place of their own, so that something else may be behind them. `seen` are the looks that were judged on an earlier
# page: the classes and colours of a text and of all around it. Three texts of a new look are marked.
_MARK_UNCLEAR = """seen => {
  const pencil = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const colours = new Map(), judged = new Map(seen.map(look => [look, 3])), added = new Set();
  const read = text => {
    if (!colours.has(text)) {
      pencil.clearRect(0, 0, 1, 1);
      pencil.fillStyle = text;
      pencil.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pencil.getImageData(0, 0, 1, 1).data;
      colours.set(text, [red, green, blue, alpha / 255]);
    }
    return colours.get(text);
  };
  const over = (top, bottom) => [0, 1, 2].map(i => top[i] * top[3] + bottom[i] * (1 - top[3]));
  const luminance = colour => {
    const [red, green, blue] = colour.map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const styles = new Map();
  const styleOf = element => {
    if (!styles.has(element)) styles.set(element, getComputedStyle(element));
    return styles.get(element);
  };
  const background = element => {
    const layers = [];
    let isFound = false;
    for (let each = element; each; each = each.parentElement) {
      const style = styleOf(each);
      if (style.opacity !== "1" || style.filter !== "none" || style.mixBlendMode !== "normal") return null;
      if (isFound) continue;
      if (style.backgroundImage !== "none") return null;
      const colour = read(style.backgroundColor);
      layers.push(colour);
      isFound = colour[3] === 1;
      if (!isFound && !["static", "relative"].includes(style.position)) return null;
    }
    return isFound ? layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]) : null;
  };
  const isClear = element => {
    const style = styleOf(element), behind = background(element);
    if (!behind || style.textShadow !== "none") return false;
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || size >= 18.67 && style.fontWeight >= 700;
    return contrast(over(read(style.color), behind), behind) >= (isLarge ? 3 : 4.5) + 0.05;
  };
  const lookOf = element => {
    const parts = [element.disabled, styleOf(element).color, styleOf(element).fontSize, styleOf(element).fontWeight];
    for (let each = element; each; each = each.parentElement)
      parts.push(each.localName, each.className, styleOf(each).backgroundColor, styleOf(each).opacity);
    return parts.join();
  };
  const hasText = element => /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName)
    || [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
  for (const element of document.body.querySelectorAll("*")) {
    element.removeAttribute("data-unclear");
    if (!hasText(element) || !element.checkVisibility() || !element.getClientRects().length) continue;
    if (isClear(element)) continue;
    const look = lookOf(element), times = judged.get(look) ?? 0;
    if (times === 3) continue;
    judged.set(look, times + 1);
    added.add(look);
    element.setAttribute("data-unclear", "");
  }
  axe.configure({rules: [{id: "color-contrast", selector: "[data-unclear]"}]});
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
        return _run(page, "tag", list(WCAG_AA), has_contrast=self._mark_unclear(page))

    def appearance_violations(self, page: Page) -> list[str]:
        """Return what a theme or window size changed; as above."""
        return _run(page, "rule", list(APPEARANCE_RULES), has_contrast=self._mark_unclear(page))

    def _mark_unclear(self, page: Page) -> bool:
        _load(page)
        new = page.evaluate(_MARK_UNCLEAR, list(self._looks))
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

"""Every page in every language: axe finds nothing, nothing scrolls sideways, no word of another language is left.

Each page is loaded once per language and shown at several window sizes. axe takes most of the time and depends on the
markup, which is the same in every language: it checks the English page, once per theme. The sizes come in an order in
which the window changes seldom.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page

from portal.stores.adapters.registry import list_platforms
from tests.browser.conftest import Visitor
from tests.support.axe import Theme, WalkedPages, show_theme
from tests.support.living import sql
from tests.support.pages import PAGES, Lived
from tests.support.portals import RunningPortal

WIDE, NARROW = (1280, 860), (360, 740)
# At 200% zoom a window of 1280 pixels is as wide as 640 pixels.
ZOOMED = (640, 430)
# The theme of a language, and its window sizes in order.
LOOKS: dict[str, tuple[Theme, list[tuple[int, int]]]] = {
    "en": ("light", [WIDE, NARROW]),
    "uk": ("dark", [NARROW, ZOOMED, WIDE]),
    "ru": ("light", [WIDE, NARROW]),
}
# Names, formats and currencies that are the same in every language.
SAME_EVERYWHERE = {
    "API", "CSV", "ERC", "ETH", "Gwei", "ID", "IP", "JSON", "PNG", "QR", "RING", "SVG", "TOTP", "UAH", "URL", "USD",
    "JPY", "RPC", "true", "wei",
    "USDC", "USDT", "WayForPay", "XLSX", "Ring", "Referrals", "UTC",
    "WooCommerce", "WordPress", "Shopify", "Stripe", "Medusa", "Vendure", "Saleor", "Horoshop", "KeyCRM", "django",
    "oscar", "zip", "Zip", "cookie", "SKU", "Checkout", "head", "JPEG", "WebP", "slug", "false", "UTF",
    "http", "https", "webhook",
    "EN", "UA", "UK", "RU", "Chrome", "Linux", "Aegis", "FreeOTP", "SUBSCRIBER", "MEMBER", "CONFIDENTIAL",
}  # fmt: skip
# The language of the page and all text in it: no code, no user input, no names of languages.
TEXTS = """() => {
  const skip = 'script, style, noscript, template, code, kbd, [translate=no], [lang]:not(html), input[type=hidden]';
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent && !parent.closest(skip)) texts.push(walker.currentNode.data);
  }
  for (const element of document.querySelectorAll('*')) {
    if (element.closest(skip)) continue;
    for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-description', 'data-label', 'content'])
      if (element.hasAttribute(name) && element.tagName !== 'META') texts.push(element.getAttribute(name));
  }
  for (const [name, value] of Object.entries(document.body.dataset)) if (name.startsWith('text')) texts.push(value);
  return [document.documentElement.lang, texts.join(' ')];
}"""
# What does not fit: the chosen text of a list, a table of cards, tiles, words and numbers that are broken over lines;
# markup that is shown as text, and ids that a label or script could mean by mistake.
CUT = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  const twice = new Set(ids.filter((id, at) => ids.indexOf(id) !== at));
  const found = [...twice].map(id => `two elements have the id ${id}`);
  const pencil = document.createElement('canvas').getContext('2d');
  for (const select of document.querySelectorAll('select')) {
    const style = getComputedStyle(select), text = select.selectedOptions[0]?.text ?? '';
    pencil.font = style.font;
    const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (select.offsetParent && pencil.measureText(text).width > room) found.push(`the choice ${text} is cut`);
  }
  for (const box of document.querySelectorAll('.table-box:has(> .table-stack), .tiles'))
    if (box.offsetParent && box.scrollWidth > box.clientWidth + 1) found.push(`${box.className} is wider than its box`);
  const range = document.createRange(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const whole = /(?<![^\\s(«“])(\\p{L}{2,}|\\d[\\d.,\\u00a0\\u202f]*\\d)(?![^\\s.,:;!?)»”%])/gu;
  while (walker.nextNode()) {
    const { data, parentElement: parent } = walker.currentNode;
    if (parent.closest('[translate=no], code, pre, script, noscript') || !parent.checkVisibility()) continue;
    for (const { 0: word, index } of data.matchAll(whole)) {
      range.setStart(walker.currentNode, index);
      range.setEnd(walker.currentNode, index + word.length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 1) found.push(`${word} is broken over lines`);
    }
  }
  if (/<\\/?[a-z]+[ >]/.test(document.querySelector('main')?.innerText ?? '')) found.push('markup is shown as text');
  return found;
}"""
SHOPS = ("Shopify", "Mug shop", "Own shop", "Shop", "MUG-1", "potters", "Mug", "Poster")
LATIN = re.compile(r"[A-Za-z][A-Za-z'’]+")
# Words with letters that the language does not have.
FOREIGN = {
    "en": re.compile(r"\w*[А-Яа-яІіЇїЄєҐґЁё]\w*"),
    "uk": re.compile(r"\w*[ыэъёЫЭЪЁ]\w*"),
    "ru": re.compile(r"\w*[іїєґІЇЄҐ]\w*"),
}
# Amounts, addresses, file names, references and e-mail addresses.
TECHNICAL = re.compile(
    r"\b[a-z]+_[a-z_]+\b|\b[A-Z]+(?:_[A-Z]+)+\b|\b[\w-]+\.(?:csv|xlsx)\b|/dev/mail\b|0x[0-9a-fA-F…]+|\S+@\S+|\b(?:store|membership|sim)_\S+|https?://\S+|\b\w*[0-9]\w*\b"
)


@dataclass
class PageCheck:
    """What is wrong with the pages that were looked at."""

    page: Page
    names: list[str]
    accessibility: WalkedPages
    problems: list[str] = field(default_factory=list)

    def look_at(self, locale: str, path: str) -> None:
        """Open a page in one language and note everything that is wrong with it."""
        theme, sizes = LOOKS[locale]
        where = f"/{locale}{path}"
        self.page.emulate_media(color_scheme=theme)
        self._resize(sizes[0])
        self.page.goto(where)
        if locale == "en":
            self._note(where, self.accessibility.violations(self.page))
        self._note(where, foreign_words(self.page, locale, self.names))
        for size in sizes:
            self._resize(size)
            self._note_sideways(f"{where} at {size[0]} px")
            if size == NARROW:
                self._note(where, self.page.evaluate(CUT))
        if locale == "en":
            show_theme(self.page, "dark")
            dark = self.accessibility.appearance_violations(self.page)
            self._note(f"{where} in the dark theme", dark)

    def _resize(self, size: tuple[int, int]) -> None:
        width, height = size
        if self.page.viewport_size != {"width": width, "height": height}:
            self.page.set_viewport_size({"width": width, "height": height})

    def _note(self, where: str, problems: list[str]) -> None:
        self.problems += [f"{where}: {problem}" for problem in problems]

    def _note_sideways(self, where: str) -> None:
        pixels = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if pixels > 0:
            self._note(where, [f"scrolls sideways by {pixels} px"])


def foreign_words(page: Page, locale: str, names: list[str]) -> list[str]:
    """Return the words of another language on a page, apart from `names`."""
    language, text = page.evaluate(TEXTS)
    assert language == locale
    for name in names:
        text = text.replace(name, " ")
    text = TECHNICAL.sub(" ", text)
    words = set(FOREIGN[locale].findall(text))
    if locale != "en":
        words |= set(LATIN.findall(text)) - SAME_EVERYWHERE
    return sorted(words)


@pytest.fixture
def names(portal: RunningPortal, lived: Lived) -> list[str]:
    """Return user input and names that appear inside sentences and attributes."""
    with sql(portal) as cursor:
        cursor.execute(
            "SELECT failure_reason FROM referral_rewards WHERE failure_reason IS NOT NULL"
            " UNION SELECT name FROM products"
        )
        stored = [text for (text,) in cursor.fetchall()]
    code = portal.description["referralLink"].partition("=")[2]
    return [
        *stored,
        code,
        "Demo Tea House",
        "Demo Book Corner",
        "Demo Referrer",
        "Demo Buyer",
        *SHOPS,
        *list_platforms(),
        "Ring Referrals",
    ]


@pytest.fixture(scope="module")
def accessibility() -> WalkedPages:
    """Return what remembers the looks that a page of any role had."""
    return WalkedPages()


@pytest.mark.parametrize("role", PAGES)
def test_pages_are_accessible_and_translated(
    visitor: Visitor,
    sign_in: Callable[[Page, str], None],
    portal: RunningPortal,
    lived: Lived,
    names: list[str],
    accessibility: WalkedPages,
    role: str,
) -> None:
    page = visitor(reduced_motion="reduce")
    page.goto(f"/en/?ref={portal.description['referralLink'].partition('=')[2]}")
    if role != "visitor":
        sign_in(page, role)
    if role == "buyer":
        page.goto("/products/mountain-tea")
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/cart")
    check = PageCheck(page, names, accessibility)
    for path in lived.addresses(role):
        for locale in LOOKS:
            check.look_at(locale, path)
    assert not check.problems, "\n".join(check.problems)

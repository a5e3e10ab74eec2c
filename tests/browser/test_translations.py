"""No page shows a word of another language: every page as its role, Ukrainian and Russian."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visitor
from tests.support.living import sql
from tests.support.pages import PAGES, Lived
from tests.support.portals import RunningPortal

# What is written so in every language: names, formats, currencies.
SAME_EVERYWHERE = {
    "API", "CSV", "ERC", "ETH", "Gwei", "ID", "IP", "JSON", "PNG", "QR", "RING", "SVG", "TOTP", "UAH", "URL", "USD",
    "USDC", "USDT", "WayForPay", "XLSX", "Ring", "Referrals", "UTC",
    "EN", "UA", "UK", "RU", "Chrome", "Linux", "Aegis", "FreeOTP", "SUBSCRIBER", "MEMBER", "CONFIDENTIAL",
}  # fmt: skip
# The language's own text: not code, not what people have typed, not the names of languages.
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
  return texts;
}"""
LATIN = re.compile(r"[A-Za-z][A-Za-z'’]+")
FOREIGN = {"uk": re.compile(r"\w*[ыэъёЫЭЪЁ]\w*"), "ru": re.compile(r"\w*[іїєґІЇЄҐ]\w*")}
# An amount, an address, a reference, an e-mail address.
TECHNICAL = re.compile(r"0x[0-9a-fA-F…]+|\S+@\S+|\b(?:store|membership|sim)_\S+|https?://\S+|\b\w*[0-9]\w*\b")


@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize("locale", ["uk", "ru"])
def test_no_word_of_another_language_is_left(
    visitor: Visitor,
    sign_in: Callable[[Page, str], None],
    portal: RunningPortal,
    lived: Lived,
    role: str,
    locale: str,
) -> None:
    page = visitor()
    if role != "visitor":
        sign_in(page, role)
    if role == "buyer":
        page.goto("/products/mountain-tea")
        page.locator("main button[type=submit]").click()
    # What people have typed and what they and their products are called, where a sentence or an attribute says it.
    with sql(portal) as cursor:
        cursor.execute(
            "SELECT DISTINCT failure_reason FROM referral_rewards WHERE failure_reason IS NOT NULL"
        )
        typed = [reason for (reason,) in cursor.fetchall()]
    names = typed + [row["name"] for row in page.request.get("/api/store/products").json()]
    names += [
        portal.description["referralLink"].partition("=")[2],
        "Demo Tea House",
        "Demo Book Corner",
        "Demo Referrer",
        "Ring Referrals",
    ]
    strays = {}
    for path in lived.addresses(role):
        page.goto(f"/{locale}{path}")
        assert page.locator("html").get_attribute("lang") == locale
        text = " ".join(page.evaluate(TEXTS))
        for name in names:
            text = text.replace(name, " ")
        text = TECHNICAL.sub(" ", text)
        found = set(LATIN.findall(text)) - SAME_EVERYWHERE | set(FOREIGN[locale].findall(text))
        if found:
            strays[path] = sorted(found)
    assert not strays

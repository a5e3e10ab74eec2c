"""A customer of a store connects an account and sees the results inside the store. See docs/stores/referrers.md."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.portals import RunningPortal
from tests.support.shop_pages import shop_pages

DOCUMENT = Path("docs/stores/referrers.md")
KEY = "rk_live_" + "e" * 32
ADD_STORE = """
WITH added AS (
    INSERT INTO stores (public_id, name, platform, collected_by, default_vendor_id, origins)
    VALUES ('EmbedTests', 'Mugs', 'api', 'store', (SELECT min(id) FROM vendors), %s) RETURNING id
)
INSERT INTO store_keys (store_id, mode, prefix, key_hash, scopes)
SELECT id, 'live', 'rk_live_eeee', %s, ARRAY['orders:write'] FROM added
"""


def run_example(portal_url: str) -> dict[str, Any]:
    """Return what the documented request answers; it has the members that the document shows."""
    text = DOCUMENT.read_text()
    (request, answer) = (re.search(rf"^```{kind}\n(.*?)^```$", text, re.M | re.S) for kind in ("sh", "json"))
    assert request
    assert answer
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PORTAL": portal_url, "KEY": KEY}
    command = ["/bin/bash", "-euc", request[1]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    members: dict[str, Any] = json.loads(done.stdout)
    assert set(members) == set(json.loads(answer[1]))
    return members


def test_customer_connects_an_account_and_sees_the_results_in_the_store(
    visitor: Callable[..., Page], portal: RunningPortal
) -> None:
    (block,) = re.findall(r"^```html\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    page = visitor()
    with shop_pages(portal.url) as shop:
        with psycopg2.connect(portal.description["databaseUrl"]) as database, database.cursor() as cursor:
            origins = [shop.url("account.shop.example.test", "")]
            cursor.execute(ADD_STORE, [origins, hashlib.sha256(KEY.encode()).hexdigest()])
        database.close()

        def open_store(host: str = "account.shop.example.test") -> str:
            answer = run_example(portal.url)
            shop.page = block.replace("https://portal.example", portal.url).replace(
                "EMBED_URL", answer["embedUrl"]
            )
            page.goto(shop.url(host))
            return str(answer["code"])

        code = open_store()
        frame = page.frame_locator("#ring")
        # The link works before there is an account.
        expect(frame.get_by_label("Share link")).to_have_value(f"{origins[0]}/?ref={code}")
        with page.context.expect_page() as opened:
            frame.get_by_role("link", name="Connect your account").click()
        # Signing in happens on the portal, never in the frame.
        portal_page = opened.value
        portal_page.wait_for_url("**/login?**")
        login = portal.description["logins"]["referrer"]
        portal_page.locator("#email").fill(login["email"])
        portal_page.locator("#password").fill(login["password"])
        portal_page.locator("main button[type=submit]").click()
        expect(portal_page.get_by_text("The store Mugs wants to show")).to_be_visible()
        assert violations(portal_page) == []
        portal_page.get_by_role("button", name="Connect your account").click()
        card = portal_page.locator(f"#code-{code}")
        expect(card.get_by_text("waiting for you to choose a wallet")).to_be_visible()
        assert violations(portal_page) == []
        card.get_by_role("button", name="Use this wallet").click()
        expect(card.get_by_text("waiting for you to choose a wallet")).to_have_count(0)
        # Browsers copy only in the tab in front.
        portal_page.close()
        assert open_store() == code
        expect(frame.get_by_label("Share link")).to_have_value(f"{origins[0]}/?ref={code}")
        page.wait_for_function("document.getElementById('ring').offsetHeight > 300")
        frame.get_by_role("button", name="Copy link").click()
        expect(frame.get_by_role("button", name="Copied")).to_be_visible()
        tab = visitor(viewport={"width": 360, "height": 700})
        tab.goto(str(page.locator("#ring").get_attribute("src")))
        assert violations(tab, "best-practice") == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360
        assert tab.context.cookies() == []
        # The same page on an origin that the store did not register shows nothing.
        open_store("evil.example.test")
        expect(frame.get_by_text("Share link")).to_have_count(0)

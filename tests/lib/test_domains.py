"""Domains in ASCII: as browsers and mail servers look them up, whatever script they are typed in."""

from __future__ import annotations

import pytest

from portal.lib.domains import ascii_domain
from portal.lib.urls import origin_of, split_url
from portal.stores.customers import email_digest


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("Shop.Example", "shop.example"),
        ("пошта.укр", "xn--80a1acn3a.xn--j1amh"),
        ("ПОШТА.УКР", "xn--80a1acn3a.xn--j1amh"),
        ("faß.de", "xn--fa-hia.de"),
        ("FAẞ.de", "xn--fa-hia.de"),
        ("ναύς.gr", "xn--mxaxq7b.gr"),
        ("نامه\u200cای.com", "xn--mgba3gch31f060k.com"),
        ("ｆｕｌｌ.example", "full.example"),
        ("i❤.ws", "xn--i-7iq.ws"),
        ("my_shop.example", "my_shop.example"),
        ("bücher_.example", "xn--bcher_-3ya.example"),
    ],
)
def test_domain_is_the_one_that_browsers_open(typed: str, domain: str) -> None:
    assert ascii_domain(typed) == domain


@pytest.mark.parametrize(
    "typed", ["münchen..de", "\u202e.de", "ex\u200cample.ir", "faß❤.de", f"{'ö' * 64}.de"]
)
def test_text_that_is_no_domain_is_refused(typed: str) -> None:
    with pytest.raises(UnicodeError):
        ascii_domain(typed)


def test_two_domains_stay_two() -> None:
    assert origin_of(split_url("https://faß.de")) != origin_of(split_url("https://fass.de"))
    assert email_digest("ada@faß.de") == email_digest("ada@xn--fa-hia.de")
    assert email_digest("ada@faß.de") != email_digest("ada@fass.de")

"""A form that shows what is stored overwrites no change that another admin made since it was loaded."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from models import EventLog, User
from tests.factories import make_product, make_store, make_vendor
from tests.web.conftest import visitor
from tests.web.pages import filled_form, text_of
from tests.web.visitor import Visitor

STALE = "in the meantime. Nothing was saved."
# The page whose form posts to the page's own address, what one admin changes in it, and what another one does.
FORMS = {
    "terms": ("/admin/store/commissions/vendors/{vendor}", {"hold_days": "9"}, {"platform_percent": "12"}),
    "vendor": ("/admin/vendors/{vendor}", {"tier": "growth"}, {"name": "Another name"}),
    "store": ("/admin/stores/{store}/settings", {"commission_base": "gross"}, {"name": "Another name"}),
    "programme": ("/admin/programme/new", {"hold_days": "9"}, {"crypto": "manual"}),
    "product": ("/admin/products/{product}", {"price": "7.00"}, {"name": "Another name"}),
}
WRONG = {"name": "", "hold_days": "never", "price": "never"}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, database: str) -> tuple[str, dict[str, str], dict[str, str]]:
    page, first, second = FORMS[request.param]
    vendor = make_vendor(config_payout_wallet="0x" + "ab" * 20, config_hold_days=3)
    ids = {"vendor": vendor.id, "store": make_store(vendor).id, "product": make_product(vendor).id}
    return page.format(**ids), first, second


def test_second_of_two_admins_overwrites_nothing(
    as_admin: Visitor, admin: User, form: tuple[str, dict[str, str], dict[str, str]]
) -> None:
    url, first, second = form
    colleague = visitor(as_admin.application, admin)

    def fields(answer: TestResponse, **changes: str) -> dict[str, object]:
        return {**filled_form(answer, url), "action": "save", **changes}

    seen = colleague.get(url)
    assert as_admin.submit(url, fields(as_admin.get(url), **first)).status_code == 303
    events = EventLog.select().count()
    refused = colleague.submit(url, fields(seen, **second))
    assert refused.status_code == 409
    assert STALE in text_of(refused)
    # A form that comes back with an error is as old as it was.
    wrong = colleague.submit(url, fields(seen, **WRONG))
    assert wrong.status_code == 422
    shown = {"shown": filled_form(wrong, url)["shown"][0]}
    assert colleague.submit(url, fields(seen, **second, **shown)).status_code == 409
    assert EventLog.select().count() == events
    now = colleague.get(url)
    assert {name: filled_form(now, url)[name] for name in first} == {
        name: [text] for name, text in first.items()
    }
    assert colleague.submit(url, fields(now, **second)).status_code == 303

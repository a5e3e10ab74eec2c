"""The referrer dashboard: totals, links, QR codes and the reward history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from models import EventLog, Order, Refcode, StoreReferrer, User
from portal.lib.clock import utc_now
from portal.programme.terms_operations import save_terms
from tests.factories import (
    ACTOR,
    TOKEN,
    make_code,
    make_order,
    make_payment,
    make_reward,
    make_store,
    make_visits,
    new_address,
)
from tests.scale.plans import recorded_statements
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

# docs/performance.md, pages.
STATEMENTS = 15


def test_totals_cover_more_rewards_than_a_page(as_owner: Visitor, owner: User) -> None:
    code = make_code(owner)
    for _ in range(60):
        make_reward(code, "minted", reward_amount_wei=2 * TOKEN)
    make_reward(code, reward_amount_wei=5 * TOKEN)
    make_reward(code, "rejected", reward_amount_wei=1_000 * TOKEN)
    make_reward(code, "failed", reward_amount_wei=1_000 * TOKEN)
    page = as_owner.get("/refcodes")
    tiles = text_of(page).split("Reward history")[0]
    assert "125" in tiles
    assert "120" in tiles
    assert page.text.count('class="reward-entry"') == 50


def test_history_pages_by_cursor_as_page_and_fragment(as_owner: Visitor, owner: User) -> None:
    code = make_code(owner)
    rewards = [make_reward(code).id for _ in range(52)]
    first = as_owner.get("/refcodes")
    cursor = first.text.split("cursor=")[1].split("#history")[0]
    rest = as_owner.get(f"/refcodes?cursor={cursor}")
    shown = [row for row in rewards if f'id="reward-{row}"' in first.text]
    assert [row for row in rewards if f'id="reward-{row}"' in rest.text] == [
        row for row in rewards if row not in shown
    ]
    fragment = as_owner.fragment(f"/refcodes?cursor={cursor}")
    assert "<html" not in fragment.text
    assert fragment.text.count('class="reward-entry"') == 2


@pytest.mark.parametrize("approval", [False, True])
def test_dashboard_issues_few_statements_in_its_worst_state(
    make_app: MakeApp, owner: User, *, approval: bool
) -> None:
    """Terms to accept, a wallet without a code, a code without a wallet and one that is off, labels and rewards."""
    browser = visitor(make_app(referral_joining_approval=approval), owner)
    off, of_store = make_code(owner, active=False), make_code(owner)
    make_visits(off, {0: 3})
    for status in ("minted", "failed"):
        make_reward(off, status)
    EventLog.insert(
        entity="refcode", entity_id=off.code, event="code_deactivated", actor=f"user:{owner.id}"
    ).execute()
    save_terms({"en": "Share honestly."}, 0, ACTOR)
    customer = StoreReferrer.insert(
        store=make_store().id,
        user=owner.id,
        customer="c-7",
        connected_at=utc_now(),
        stated_wallet=new_address(),
    ).execute()
    Refcode.update(wallet_address="", store_referrer_id=customer).where(
        Refcode.code == of_store.code
    ).execute()
    browser.get("/refcodes")
    with recorded_statements() as statements:
        page = browser.get("/refcodes")
    assert "The store suggests this wallet" in page.text
    assert len(statements) <= STATEMENTS, [sql for sql, _values in statements]


def test_invalid_cursor_is_refused(as_owner: Visitor) -> None:
    assert as_owner.get("/refcodes?cursor=x").status_code == 400
    answer = as_owner.fragment("/refcodes?cursor=x")
    assert answer.status_code == 400
    assert "<html" not in answer.text


def test_code_shows_link_visits_and_funnel(as_owner: Visitor, owner: User, other: User) -> None:
    code = make_code(owner)
    make_visits(code, {0: 3, 10: 4, 30: 5})
    make_order(other, code=code)
    make_payment(make_order(other, code=code, paid=True), "paid")
    page = as_owner.get("/refcodes")
    assert f"http://localhost?ref={code.code}" in page.text
    text = text_of(page)
    assert "12 visits" in text
    assert "2 orders" in text
    assert "1 paid order" in text


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("pending_approval", "Waiting for approval"),
        ("approved", "Approved"),
        ("minting", "Being sent"),
        ("minted", "Minted"),
        ("failed", "no usable token price"),
        ("rejected", "Looks like one person."),
    ],
)
def test_each_status_is_explained(as_owner: Visitor, owner: User, status: str, expected: str) -> None:
    make_reward(owner, status)
    for locale in ("uk", "ru"):
        assert as_owner.get(f"/{locale}/refcodes").status_code == 200
    page = as_owner.get("/en/refcodes")
    assert expected in text_of(page)
    assert "5% of" in text_of(page)


def test_explanation_of_a_reward_adds_up_as_shown(as_owner: Visitor, owner: User) -> None:
    # 5% of 299 UAH at 40 is 0.37375 dollars: with four decimals the line would say 0.3738 = 3.7375.
    make_reward(owner, usd_value=Decimal("0.37375"), reward_amount_wei=3_737_500_000_000 * 10**6)
    assert "= $0.37375 = 3.7375 RING" in text_of(as_owner.get("/refcodes")).replace("\xa0", " ")


def test_reward_without_amount_shows_its_failure(as_owner: Visitor, owner: User) -> None:
    make_reward(
        owner,
        "failed",
        currency="PLN",
        reward_amount_wei=None,
        usd_value=None,
        token_price_usd=None,
        failure_reason="rate_missing",
        sizing={
            "percentExact": "5",
            "lines": [],
            "failure": {"code": "rate_missing", "params": {"currency": "PLN"}},
        },
    )
    assert "no exchange rate for PLN" in text_of(as_owner.get("/refcodes"))


def test_rewards_of_others_are_hidden(as_other: Visitor, owner: User) -> None:
    reward = make_reward(owner)
    page = as_other.get("/refcodes").text
    assert reward.order_reference not in page
    assert reward.ref_code not in page


def test_dashboard_requires_sign_in(client: Visitor) -> None:
    assert client.get("/refcodes").location == "/login?next=/refcodes"
    assert client.fragment("/refcodes").status_code == 401


# ---------------------------------------------------------------------- QR codes


def test_qr_code_downloads_as_svg(as_owner: Visitor, owner: User) -> None:
    code = make_code(owner)
    answer = as_owner.get(f"/refcodes/{code.code}/qr.svg")
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=referral-{code.code}.svg"
    picture = ElementTree.fromstring(answer.data)
    # As a file it needs the SVG namespace and its own white background.
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert 'fill="#fff"' in answer.text
    assert "<script" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_qr_code_is_private_to_its_owner(
    client: Visitor, as_other: Visitor, as_admin: Visitor, owner: User
) -> None:
    url = f"/refcodes/{make_code(owner).code}/qr.svg"
    assert as_other.get(url).status_code == 404
    assert as_admin.get(url).status_code == 404
    assert client.get(url).status_code == 303
    assert as_other.get("/refcodes/nosuchcd/qr.svg").status_code == 404


# ---------------------------------------------------------------------- deactivating


def test_owner_deactivates_and_activates_a_code(as_owner: Visitor, owner: User) -> None:
    code = make_code(owner)
    for active in (False, False, True, True):
        answer = as_owner.submit(f"/refcodes/{code.code}/active", {"active": int(active)})
        assert (answer.status_code, answer.location) == (303, "/refcodes")
        assert Refcode.get_by_id(code.code).active is active
    events = [
        row.event for row in EventLog.select().where(EventLog.entity == "refcode").order_by(EventLog.id)
    ]
    assert events == ["code_deactivated", "code_activated"]


def test_others_cannot_switch_a_code(
    client: Visitor, as_other: Visitor, as_owner: Visitor, owner: User
) -> None:
    code = make_code(owner)
    url = f"/refcodes/{code.code}/active"
    assert as_other.submit(url, {"active": "0"}).status_code == 404
    assert client.submit(url, {"active": "0"}).status_code == 401
    assert as_owner.post(url, data={"active": "0"}).status_code == 400
    assert as_owner.get(url).status_code == 405
    assert Refcode.get_by_id(code.code).active is True


def test_deactivation_explains_its_effect(as_owner: Visitor, owner: User) -> None:
    code = make_code(owner)
    text = text_of(as_owner.get("/refcodes"))
    assert "Earlier rewards are unaffected, and pending ones are still reviewed and sent" in text
    as_owner.submit(f"/refcodes/{code.code}/active", {"active": "0"})
    page = as_owner.get("/refcodes")
    assert "You deactivated this code. It earns nothing new;" in text_of(page)
    assert form_fields(page, f"/refcodes/{code.code}/active")["active"] == ["1"]


def test_owner_cannot_activate_a_code_that_an_admin_deactivated(
    as_owner: Visitor, as_admin: Visitor, owner: User
) -> None:
    code = make_code(owner)
    own, admins = f"/refcodes/{code.code}/active", f"/admin/refcodes/codes/{code.code}/active"
    assert as_admin.submit(admins, {"active": "0", "reason": "  Bought by themselves.  "}).status_code == 303
    page = as_owner.get("/refcodes")
    assert "An admin deactivated this code. Reason: Bought by themselves." in text_of(page)
    assert own not in page.text
    assert as_owner.submit(own, {"active": "1"}).location == "/refcodes"
    assert "An admin deactivated this code" in text_of(as_owner.get("/refcodes")).split("Reward history")[0]
    assert Refcode.get_by_id(code.code).active is False
    as_admin.submit(admins, {"active": "1"})
    assert Refcode.get_by_id(code.code).active is True
    assert "An admin deactivated" not in text_of(as_owner.get("/refcodes"))


def test_code_of_an_unlinked_wallet_links_to_linking(as_owner: Visitor, owner: User) -> None:
    code = make_code(owner)
    as_owner.submit(f"/account/wallets/{code.wallet_address}/unlink")
    page = as_owner.get("/refcodes")
    assert "is no longer linked to your account" in text_of(page)
    assert f'action="/refcodes/{code.code}/active"' not in page.text
    assert 'href="/account/wallets#link-wallet"' in page.text


# ---------------------------------------------------------------------- visits and the funnel


def test_each_period_is_compared_with_the_one_before(as_owner: Visitor, owner: User) -> None:
    code = make_code(owner, created_at=datetime.now(UTC) - timedelta(days=83))
    make_visits(code, {0: 3, 1: 5, 6: 1, 7: 20, 13: 4, 14: 50, 27: 7, 28: 9, 55: 6, 56: 1})
    Refcode.update(visits_total=Refcode.visits_total + 30).where(Refcode.code == code.code).execute()
    make_visits(make_code(owner), {0: 1})
    page = as_owner.get("/refcodes")
    tiles = text_of(page).split("All visits")[0].split("Visits today")[1]
    assert tiles.strip() == (
        "4 yesterday: 5 Last 7 days 10 previous 7 days: 24 Last 28 days 91 previous 28 days: 15"
    )
    assert "All visits 137 28 days ago: 46" in text_of(page)
    assert page.text.count('class="trend trend-down"') == 2
    assert page.text.count('class="trend trend-up"') == 2


def test_funnel_says_where_it_stops(as_owner: Visitor, owner: User, other: User) -> None:
    code = make_code(owner)

    def funnel() -> str:
        return text_of(as_owner.get("/refcodes")).split("Visits in the last 28 days")[0]

    assert "No visits yet. Share the link to start." in funnel()
    assert "0 paid orders" not in funnel()
    make_visits(code, {0: 12})
    assert "12 visits, no orders yet." in funnel()
    order = make_order(other, code=code)
    assert "1 order, not paid yet." in funnel()
    assert "0 paid orders" in funnel()
    Order.update(paid_at=datetime.now(UTC)).where(Order.id == order.id).execute()
    for sentence in ("no orders yet", "not paid yet", "No visits"):
        assert sentence not in funnel()


def test_plot_has_a_table_and_works_without_javascript(as_owner: Visitor, owner: User) -> None:
    code = make_code(owner)
    make_visits(code, {0: 3})
    text = as_owner.get("/refcodes").text
    plot = text.split(f'id="plot-{code.code}"')[1].split("</figure>")[0]
    assert plot.count('scope="row"') == 28
    assert f'aria-describedby="plot-{code.code}-desc"' in plot
    assert f'href="/refcodes/{code.code}/qr.svg"' in text
    assert 'href="/account/wallets#link-wallet"' in text


def test_each_wallet_has_a_code(as_owner: Visitor, owner: User) -> None:
    codes = [make_code(owner) for _ in range(2)]
    text = as_owner.get("/refcodes").text
    for code in codes:
        assert f'value="http://localhost?ref={code.code}"' in text


def test_empty_dashboard_says_what_to_do(as_owner: Visitor) -> None:
    text = text_of(as_owner.get("/refcodes"))
    assert "You have no share link yet" in text
    assert "No rewards yet" in text


def test_timeline_of_a_rejected_reward_keeps_the_approval(as_owner: Visitor, owner: User) -> None:
    make_reward(owner, "rejected", approved_at=datetime.now(UTC))
    steps = text_of(as_owner.get("/refcodes")).split("History")[1]
    assert "Order paid (done)" in steps
    assert "Approved (done)" in steps
    assert "Rejected (failed)" in steps

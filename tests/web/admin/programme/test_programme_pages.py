"""The pages of the programme: save, preview, withdraw; campaigns and personal bonuses; what a referrer reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from models import EventLog, ProgrammeCampaign, ProgrammeVersion, ReferralReward, ReferrerBonus, User
from portal.db import Actor
from portal.programme.bonus_operations import add_campaign, add_referrer_bonus
from portal.programme.operations import save_version
from portal.programme.version_rules import ProgrammeRules
from tests.factories import make_admin, make_code, make_order, make_payment, make_reward, make_user
from tests.web.account.factor import enrol, expire_confirmation
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.production import PRODUCTION, browse, submit
from tests.web.visitor import Visitor

KYIV = ZoneInfo("Europe/Kyiv")
ACTOR = Actor("command:test")
NEW, CAMPAIGNS, BONUSES = (f"/admin/programme/{page}" for page in ("new", "campaigns", "referrers"))
FORM = {"hold_days": "14", "fiat": "manual", "crypto": "automatic", "combine": "best", "action": "save"}


def day(days: int) -> str:
    return (datetime.now(KYIV) + timedelta(days=days)).strftime("%Y-%m-%d")


def midnight(days: int) -> datetime:
    return datetime.combine(datetime.now(KYIV).date() + timedelta(days=days), datetime.min.time(), KYIV)


def sold(owner: User, status: str = "pending_approval", **changes: Any) -> ReferralReward:
    """Return the reward of a paid order of 1000 UAH at 5%: 12.5 tokens."""
    order = make_order(make_user())
    make_payment(order, status="paid", paid_at=datetime.now(UTC))
    sizing = {
        "percentExact": "5", "usdRate": "40", "tokenPriceUsd": "0.1",
        "lines": [{"productId": None, "subtotalMinor": "100000", "percent": "5", "source": "default"}],
    }  # fmt: skip
    values = {"order_id": order.id, "order_reference": order.order_reference, "programme_version_id": 1}
    return make_reward(owner, status, sizing=sizing, **{**values, **changes})


def test_saved_version_is_in_force_and_explained(as_admin: Visitor, admin: User) -> None:
    levels = {"levels": "1", "referrals_1": "10", "points_1": "1,5", "combine": "sum"}
    answer = as_admin.submit(NEW, {**FORM, **levels, "budget": "1", "budget_usd": "500"})
    assert (answer.status_code, answer.location) == (303, "/admin/programme")
    version = ProgrammeVersion.get(ProgrammeVersion.id > 1)
    assert (version.created_by, version.rules["holdDays"], version.rules["budgetUsd"]) == (
        admin.id,
        14,
        "500",
    )
    page = text_of(as_admin.get("/admin/programme"))
    assert "1970" not in page
    for sentence in (
        "From the beginning",
        "From 10 paid referrals on: 1.5% more.",
        "A reward can be sent from 14 days after the payment.",
        "Up to $500.00 of rewards are approved per month",
        "of $500.00",
    ):
        assert sentence in page
    again = as_admin.get(NEW).text
    assert 'name="points_1" type="text" value="1.5"' in again
    assert 'name="hold_days" type="text" value="14"' in again


def test_dates_are_days_of_the_business_time_zone(as_admin: Visitor) -> None:
    assert as_admin.submit(NEW, {**FORM, "starts_at": day(3), "ends_at": day(4)}).status_code == 303
    version = next(row for row in ProgrammeVersion.select() if row.rules["holdDays"] == 14)
    assert (version.starts_at, version.ends_at) == (midnight(3), midnight(5))
    page = as_admin.get("/admin/programme").text
    assert page.count('data-status="planned"') == 2, "the version and the one that resumes"
    assert as_admin.submit(f"/admin/programme/{version.id}/withdraw", {}).status_code == 303
    assert not ProgrammeVersion.select().where(ProgrammeVersion.id == version.id).exists()


def test_today_means_now(as_admin: Visitor) -> None:
    assert as_admin.submit(NEW, {**FORM, "starts_at": day(0)}).status_code == 303
    assert ProgrammeVersion.select().where(ProgrammeVersion.ends_at.is_null()).get().rules["holdDays"] == 14


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hold_days": "two"}, "hold_days"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"starts_at": day(-1)}, "starts_at"),
        ({"ends_at": day(-1)}, "ends_at"),
        ({"levels": "1"}, "referrals_1"),
        ({"budget": "1", "budget_usd": "-5"}, "budget_usd"),
        ({"fiat": "conditional"}, "fiat"),
    ],
)
def test_invalid_version_changes_nothing(as_admin: Visitor, changes: dict[str, str], field: str) -> None:
    page = as_admin.submit(NEW, {**FORM, **changes})
    assert page.status_code == 422
    assert f'<a href="#{field}">' in page.text
    assert ProgrammeVersion.select().count() == 1


def test_preview_says_what_the_last_orders_would_have_earned(as_admin: Visitor, owner: User) -> None:
    for _number in range(3):
        sold(owner)
    preview = {**FORM, "levels": "1", "referrals_1": "2", "points_1": "1", "action": "preview"}
    page = text_of(as_admin.submit(NEW, preview))
    assert "The last 3 orders would have earned 2.5 RING ($0.25) more." in page
    assert ProgrammeVersion.select().count() == 1
    add_campaign("Summer", Decimal(1), None, datetime.now(UTC) + timedelta(days=1), ACTOR)
    campaign = {"name": "Big", "percent": "5", "ends_at": day(9), "action": "preview"}
    page = text_of(as_admin.submit("/admin/programme/campaigns", campaign))
    assert "The last 3 orders would have earned 37.5 RING ($3.75) more." in page
    assert ProgrammeCampaign.select().count() == 1


def test_preview_without_orders_says_so(as_admin: Visitor) -> None:
    page = text_of(as_admin.submit(NEW, {**FORM, "action": "preview"}))
    assert "No orders have earned a reward yet." in page


def test_campaign_is_added_budgeted_and_ended(as_admin: Visitor, owner: User) -> None:
    code = make_code(owner)
    form = {
        "action": "save",
        "name": " Літо ",
        "percent": "2,5",
        "ends_at": day(9),
        "codes": f"{code.code} ",
        "stores": "1",
    }
    assert as_admin.submit("/admin/programme/campaigns", {**form, "budget_usd": "50"}).status_code == 303
    campaign = ProgrammeCampaign.get()
    assert (campaign.name, campaign.percent, campaign.codes, campaign.store_ids) == (
        "Літо", Decimal("2.5"), [code.code], [1],
    )  # fmt: skip
    assert (campaign.ends_at, campaign.budget_usd) == (midnight(10), 50)
    url = f"/admin/programme/campaigns/{campaign.id}"
    refused = as_admin.submit(f"{url}/budget", {"budget_usd": "much"})
    assert (refused.status_code, f'<a href="#budget-{campaign.id}">' in refused.text) == (422, True)
    assert 'value="much"' in refused.text
    assert ProgrammeCampaign.get().budget_usd == 50
    assert as_admin.submit(f"{url}/budget", {"budget_usd": ""}).status_code == 303
    assert ProgrammeCampaign.get().budget_usd is None
    assert as_admin.submit(f"{url}/end", {}).status_code == 303
    assert ProgrammeCampaign.get().ends_at <= datetime.now(UTC)
    assert as_admin.submit("/admin/programme/campaigns/99/end", {}).status_code == 404
    assert 'data-status="over"' in as_admin.get("/admin/programme/campaigns").text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"percent": "0"}, "percent"),
        ({"percent": "51"}, "percent"),
        ({"ends_at": ""}, "ends_at"),
        ({"ends_at": day(-2)}, "ends_at"),
        ({"starts_at": day(-2)}, "starts_at"),
        ({"codes": "NoSuchCo"}, "codes"),
        ({"budget_usd": "1.005"}, "budget_usd"),
    ],
)
def test_invalid_campaign_changes_nothing(as_admin: Visitor, changes: dict[str, str], field: str) -> None:
    page = as_admin.submit(
        "/admin/programme/campaigns",
        {"action": "save", "name": "Summer", "percent": "2", "ends_at": day(9), **changes},
    )
    assert page.status_code == 422
    assert f'<a href="#{field}">' in page.text
    assert ProgrammeCampaign.select().count() == 0


def test_personal_bonus_is_for_the_owner_of_the_code(as_admin: Visitor, owner: User, admin: User) -> None:
    url, code = "/admin/programme/referrers", make_code(owner).code
    assert as_admin.submit(url, {"code": code, "percent": "2"}).status_code == 303
    bonus = ReferrerBonus.get()
    assert (bonus.referrer_user_id, bonus.percent, bonus.created_by) == (owner.id, 2, admin.id)
    assert as_admin.submit(url, {"code": code, "percent": "3"}).status_code == 422
    assert as_admin.submit(url, {"code": "nothing", "percent": "3"}).status_code == 422
    for percent in ("", "0", "51"):
        wrong = as_admin.submit(url, {"code": "nothing", "percent": percent})
        assert [f'<a href="#{name}">' in wrong.text for name in ("code", "percent")] == [True, True]
    own = as_admin.submit(url, {"code": make_code(admin).code, "percent": "3"})
    assert (own.status_code, '<a href="#code">' in own.text) == (422, True)
    assert as_admin.submit(f"{url}/{bonus.id}/end", {}).status_code == 303
    assert EventLog.select().where(EventLog.event == "referrer_bonus_ended").count() == 1
    assert ReferrerBonus.select().count() == 1


# The title of the summary of errors.
WORDS = {"en": "There is a problem", "uk": "Щось не так", "ru": "Что-то не так"}


@pytest.mark.parametrize("locale", WORDS)
def test_programme_is_changed_in_production(make_app: MakeApp, owner: User, locale: str) -> None:
    admin, code = make_admin(), make_code(owner).code
    enrol(admin)
    browser = browse(make_app(**PRODUCTION), admin)
    version, campaigns, bonuses = (f"/{locale}{path}" for path in (NEW, CAMPAIGNS, BONUSES))
    bonus = {"code": code, "percent": "2", "ends_at": day(9)}
    campaign = {"action": "save", "name": "Літо", "percent": "2", "ends_at": day(9)}
    for path, right, field, wrong in (
        (version, {**FORM, "ends_at": day(3)}, "hold_days", "soon"),
        (campaigns, campaign, "percent", "99"),
        (bonuses, bonus, "ends_at", day(-1)),
    ):
        refused = submit(browser, path, path, **{**right, field: wrong})
        assert (refused.status_code, f'<a href="#{field}">' in refused.text) == (422, True)
        assert WORDS[locale] in text_of(refused)
        assert f'value="{wrong}"' in refused.text
        assert submit(browser, path, path, **right).status_code == 303
    number = ProgrammeCampaign.get().id
    assert submit(browser, campaigns, f"{campaigns}/{number}/budget", budget_usd="70").status_code == 303
    assert ProgrammeCampaign.get().budget_usd == 70
    assert submit(browser, campaigns, f"{campaigns}/{number}/end").status_code == 303
    assert submit(browser, bonuses, f"{bonuses}/{ReferrerBonus.get().id}/end").status_code == 303
    assert max(ProgrammeCampaign.get().ends_at, ReferrerBonus.get().ends_at) <= datetime.now(UTC)
    planned = submit(browser, version, version, **FORM, starts_at=day(5))
    assert planned.status_code == 303
    newest = ProgrammeVersion.select().order_by(ProgrammeVersion.id.desc()).get()
    assert submit(browser, version, f"/{locale}/admin/programme/{newest.id}/withdraw").status_code == 303
    expire_confirmation()
    interrupted = submit(browser, campaigns, campaigns, **campaign)
    assert (interrupted.status_code, ProgrammeCampaign.select().count()) == (403, 1)


def test_referrer_reads_what_they_earn_and_when(app: Flask, owner: User) -> None:
    code = make_code(owner)
    bonus = {"combine": "sum", "levels": [{"referrals": 1, "percent": "1"}, {"referrals": 5, "percent": "2"}]}
    rules = {"holdDays": 1, "approval": {"fiat": "manual", "crypto": "automatic"}, "bonus": bonus}
    save_version(ProgrammeRules.model_validate(rules), None, None, ACTOR)
    end = datetime.now(UTC) + timedelta(days=1)
    add_campaign("Літо", Decimal(3), None, end, ACTOR, codes=[code.code])
    add_campaign("Чужа", Decimal(9), None, end, ACTOR, codes=["AAAAAAAA"])
    add_referrer_bonus(owner.id, Decimal("1.5"), None, None, ACTOR)
    sold(owner)
    page = text_of(visitor(app, owner).get("/refcodes"))
    for sentence in (
        "You earn 5% of the first purchase of everyone you refer.",
        "Your level adds 1%.",
        "Paid referrals so far: 1. From 5 on, your level adds 2%.",
        "Your personal bonus adds 1.5%.",
        "adds 3% until",
        "A reward can be sent from 1 day after the payment.",
    ):
        assert sentence in page
    assert "Чужа" not in page


def test_reward_explains_its_bonus_and_from_when_it_is_sent(app: Flask, owner: User) -> None:
    make_code(owner)
    bonus = {
        "percent": "3", "offered": "4", "campaignPercent": "2",
        "parts": [
            {"kind": "level", "percent": "1", "number": 10, "name": "", "createdBy": None},
            {"kind": "referrer", "percent": "1", "number": 1, "name": "", "createdBy": None},
            {"kind": "campaign", "percent": "2", "number": 1, "name": "Літо", "createdBy": None},
        ],
    }  # fmt: skip
    reward = sold(
        owner, "pending_approval", bonus_percent=3, waits_for_budget=True,
        mintable_from=datetime.now(UTC) + timedelta(days=3),
    )  # fmt: skip
    ReferralReward.update(sizing={**reward.sizing, "bonus": bonus}).execute()
    page = text_of(visitor(app, owner).get("/refcodes"))
    for sentence in (
        "5% + 3% bonus",
        "at least 10 paid referrals before.",
        "agreed with this referrer.",
        "Літо",
        "Percent and bonus together are at most 8%.",
        "The budget is used up.",
        "It can be sent from",
    ):
        assert sentence in page


def test_audit_and_proof_name_the_version(as_admin: Visitor, owner: User) -> None:
    reference = sold(owner).order_reference
    page = text_of(as_admin.get("/admin/audit", query_string={"orderReference": reference}))
    assert "Decided by version 1 of the programme, in force from the start." in page
    proof = as_admin.get("/admin/audit/proof.json", query_string={"orderReference": reference}).get_json()
    assert proof["programme"]["id"] == 1

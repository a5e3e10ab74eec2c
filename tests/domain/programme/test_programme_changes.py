"""Changes of the programme: versions follow each other without gaps, campaigns and bonuses start and end."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from peewee import IntegrityError

from models import EventLog, ProgrammeCampaign, ProgrammeVersion, ReferrerBonus
from portal.db import Actor, transaction
from portal.db.connection import connection
from portal.lib.errors import PortalError
from portal.lib.texts import CharacterRefused
from portal.programme import get_programme_at
from portal.programme.bonus_operations import (
    add_campaign,
    add_referrer_bonus,
    end_campaign,
    end_referrer_bonus,
    set_campaign_budget,
)
from portal.programme.errors import (
    BonusesOverlap,
    CampaignEnded,
    CampaignExists,
    CampaignNameInvalid,
    EndsTooEarly,
    OwnBonus,
    StartsInPast,
    VersionsOverlap,
    VersionStarted,
    VersionUnknown,
)
from portal.programme.operations import save_version, withdraw_version
from portal.programme.version_rules import ProgrammeRules
from tests.factories import make_admin, make_user
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("database")
ACTOR = Actor("command:test")
DAY = timedelta(days=1)


def rules(hold_days: int) -> ProgrammeRules:
    return ProgrammeRules.model_validate(
        {"holdDays": hold_days, "approval": {"fiat": "manual", "crypto": "automatic"}, "bonus": "none"}
    )


def holds() -> list[tuple[int, datetime | None]]:
    """Return the hold days and the end of every version, in the order of their starts."""
    rows = list(ProgrammeVersion.select().order_by(ProgrammeVersion.starts_at))
    assert all(row.ends_at == after.starts_at for row, after in pairwise(rows)), "a gap"
    return [(row.rules["holdDays"], row.ends_at) for row in rows]


def tomorrow(days: int = 1) -> datetime:
    return datetime.now(UTC) + days * DAY


def test_version_starts_now_and_ends_the_one_before() -> None:
    admin = make_admin()
    version = save_version(rules(7), None, None, Actor.user(admin.id))
    assert [hold for hold, _end in holds()] == [0, 7]
    assert get_programme_at(datetime.now(UTC)).version_id == version.id
    event = EventLog.get(EventLog.event == "programme_version_saved")
    assert (event.entity_id, event.actor_user_id, event.data["rules"]["holdDays"]) == (
        str(version.id),
        admin.id,
        7,
    )


def test_version_with_an_end_gives_way_to_the_one_before() -> None:
    save_version(rules(7), tomorrow(1), tomorrow(2), ACTOR)
    assert [hold for hold, _end in holds()] == [0, 7, 0]
    assert holds()[-1][1] is None


def test_version_before_a_planned_one_lasts_until_it() -> None:
    start = tomorrow(5)
    save_version(rules(30), start, None, ACTOR)
    save_version(rules(7), tomorrow(1), None, ACTOR)
    assert holds()[1] == (7, start)
    assert [hold for hold, _end in holds()] == [0, 7, 30]


def test_version_up_to_a_planned_one_leaves_no_gap() -> None:
    start = tomorrow(5)
    save_version(rules(30), start, None, ACTOR)
    save_version(rules(7), tomorrow(1), start, ACTOR)
    assert [hold for hold, _end in holds()] == [0, 7, 30]


@pytest.mark.parametrize(
    ("start", "end", "error", "field"),
    [
        (-1, None, StartsInPast, "starts_at"),
        (2, 1, EndsTooEarly, "ends_at"),
        (2, 2, EndsTooEarly, "ends_at"),
        (5, None, VersionsOverlap, "starts_at"),
        (2, 6, VersionsOverlap, "ends_at"),
    ],
)
def test_times_that_do_not_fit_change_nothing(
    start: int, end: int | None, error: type[PortalError], field: str
) -> None:
    now = datetime.now(UTC)
    save_version(rules(30), now + 5 * DAY, None, ACTOR)
    before = holds()
    with pytest.raises(error) as refused:
        save_version(rules(7), now + start * DAY, end if end is None else now + end * DAY, ACTOR)
    assert (refused.value.field, holds()) == (field, before)


def test_planned_version_is_withdrawn() -> None:
    version = save_version(rules(7), tomorrow(1), tomorrow(2), ACTOR)
    withdraw_version(version.id, ACTOR)
    assert [hold for hold, _end in holds()] == [0, 0]
    assert EventLog.select().where(EventLog.event == "programme_version_withdrawn").count() == 1
    with pytest.raises(VersionUnknown):
        withdraw_version(version.id, ACTOR)


def test_version_that_started_is_history() -> None:
    version = save_version(rules(7), None, None, ACTOR)
    with pytest.raises(VersionStarted):
        withdraw_version(version.id, ACTOR)
    assert [hold for hold, _end in holds()] == [0, 7]


def test_versions_saved_at_once_follow_each_other() -> None:
    errors: list[PortalError] = []

    def save(days: int) -> None:
        with connection():
            try:
                save_version(rules(days), None, None, ACTOR)
            except PortalError as error:
                errors.append(error)

    threads = [threading.Thread(target=save, args=[days]) for days in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(holds()) + len(errors) == 9
    assert holds()[-1][1] is None


# --- campaigns -------------------------------------------------------------------------------


def campaign(**changes: Any) -> ProgrammeCampaign:
    values = {"name": "Summer", "percent": Decimal(2), "starts_at": None, "ends_at": tomorrow(), **changes}
    return add_campaign(actor=ACTOR, **values)


@pytest.mark.parametrize("changes", [{}, {"budget_usd": Decimal(5)}, {"codes": ["b", "a"], "store_ids": [1]}])
def test_same_campaign_again_is_refused_at_once_too(changes: dict[str, Any]) -> None:
    values = {"ends_at": tomorrow(), **changes}
    errors = at_once([lambda: campaign(**values)] * 4)
    assert [type(error) for error in errors] == [CampaignExists] * 3
    campaign(**values | {"percent": Decimal(3)})
    assert ProgrammeCampaign.select().count() == 2


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"name": "  "}, CampaignNameInvalid, "name"),
        ({"name": "x" * 101}, CampaignNameInvalid, "name"),
        ({"name": "a\u202eb"}, CharacterRefused, "name"),
        ({"starts_at": tomorrow(-1)}, StartsInPast, "starts_at"),
        ({"ends_at": tomorrow(-1)}, EndsTooEarly, "ends_at"),
    ],
)
def test_campaign_that_cannot_be(changes: dict[str, Any], error: type[PortalError], field: str) -> None:
    with pytest.raises(error) as refused:
        campaign(**changes)
    assert (refused.value.field, ProgrammeCampaign.select().count()) == (field, 0)


def test_campaign_ends_now_and_not_twice() -> None:
    row = campaign(name="  Літо \u200d 2026 ")
    assert get_programme_at(datetime.now(UTC)).campaigns[0].id == row.id
    end_campaign(row.id, ACTOR)
    assert get_programme_at(datetime.now(UTC)).campaigns == ()
    with pytest.raises(CampaignEnded):
        end_campaign(row.id, ACTOR)


def test_planned_campaign_that_is_stopped_never_starts() -> None:
    row = campaign(starts_at=tomorrow(1), ends_at=tomorrow(3))
    end_campaign(row.id, ACTOR)
    assert get_programme_at(tomorrow(2)).campaigns == ()


def test_change_of_a_budget_is_an_event() -> None:
    row = campaign()
    set_campaign_budget(row.id, Decimal(50), ACTOR)
    set_campaign_budget(row.id, Decimal(50), ACTOR)
    (event,) = EventLog.select().where(EventLog.event == "campaign_budget_changed")
    assert event.data == {"fromUsd": None, "toUsd": "50"}


# --- bonus of one referrer -------------------------------------------------------------------


def test_bonus_of_a_referrer_is_for_nobody_else() -> None:
    user, other = make_user(), make_user()
    bonus = add_referrer_bonus(user.id, Decimal(2), None, None, ACTOR)
    now = datetime.now(UTC)
    assert get_programme_at(now, user.id).referrer_bonus is not None
    assert get_programme_at(now, other.id).referrer_bonus is None
    end_referrer_bonus(bonus.id, ACTOR)
    end_referrer_bonus(bonus.id, ACTOR)
    assert get_programme_at(datetime.now(UTC), user.id).referrer_bonus is None
    assert EventLog.select().where(EventLog.event == "referrer_bonus_ended").count() == 1
    add_referrer_bonus(user.id, Decimal(3), None, None, ACTOR)


def test_referrer_has_one_bonus_at_a_time() -> None:
    user = make_user()
    add_referrer_bonus(user.id, Decimal(2), tomorrow(3), tomorrow(5), ACTOR)
    for start, end in ((4, 6), (2, 4), (4, None), (2, None)):
        with pytest.raises(BonusesOverlap):
            add_referrer_bonus(user.id, Decimal(2), tomorrow(start), end and tomorrow(end), ACTOR)
    add_referrer_bonus(user.id, Decimal(2), tomorrow(1), tomorrow(2), ACTOR)
    with pytest.raises(IntegrityError), transaction():
        ReferrerBonus.update(starts_at=tomorrow(0)).where(ReferrerBonus.starts_at > tomorrow(2)).execute()


def test_admin_sets_no_bonus_of_their_own() -> None:
    admin = make_admin()
    with pytest.raises(OwnBonus):
        add_referrer_bonus(admin.id, Decimal(2), None, None, Actor.user(admin.id))
    assert ReferrerBonus.select().count() == 0

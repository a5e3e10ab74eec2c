"""Programme versions: which one is in force, and the version that the migration gives to earlier rewards."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from peewee import IntegrityError
from yoyo import get_backend, read_migrations
from yoyo.migrations import MigrationList

from models import PlatformConfig, ProgrammeVersion
from portal.db import transaction
from portal.db.migrations import migrate
from portal.lib.folders import SQL
from portal.programme import get_percent_policy, get_programme_at
from tests.flows.conftest import settings_with
from tests.support.databases import execute, named, server_url

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
RULES: dict[str, Any] = {
    "holdDays": 14,
    "approval": {"fiat": "manual", "crypto": "manual"},
    "bonus": "none",
}


@pytest.mark.usefixtures("database")
def test_first_version_is_in_force_for_all_of_history() -> None:
    first = get_programme_at(datetime(2001, 1, 1, tzinfo=UTC))
    assert (first.rules.hold_days, first.rules.bonus) == (0, "none")
    assert (first.rules.approval.fiat, first.rules.approval.crypto) == ("manual", "automatic")
    assert get_programme_at(datetime(2100, 1, 1, tzinfo=UTC)) == first


@pytest.mark.usefixtures("database")
def test_version_starts_when_the_one_before_ends() -> None:
    first = get_programme_at(MARCH)
    ProgrammeVersion.update(ends_at=MARCH).execute()
    second = ProgrammeVersion.create(starts_at=MARCH, rules=RULES)
    assert get_programme_at(MARCH - timedelta(microseconds=1)) == first
    in_force = get_programme_at(MARCH)
    assert (in_force.version_id, in_force.rules.hold_days) == (second.id, 14)


@pytest.mark.usefixtures("database")
def test_no_two_versions_are_in_force_at_once() -> None:
    with pytest.raises(IntegrityError), transaction():
        ProgrammeVersion.create(starts_at=MARCH, rules=RULES)


@pytest.mark.usefixtures("database")
def test_time_without_a_version_has_no_programme() -> None:
    ProgrammeVersion.update(ends_at=MARCH).execute()
    with pytest.raises(LookupError):
        get_programme_at(MARCH)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("percent", [None, 0, 7])
def test_saved_percent_is_read_as_it_is_stored(percent: int | None) -> None:
    PlatformConfig.update(referral_percent=percent).execute()
    assert get_percent_policy(settings_with()).platform_default == percent


def test_migration_gives_earlier_rewards_the_first_version() -> None:
    maintenance = named(server_url("embedded"), "portal")
    execute(maintenance, f"CREATE DATABASE before_programme_{os.getpid()}")
    try:
        url = named(maintenance, f"before_programme_{os.getpid()}")
        _migrate_before(url, "026_programme")
        execute(url, "INSERT INTO users (id, email) VALUES (1, 'rita@example.org')")
        for reference, sizing in (("store_own", "{}"), ("store_imported", '{"import": {}}')):
            execute(
                url,
                "INSERT INTO referral_rewards (order_reference, ref_code, referrer_user_id, referrer_wallet,"
                " order_total_minor, currency, reward_percent, reward_amount_wei, rail, status, sizing, created_at)"
                f" VALUES ('{reference}', 'ABCDEFGH', 1, '0x{'a' * 40}', 100, 'UAH', 5, 1, 'fiat',"
                f" 'pending_approval', '{sizing}', '2026-01-02 03:04:05+00')",
            )
        migrate(url)
        rewards = execute(
            url,
            "SELECT order_reference, mintable_from = created_at, bonus_percent = 0,"
            " programme_version_id = (SELECT id FROM programme_versions) FROM referral_rewards ORDER BY id",
        )
        assert rewards == [("store_own", True, True, True), ("store_imported", True, True, None)]
    finally:
        execute(maintenance, f"DROP DATABASE before_programme_{os.getpid()} WITH (FORCE)")


def _migrate_before(url: str, name: str) -> None:
    backend = get_backend(url)
    try:
        earlier = MigrationList([each for each in read_migrations(str(SQL)) if each.id < name])
        backend.apply_migrations(backend.to_apply(earlier))
    finally:
        backend.connection.close()

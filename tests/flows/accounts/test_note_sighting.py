"""Hashed sightings of referrers and buyers: storage, matching and deletion."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from models import AccessSignal, SharedSignal, SignalSalt, User
from portal.accounts.signal_rules import PERIOD_DAYS, period_of
from portal.db import query, release_connection
from portal.flows.accounts.note_sighting import (
    Sighting,
    forget_sightings,
    note_buyer,
    note_referrer,
    note_sighting,
)
from tests.factories import make_code, make_order, make_reward, make_user
from tests.flows.conftest import settings_with

ADDRESS, DEVICE = "203.0.113.7", "device-device-device-1"
HERE = Sighting(ADDRESS, DEVICE)
SETTINGS = settings_with()
# The first day of a period, at noon.
START = datetime.fromordinal(period_of(datetime(2026, 11, 21, tzinfo=UTC).date()) * PERIOD_DAYS).replace(
    hour=12, tzinfo=UTC
)


def matches() -> set[tuple[int, int, str]]:
    return {(row.referrer_user_id, row.referee_user_id, row.kind) for row in SharedSignal.select()}


@pytest.fixture
def referrer(database: str) -> User:
    return make_user("Referrer")


@pytest.fixture
def buyer(referrer: User) -> User:
    """Return a user with an order that credits the referrer."""
    user = make_user("Buyer")
    make_order(user, code=make_code(referrer))
    return user


def test_referrer_and_buyer_at_one_place_are_recorded(referrer: User, buyer: User) -> None:
    note_sighting(referrer.id, HERE, SETTINGS)
    assert matches() == set()
    note_sighting(buyer.id, HERE, SETTINGS)
    assert matches() == {(referrer.id, buyer.id, "address"), (referrer.id, buyer.id, "device")}


def test_order_of_sightings_does_not_matter(referrer: User, buyer: User) -> None:
    note_sighting(buyer.id, HERE, SETTINGS)
    note_sighting(referrer.id, Sighting(ADDRESS, "another-device-another"), SETTINGS)
    assert matches() == {(referrer.id, buyer.id, "address")}


def test_referred_account_counts_without_an_order(referrer: User) -> None:
    member = make_user("Member", referred_by_user_id=referrer.id)
    note_sighting(referrer.id, HERE, SETTINGS)
    note_sighting(member.id, Sighting("198.51.100.1", DEVICE), SETTINGS)
    assert matches() == {(referrer.id, member.id, "device")}


def test_unrelated_users_are_not_recorded(referrer: User, buyer: User) -> None:
    for unrelated_user in (make_user(), make_user()):
        note_sighting(unrelated_user.id, HERE, SETTINGS)
    note_sighting(buyer.id, HERE, SETTINGS)
    assert matches() == set()


def test_different_places_are_not_matched(referrer: User, buyer: User) -> None:
    note_sighting(referrer.id, HERE, SETTINGS)
    note_sighting(buyer.id, Sighting("203.0.113.8", "another-device-another"), SETTINGS)
    # An address is never compared with a device.
    note_sighting(buyer.id, Sighting(DEVICE, ADDRESS), SETTINGS)
    assert matches() == set()


def test_repeated_sightings_keep_one_row(referrer: User, buyer: User) -> None:
    for _ in range(3):
        note_sighting(referrer.id, HERE, SETTINGS)
        note_sighting(buyer.id, HERE, SETTINGS)
    assert SharedSignal.select().count() == 2
    assert AccessSignal.select().count() == 4


def test_addresses_and_devices_are_stored_only_as_hashes(referrer: User, buyer: User) -> None:
    for user in (referrer, buyer):
        note_sighting(user.id, HERE, SETTINGS)
    tables = ("signal_salts", "access_signals", "shared_signals", "event_log")
    stored = "\n".join(str(row) for name in tables for row in query(f"SELECT t::text FROM {name} t"))
    assert ADDRESS not in stored
    assert DEVICE not in stored
    for text in (ADDRESS, DEVICE, f"address:{ADDRESS}", f"device:{DEVICE}"):
        assert text.encode().hex() not in stored
    hashes = {bytes(row.hash) for row in AccessSignal.select()}
    assert {len(value) for value in hashes} == {16}


def test_hash_depends_on_the_secret_key(referrer: User, buyer: User) -> None:
    note_sighting(referrer.id, HERE, SETTINGS)
    note_sighting(buyer.id, HERE, settings_with(secret_key="another secret"))
    assert matches() == set()


def test_private_addresses_are_ignored_in_production(referrer: User, buyer: User) -> None:
    production = settings_with().model_copy(update={"portal_env": "production"})
    for user in (referrer, buyer):
        note_sighting(user.id, Sighting("10.0.0.1", None), production)
    assert AccessSignal.select().count() == 0


# ---------------------------------------------------------------------- time


@pytest.mark.parametrize(("days", "linked"), [(0, True), (15, True), (29, True), (30, False), (31, False)])
def test_sightings_are_compared_for_at_most_thirty_days(
    referrer: User, buyer: User, days: int, linked: bool
) -> None:
    with time_machine.travel(START):
        note_sighting(referrer.id, HERE, SETTINGS)
    with time_machine.travel(START + timedelta(days=days)):
        note_sighting(buyer.id, HERE, SETTINGS)
    assert bool(matches()) is linked


def test_sightings_are_compared_for_at_least_fifteen_days(referrer: User, buyer: User) -> None:
    end = START + timedelta(days=14)
    with time_machine.travel(end):
        note_sighting(referrer.id, HERE, SETTINGS)
    with time_machine.travel(end + timedelta(days=15)):
        note_sighting(buyer.id, HERE, SETTINGS)
    assert matches()


def test_salts_and_hashes_are_deleted_after_thirty_days(referrer: User) -> None:
    with time_machine.travel(START):
        note_sighting(referrer.id, HERE, SETTINGS)
        before = bytes(AccessSignal.get().hash)
    with time_machine.travel(START + timedelta(days=29)):
        assert forget_sightings() == 0
        assert AccessSignal.select().count() == 2
    with time_machine.travel(START + timedelta(days=30)):
        assert forget_sightings() == 1
        assert (AccessSignal.select().count(), SignalSalt.select().count()) == (0, 0)
    # Even the same sighting cannot reproduce a deleted hash.
    with time_machine.travel(START):
        note_sighting(referrer.id, HERE, SETTINGS)
        assert before not in {bytes(row.hash) for row in AccessSignal.select()}


def test_matches_without_a_reward_are_deleted(referrer: User, buyer: User) -> None:
    other = make_user("Other buyer")
    make_order(other, code=make_code(referrer))
    make_reward(referrer, "minted", referee_user_id=buyer.id)
    for user in (referrer, buyer, other):
        note_sighting(user.id, Sighting(None, DEVICE), SETTINGS)
    assert forget_sightings() == 0
    SharedSignal.update(found_at=datetime.now(UTC) - timedelta(days=31)).execute()
    forget_sightings()
    assert matches() == {(referrer.id, buyer.id, "device")}


# ---------------------------------------------------------------------- noted users and failures


def fail_if_read() -> Sighting:
    raise AssertionError("read the sighting of a user who must not be noted")


def test_only_referrers_and_credited_purchases_are_noted(referrer: User, buyer: User) -> None:
    note_referrer(buyer.id, fail_if_read, SETTINGS)
    note_buyer(make_order(buyer), fail_if_read, SETTINGS)
    assert AccessSignal.select().count() == 0
    note_referrer(referrer.id, lambda: HERE, SETTINGS)
    note_buyer(make_order(buyer, code=make_code(referrer)), lambda: HERE, SETTINGS)
    assert {row.user_id for row in AccessSignal.select()} == {referrer.id, buyer.id}


def test_sighting_failure_is_logged_and_ignored(referrer: User, caplog: pytest.LogCaptureFixture) -> None:
    query("ALTER TABLE access_signals RENAME TO away")
    try:
        note_sighting(referrer.id, HERE, SETTINGS)
    finally:
        query("ALTER TABLE away RENAME TO access_signals")
    assert "not recorded" in caplog.text
    assert User.get_by_id(referrer.id).name == "Referrer"


def test_concurrent_sightings_are_matched(referrer: User) -> None:
    buyers = []
    for _ in range(10):
        user = make_user()
        make_order(user, code=make_code(referrer))
        buyers.append(user.id)
    start = threading.Barrier(11)

    def note(user_id: int) -> None:
        start.wait()
        note_sighting(user_id, HERE, SETTINGS)
        release_connection()

    threads = [threading.Thread(target=note, args=[user_id]) for user_id in (referrer.id, *buyers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {referee for _, referee, _ in matches()} == set(buyers)

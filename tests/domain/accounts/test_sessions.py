"""Sessions: what is kept of them, when they end, and how seldom using one writes."""

from __future__ import annotations

import pytest

from models import User, UserSession
from portal.accounts import (
    Device,
    SessionLimits,
    SessionUnknown,
    describe_device,
    end_other_sessions,
    end_session,
    find_pending_session,
    find_session,
    list_sessions,
    prune_sessions,
    rotate_session,
    start_session,
)
from portal.accounts.devices import own_address
from portal.db import query
from tests.factories import ACTOR, make_user

LIMITS = SessionLimits(idle_hours=24, total_hours=240)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


@pytest.fixture
def user(database: str) -> User:
    return make_user()


def age(column: str, interval: str) -> None:
    query(f"UPDATE user_sessions SET {column} = {column} - interval '{interval}'")


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        (CHROME, "Chrome", "Windows"),
        (CHROME + " Edg/140.0", "Edge", "Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", "Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1",
            "Safari",
            "iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome",
            "Android",
        ),
        ("", "", ""),
        ("\x00<script>", "", ""),
    ],
)
def test_a_browser_is_named_as_people_know_it(agent: str, browser: str, system: str) -> None:
    device = describe_device(agent, "")
    assert (device.browser, device.system) == (browser, system)


@pytest.mark.parametrize(
    ("address", "network", "own"),
    [
        ("203.0.113.77", "203.0.113.0/24", "203.0.113.77"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.77", "203.0.113.0/24", "203.0.113.77"),
        ("unix:", "", ""),
        ("", "", ""),
    ],
)
def test_an_address_is_kept_shortened(address: str, network: str, own: str) -> None:
    assert describe_device("", address).network == network
    assert own_address(address) == own


def test_the_token_is_kept_as_a_hash_only(user: User) -> None:
    token = start_session(user.id, Device("Firefox", "Linux", "203.0.113.0/24"))
    row = UserSession.get()
    assert token not in (row.token_hash, row.browser, row.system, row.network)
    found = find_session(token, LIMITS)
    assert found
    assert (found.user.id, found.has_second_factor, found.seconds_since_proof) == (user.id, False, 0)
    for other in (row.token_hash, "", token + "x", "\x00"):
        assert find_session(other, LIMITS) is None


@pytest.mark.parametrize(("column", "interval"), [("last_seen_at", "25 hours"), ("created_at", "241 hours")])
def test_it_ends_unused_and_in_any_case(user: User, column: str, interval: str) -> None:
    token = start_session(user.id, Device())
    age(column, interval)
    assert find_session(token, LIMITS) is None
    assert list_sessions(user.id, LIMITS) == []


def test_using_it_writes_once_a_minute_at_most(user: User) -> None:
    token = start_session(user.id, Device())
    before = UserSession.get().last_seen_at
    find_session(token, LIMITS)
    assert UserSession.get().last_seen_at == before
    age("last_seen_at", "61 seconds")
    find_session(token, LIMITS)
    assert UserSession.get().last_seen_at > before


def test_ending_others_keeps_one(user: User) -> None:
    tokens = [start_session(user.id, Device()) for _ in range(3)]
    waiting = start_session(user.id, Device(), awaits_second_factor=True)
    strangers = start_session(make_user().id, Device())
    kept = find_session(tokens[1], LIMITS)
    assert kept
    assert end_other_sessions(user.id, kept.id, "test", ACTOR) == 3
    assert [bool(find_session(token, LIMITS)) for token in tokens] == [False, True, False]
    assert find_pending_session(waiting) is None
    assert find_session(strangers, LIMITS)


def test_nobody_ends_somebody_elses(user: User) -> None:
    token = start_session(user.id, Device())
    with pytest.raises(SessionUnknown):
        end_session(make_user().id, UserSession.get().id, "test", ACTOR)
    assert find_session(token, LIMITS)


def test_a_rotated_token_replaces_the_one_before(user: User) -> None:
    token = start_session(user.id, Device())
    age("confirmed_at", "1 hour")
    renewed = rotate_session(UserSession.get().id)
    assert find_session(token, LIMITS) is None
    found = find_session(renewed, LIMITS)
    assert found
    assert found.seconds_since_proof == 3600
    proven = find_session(rotate_session(found.id, proven=True), LIMITS)
    assert proven
    assert proven.seconds_since_proof == 0
    end_session(user.id, found.id, "test", ACTOR)
    with pytest.raises(SessionUnknown):
        rotate_session(found.id)


def test_one_that_waits_for_the_second_factor_opens_nothing(user: User) -> None:
    token = start_session(user.id, Device(), awaits_second_factor=True)
    assert find_session(token, LIMITS) is None
    assert list_sessions(user.id, LIMITS) == []
    assert find_pending_session(token)
    age("created_at", "11 minutes")
    assert find_pending_session(token) is None


def test_long_forgotten_ones_are_removed(user: User) -> None:
    start_session(user.id, Device())
    age("last_seen_at", "91 days")
    token = start_session(user.id, Device())
    assert prune_sessions(LIMITS) == 1
    assert find_session(token, LIMITS)

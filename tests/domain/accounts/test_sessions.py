"""Sessions: stored data, expiry, rotation, and how often use is written."""

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
def test_device_is_described_by_browser_and_system(agent: str, browser: str, system: str) -> None:
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
def test_address_is_stored_as_a_network(address: str, network: str, own: str) -> None:
    assert describe_device("", address).network == network
    assert own_address(address) == own


def test_token_is_stored_as_a_hash(user: User) -> None:
    token = start_session(user.id, Device("Firefox", "Linux", "203.0.113.0/24"))
    row = UserSession.get()
    assert token not in (row.token_hash, row.browser, row.system, row.network)
    session = find_session(token, LIMITS)
    assert session
    assert (session.user.id, session.has_second_factor, session.seconds_since_proof) == (user.id, False, 0)
    for invalid_token in (row.token_hash, "", token + "x", "\x00"):
        assert find_session(invalid_token, LIMITS) is None


@pytest.mark.parametrize(("column", "interval"), [("last_seen_at", "25 hours"), ("created_at", "241 hours")])
def test_session_expires_when_idle_and_after_its_total_lifetime(
    user: User, column: str, interval: str
) -> None:
    token = start_session(user.id, Device())
    age(column, interval)
    assert find_session(token, LIMITS) is None
    assert list_sessions(user.id, LIMITS).rows == []


def test_last_use_is_written_at_most_once_a_minute(user: User) -> None:
    token = start_session(user.id, Device())
    before = UserSession.get().last_seen_at
    find_session(token, LIMITS)
    assert UserSession.get().last_seen_at == before
    age("last_seen_at", "61 seconds")
    find_session(token, LIMITS)
    assert UserSession.get().last_seen_at > before


def test_ending_other_sessions_keeps_the_current_one(user: User) -> None:
    tokens = [start_session(user.id, Device()) for _ in range(3)]
    pending_token = start_session(user.id, Device(), awaits_second_factor=True)
    token_of_other_user = start_session(make_user().id, Device())
    session = find_session(tokens[1], LIMITS)
    assert session
    assert end_other_sessions(user.id, session.id, "test", ACTOR) == 3
    assert [bool(find_session(token, LIMITS)) for token in tokens] == [False, True, False]
    assert find_pending_session(pending_token) is None
    assert find_session(token_of_other_user, LIMITS)


def test_session_of_another_user_cannot_be_ended(user: User) -> None:
    token = start_session(user.id, Device())
    with pytest.raises(SessionUnknown):
        end_session(make_user().id, UserSession.get().id, "test", ACTOR)
    assert find_session(token, LIMITS)


def test_rotated_token_replaces_the_previous_one(user: User) -> None:
    token = start_session(user.id, Device())
    age("confirmed_at", "1 hour")
    new_token = rotate_session(UserSession.get().id)
    assert find_session(token, LIMITS) is None
    session = find_session(new_token, LIMITS)
    assert session
    assert session.seconds_since_proof == 3600
    confirmed_session = find_session(rotate_session(session.id, proven=True), LIMITS)
    assert confirmed_session
    assert confirmed_session.seconds_since_proof == 0
    end_session(user.id, session.id, "test", ACTOR)
    with pytest.raises(SessionUnknown):
        rotate_session(session.id)


def test_session_awaiting_second_factor_is_not_signed_in(user: User) -> None:
    token = start_session(user.id, Device(), awaits_second_factor=True)
    assert find_session(token, LIMITS) is None
    assert list_sessions(user.id, LIMITS).rows == []
    assert find_pending_session(token)
    age("created_at", "11 minutes")
    assert find_pending_session(token) is None


def test_expired_sessions_are_pruned(user: User) -> None:
    start_session(user.id, Device())
    age("last_seen_at", "91 days")
    token = start_session(user.id, Device())
    assert prune_sessions(LIMITS, 90) == 1
    assert find_session(token, LIMITS)

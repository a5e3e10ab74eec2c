"""Reads that may lag: from the replica while it is close behind, from the primary in every other case."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from peewee import OperationalError

from models import User
from portal.db import bind_database, connection, query, reads_may_lag, transaction
from portal.db.connection import DATABASE_ERRORS
from portal.db.replica import LagMonitor, bind_replica, is_replica_usable, reading_url
from tests.factories import make_user
from tests.support.databases import close_database
from tests.support.load import wait_until
from tests.support.replica import Replicated, replicated

pytestmark = pytest.mark.slow
MAX_LAG = 3


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    with replicated(tmp_path_factory.mktemp("replicated")) as running:
        yield running


@pytest.fixture
def bound(servers: Replicated) -> Iterator[Replicated]:
    servers.delay(0)
    bind_database(servers.primary)
    bind_replica(servers.replica, MAX_LAG)
    with connection():
        yield servers
    close_database()


def is_replica() -> bool:
    return bool(query("SELECT pg_is_in_recovery()")[0][0])


def reads_from_replica() -> bool:
    with reads_may_lag():
        return is_replica()


def read_while_it_stops(servers: Replicated) -> None:
    with reads_may_lag():
        servers.stop_replica()
        query("SELECT 1")


def test_block_reads_from_the_replica_and_the_rest_from_the_primary(bound: Replicated) -> None:
    user = make_user("Replicated")
    bound.catch_up()
    wait_until(reads_from_replica)
    with reads_may_lag():
        assert User.get_by_id(user.id).name == "Replicated"
        with reads_may_lag():
            assert is_replica()
        assert is_replica()
        assert reading_url() == bound.replica
    assert not is_replica()
    assert make_user().id


def test_nothing_can_be_written_in_a_block(bound: Replicated) -> None:
    wait_until(reads_from_replica)
    with pytest.raises(OperationalError, match="read-only"), reads_may_lag():
        make_user()
    assert not is_replica()


def test_block_in_a_transaction_stays_on_the_primary(bound: Replicated) -> None:
    wait_until(reads_from_replica)
    with transaction():
        user = make_user()
        with reads_may_lag():
            assert not is_replica()
            assert User.get_by_id(user.id)


def test_replica_too_far_behind_is_left_and_found_again(bound: Replicated) -> None:
    wait_until(reads_from_replica)
    bound.delay(3600)
    make_user()
    began = time.monotonic()
    # When a read began that still used the replica: on a busy machine, too, that is before it was decided.
    stale = [began]

    def is_left() -> bool:
        at = time.monotonic()
        if reads_from_replica():
            stale.append(at)
        return stale[-1] != at

    wait_until(is_left)
    assert stale[-1] - began <= MAX_LAG
    assert reading_url() == bound.primary
    bound.delay(0)
    wait_until(reads_from_replica)


def test_replica_that_lags_is_never_used_at_first(bound: Replicated) -> None:
    bound.delay(3600)
    make_user()
    assert not LagMonitor(bound.replica, MAX_LAG).is_current()


def test_server_that_is_no_replica_is_not_used(bound: Replicated) -> None:
    bind_replica(bound.primary, MAX_LAG)
    assert reading_url() == bound.primary
    assert not is_replica_usable(bound.primary, MAX_LAG)
    assert is_replica_usable(bound.replica, MAX_LAG)


def test_lost_replica_is_replaced_by_the_primary(bound: Replicated) -> None:
    wait_until(reads_from_replica)
    with pytest.raises(DATABASE_ERRORS):
        read_while_it_stops(bound)
    assert not reads_from_replica()
    assert not is_replica()

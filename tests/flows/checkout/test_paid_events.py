"""A paid event leaves the same rows whether it is written alone, with others, or in parts by retries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from models import EventLog, Order, RailFailure, ReferralReward, Settlement
from portal.db import bind_database, connection, query
from portal.db.checks import run_checks
from portal.flows.checkout import settle_inbox
from portal.flows.checkout.retry_ledgers import retry_ledgers
from portal.flows.demo.seed_demo import seed_demo
from tests.flows.conftest import Store, settings_with
from tests.support.databases import close_database, execute, fresh_database, server_url
from tests.support.paid_events import PaidEvents
from tests.support.repeats import repeats
from tests.support.statements import count_statements

pytestmark = pytest.mark.system_postgres

# A ledger whose table is named by the session's setting refuses rows, as a full disk or a broken trigger would.
_REFUSE = """
CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('test.refused', true) LIKE '%' || TG_TABLE_NAME || '%' THEN
        RAISE EXCEPTION 'the table % takes no rows', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER refuse_settlement BEFORE INSERT ON settlements FOR EACH ROW EXECUTE FUNCTION refuse_row();
CREATE TRIGGER refuse_reward BEFORE INSERT ON referral_rewards FOR EACH ROW EXECUTE FUNCTION refuse_row();
"""


def refuse(*tables: str) -> None:
    query("SELECT set_config('test.refused', %s, false)", [",".join(tables)])


@contextmanager
def grouped_callbacks() -> Iterator[list[int]]:
    """Yield the sizes of the groups that are applied in the block."""
    sizes: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        apply = settle_inbox.apply_callbacks

        def record(stored: Any, *arguments: Any) -> object:
            sizes.append(len(stored))
            return apply(stored, *arguments)

        patch.setattr(settle_inbox, "apply_callbacks", record)
        yield sizes


@contextmanager
def world(url: str, seed: int, *, in_groups: bool = False) -> Iterator[PaidEvents]:
    """Bind the models to a database with the people and products of a seed."""
    bind_database(url)
    try:
        with connection():
            yield PaidEvents(seed, in_groups=in_groups)
    finally:
        close_database()


@pytest.mark.slow
def test_parts_and_retries_write_the_same_rows(postgres_kind: str) -> None:
    server = server_url(postgres_kind)
    with fresh_database(server) as url, world(url, seed=7) as events:
        events.play(60)
        expected = events.contents(with_ids=False)
        assert run_checks() == {}
    assert len(expected["settlements"]) > 20
    assert len(expected["referral_rewards"]) > 10

    with fresh_database(server) as url, world(url, seed=7) as events:
        execute(url, _REFUSE)

        def retry() -> None:
            refuse()
            retry_ledgers(events.chain, events.settings)
            refuse("settlements", "referral_rewards")

        refuse("settlements", "referral_rewards")
        events.play(60, after_each=retry)
        assert RailFailure.select().count() > 30
        assert not RailFailure.select().where(RailFailure.resolved_at.is_null()).exists()
        retried = events.contents(with_ids=False)
        assert run_checks() == {}
    # The answer to a store tells what was known then.
    for contents in (expected, retried):
        del contents["store_events"]
    assert {name for name in expected if expected[name] != retried[name]} == set()


def test_groups_write_the_same_rows(postgres_kind: str) -> None:
    server = server_url(postgres_kind)
    written = []
    for in_groups in (False, True):
        with fresh_database(server) as url, world(url, seed=11, in_groups=in_groups) as events:
            with grouped_callbacks() as sizes:
                events.play(repeats(90, many=1_500))
                events.climb()
            written.append(events.contents())
            assert run_checks() == {}
    assert sum(size > 1 for size in sizes) > 5
    alone, together = written
    assert len(alone["settlements"]) > 20
    assert {name for name in alone if alone[name] != together[name]} == set()


@pytest.mark.parametrize(("table", "rail"), [("settlements", "commission"), ("referral_rewards", "reward")])
def test_ledger_that_the_database_refuses_is_retried(database_url: str, table: str, rail: str) -> None:
    bind_database(database_url)
    try:
        with connection():
            settings = settings_with()
            store = Store(settings, seed_demo(settings).referral_code)
            execute(database_url, _REFUSE)
            refuse(table)
            order = store.pay(store.newcomer("ann"), cookie=store.code)
            assert (order.status, order.referral_code) == ("paid", store.code)
            assert f"the table {table} takes no rows" in RailFailure.get(RailFailure.rail == rail).reason
            counts = (Settlement.select().count(), ReferralReward.select().count())
            assert counts == ((0, 1) if rail == "commission" else (2, 0))
            paid = EventLog.select().where(EventLog.event.in_(["payment_paid", "order_paid"]))
            assert paid.count() == 2
            refuse()
            assert retry_ledgers(store.chain, settings) == 1
            assert (Settlement.select().count(), ReferralReward.select().count()) == (2, 1)
            assert run_checks() == {}
    finally:
        close_database()


def test_first_callback_and_its_duplicate_take_few_statements(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.begin_payment(order)
    with count_statements() as first:
        store.send_callback(order)
    with count_statements() as duplicate:
        store.send_callback(order)
    assert Order.get_by_id(order.id).status == "paid"
    # Store it; lock and read the callback, then the order; write. A duplicate is stored, locked and closed.
    assert (first.count, duplicate.count) == (4, 3)

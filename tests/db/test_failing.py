"""Items that fail: set aside with a reason and a growing delay, so that the others go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from peewee import SQL, OperationalError

from models import FailingItem
from portal.db import query, report_outage, work_through
from portal.db.failing import FIRST_DELAY, LONGEST_DELAY, forget_old_failures, set_aside, try_again_now


def failing(queue: str) -> list[FailingItem]:
    rows = FailingItem.select().where(FailingItem.queue == queue)
    return list(rows.order_by(FailingItem.created_at, FailingItem.item_id))


@pytest.mark.usefixtures("database")
def test_delay_grows_to_its_limit_and_success_forgets() -> None:
    delays = []
    for _ in range(12):
        set_aside("q", 1, "x")
        item = FailingItem.get()
        delays.append(item.next_attempt_at - item.last_tried_at)
    assert delays[:4] == [FIRST_DELAY, FIRST_DELAY * 2, FIRST_DELAY * 4, FIRST_DELAY * 8]
    assert delays[-1] == LONGEST_DELAY
    assert item.attempts == 12
    assert try_again_now("q", "1")
    assert FailingItem.get().next_attempt_at <= FailingItem.get().last_tried_at + timedelta(minutes=1)
    assert work_through("q", [1], int, lambda number: number) == 1
    assert not FailingItem.select().exists()
    assert not try_again_now("q", "1")


@pytest.mark.usefixtures("database")
def test_failure_of_an_item_that_something_else_settled_is_forgotten() -> None:
    for item in ("settled", "waits", "due"):
        set_aside("q", item, "x")
    times = {"settled": timedelta(hours=-25), "waits": timedelta(hours=6), "due": timedelta(hours=-2)}
    for item, when in times.items():
        FailingItem.update(next_attempt_at=SQL("now() + %s", [when])).where(
            FailingItem.item_id == item
        ).execute()
    assert forget_old_failures() == 1
    assert {item.item_id for item in failing("q")} == {"due", "waits"}


@pytest.mark.usefixtures("database")
def test_any_exception_is_the_items_and_a_lost_database_is_not() -> None:
    def work(number: int) -> None:
        if number == 1:
            raise OperationalError("canceling statement due to lock timeout")
        if number == 2:
            raise RuntimeError("\x00")

    assert work_through("q", [1, 2, 3], int, work) == 1
    assert [item.item_id for item in failing("q")] == ["1", "2"]


@pytest.mark.parametrize("failure", ["disk_full", "read_only_sql_transaction"])
@pytest.mark.usefixtures("database")
def test_database_that_writes_nothing_ends_the_run(failure: str) -> None:
    def work(_number: int) -> None:
        query(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{failure}'; END $$")

    with pytest.raises(OperationalError) as raised:
        work_through("q", [1, 2], int, work)
    assert report_outage(raised.value)
    assert failing("q") == []


@pytest.mark.usefixtures("database")
def test_reason_of_any_characters_is_stored() -> None:
    set_aside("q", 1, "\x00 \ud800")
    assert [item.reason for item in failing("q")] == ["\ufffd ?"]


@pytest.mark.usefixtures("database")
def test_a_run_that_lasts_too_long_leaves_the_rest_to_the_next() -> None:
    assert work_through("q", range(5), int, lambda number: number, seconds=0) == 1

"""Set aside a reward that raises an unexpected error, so that the other rewards of the round continue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from portal.chain.errors import ChainAway, ContractMissing, LeaderLost, NodeRefused, WrongChain
from portal.chain.sending.operations import Waiting
from portal.db.failing import forget_failures, list_set_aside, require_database, set_aside
from portal.logs import get_logger

log = get_logger(__name__)

_QUEUE = "mints"
# What ends a round: no reward is at fault.
_ROUND_ENDS = (ChainAway, ContractMissing, LeaderLost, NodeRefused, WrongChain, Waiting)

T = TypeVar("T")


def set_aside_rewards() -> set[int]:
    """Return the ids of the rewards that are set aside now."""
    return {int(item_id) for item_id in list_set_aside(_QUEUE)}


def forget(reward_ids: Iterable[int]) -> None:
    """Remove the failures of rewards that went on."""
    forget_failures(_QUEUE, reward_ids)


def work_together(
    items: Sequence[T], reward_id: Callable[[T], int], work: Callable[[Sequence[T]], object]
) -> None:
    """Work on items together; when that raises, on ever smaller parts, and set the reward at fault aside.

    `work` must be repeatable: what it has done for an item before it raised is not done twice.
    """
    try:
        work(items)
    except _ROUND_ENDS:
        raise
    except Exception as error:
        require_database(error)
        if len(items) < 2:
            for item in items:
                log.exception("reward set aside", reward_id=reward_id(item))
                set_aside(_QUEUE, reward_id(item), f"{type(error).__name__}: {error}")
            return
        middle = len(items) // 2
        work_together(items[:middle], reward_id, work)
        work_together(items[middle:], reward_id, work)

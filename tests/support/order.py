"""The order in which several workers run the tests.

With `--dist worksteal` each worker of pytest-xdist gets an equal number of neighbouring tests, and one that is done
takes from the end of another's. So each worker begins with long tests, which share servers, and ends with short ones.
"""

from __future__ import annotations

import pytest

# Browser tests that share a filled portal, those that share a portal, and those with servers of their own stay
# together: a portal costs ten seconds of a processor to start and half a minute to fill.
_LONG = ("lived", "slow", "portal", "browser")


def arrange(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return the tests in one block per worker: one kind of long tests first in each, all other kinds in the last."""
    kinds: dict[str, list[pytest.Item]] = {kind: [] for kind in (*_LONG, "short")}
    for item in items:
        kinds[_kind(item)].append(item)
    short = kinds["short"]
    first = min(workers, len(_LONG)) - 1
    begins = [kinds[kind] for kind in _LONG[:first]] + [
        [test for kind in _LONG[first:] for test in kinds[kind]]
    ]
    arranged: list[pytest.Item] = []
    for index, block in enumerate([*begins, *[[]] * workers][:workers]):
        size = (len(items) - len(arranged)) // (workers - index)
        free = max(0, size - len(block))
        arranged += [*block, *short[:free]]
        del short[:free]
    return arranged


def _kind(item: pytest.Item) -> str:
    if item.get_closest_marker("browser"):
        return next((name for name in ("lived", "portal") if name in item.fixturenames), "browser")  # type: ignore[attr-defined]
    return "slow" if item.get_closest_marker("slow") else "short"

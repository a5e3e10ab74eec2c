"""The order in which several workers run the tests.

With `--dist worksteal` each worker of pytest-xdist gets an equal number of neighbouring tests, and one that is done
takes from the end of another's. So each worker begins with long tests, which share servers, and ends with short ones.
"""

from __future__ import annotations

import pytest


def arrange(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return the tests in one block per worker: browser tests first in one, other slow ones first in the next."""
    browser, slow, short = [], [], []
    for item in items:
        is_slow = item.get_closest_marker("slow")
        (browser if item.get_closest_marker("browser") else slow if is_slow else short).append(item)
    arranged: list[pytest.Item] = []
    for index, block in enumerate([browser, slow, *[[]] * workers][:workers]):
        size = (len(items) - len(arranged)) // (workers - index)
        free = max(0, size - len(block))
        arranged += [*block, *short[:free]]
        del short[:free]
    return arranged

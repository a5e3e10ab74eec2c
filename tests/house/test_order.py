"""The order of the tests for several workers: all of them once, long ones first in the block of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.order import arrange


@dataclass(frozen=True)
class Test:
    """What the order reads of a test."""

    __test__ = False
    number: int
    kind: str

    def get_closest_marker(self, name: str) -> str | None:
        return self.kind if self.kind == name else None


@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize(("browser", "slow", "short"), [(2, 3, 25), (20, 5, 5), (2, 20, 3), (0, 0, 30)])
def test_workers_begin_with_long_tests(workers: int, browser: int, slow: int, short: int) -> None:
    kinds = ["short"] * short + ["browser"] * browser + ["slow"] * slow
    tests: list[Any] = [Test(number, kind) for number, kind in enumerate(kinds)]
    arranged = arrange(tests, workers)
    assert sorted(each.number for each in arranged) == list(range(len(tests)))
    size = len(tests) // workers
    assert {each.kind for each in arranged[: min(browser, size)]} <= {"browser"}
    if browser <= size:
        assert {each.kind for each in arranged[size : size + min(slow, size)]} <= {"slow"}

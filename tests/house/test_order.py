"""The order of the tests for several workers: all of them once, long ones first in the block of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.order import arrange

_BROWSER = ("lived", "portal", "browser")
_OF_MARKER = {"browser": _BROWSER, "slow": ("slow",)}


@dataclass(frozen=True)
class Test:
    """What the order reads of a test."""

    __test__ = False
    number: int
    kind: str

    @property
    def fixturenames(self) -> list[str]:
        return [self.kind]

    def get_closest_marker(self, name: str) -> str | None:
        return name if self.kind in _OF_MARKER.get(name, ()) else None


@pytest.mark.parametrize("workers", [2, 3, 4, 6])
@pytest.mark.parametrize("long", [1, 3, 20])
@pytest.mark.parametrize("short", [0, 9, 116])
def test_workers_begin_with_long_tests(workers: int, long: int, short: int) -> None:
    kinds = ["short"] * short + ["browser", "slow", "lived", "portal"] * long
    tests: list[Any] = [Test(number, kind) for number, kind in enumerate(kinds)]
    arranged = arrange(tests, workers)
    assert sorted(each.number for each in arranged) == list(range(len(tests)))
    assert [each.kind for each in arranged[:long]] == ["lived"] * long
    for kind in _BROWSER:
        places = [place for place, each in enumerate(arranged) if each.kind == kind]
        assert places == list(range(places[0], places[0] + long))
    if (long, short) == (1, 116):
        begins = [each.kind for each in arranged[:: len(tests) // workers]]
        assert begins[:4] == ["lived", "slow", "portal", "browser"][:workers]
        assert set(begins[4:]) <= {"short"}


def test_nothing_is_arranged_without_long_tests() -> None:
    tests: list[Any] = [Test(number, "short") for number in range(30)]
    assert arrange(list(tests), 3) == tests

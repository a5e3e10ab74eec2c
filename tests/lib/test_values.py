"""Frozen dataclasses of portal.lib.values behave as those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from portal.lib import values

Maker = Callable[..., Any]


def build(dataclass: Maker, **options: bool) -> tuple[Any, Any, Any]:
    """Return a class, a subclass of it and an empty class, made by one of the two decorators."""

    @dataclass(frozen=True, **options)
    class Price:
        amount: int
        currency: str = "UAH"
        notes: list[str] = field(default_factory=list, compare=False)
        secret: str = field(default="", repr=False, kw_only=True)

        def __post_init__(self) -> None:
            object.__setattr__(self, "currency", self.currency.upper())

    @dataclass(frozen=True, **options)
    class Fee(Price):
        rate: int = 1

        def __repr__(self) -> str:
            return f"a fee of {self.rate}"

    @dataclass(frozen=True, **options)
    class Nothing:
        """A value without a field."""

    return Price, Fee, Nothing


def outcome(work: Callable[[], object]) -> str:
    try:
        return repr(work())
    except Exception as error:
        return (
            f"{type(error).__name__} {str(error).replace('assign to', 'change').replace('delete', 'change')}"
        )


def facts(dataclass: Maker, **options: bool) -> list[str]:
    """Return what can be seen of the classes that a decorator makes."""
    price, fee, nothing = build(dataclass, **options)
    one, other = price(1, "uah", ["a"]), fee(2, rate=3)
    return [
        outcome(work)
        for work in (
            lambda: one, lambda: other, nothing, lambda: price(amount=1, secret="x"), lambda: price.__match_args__,
            lambda: one == price(1, "UAH", ["b"]), lambda: one == price(2), lambda: one == fee(1), lambda: one == 1,
            lambda: nothing() == nothing(), lambda: hash(one) == hash(price(1)), lambda: len({one, price(1)}),
            lambda: hash(nothing()) == hash(nothing()),
            lambda: price(1).notes is price(1).notes, lambda: dataclasses.replace(other, amount=9).amount,
            lambda: dataclasses.asdict(other), lambda: copy.copy(one), lambda: copy.deepcopy(one) == one,
            lambda: setattr(one, "amount", 2), lambda: delattr(one, "amount"),
            price, lambda: price(1, "UAH", [], "x"), lambda: price(1, unknown=2), lambda: fee.__doc__ is None,
            lambda: [each.name for each in dataclasses.fields(fee)], lambda: hasattr(one, "__dict__"),
        )
    ]  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"slots": True}])
def test_frozen_dataclass_behaves_like_one_of_the_standard_library(options: dict[str, bool]) -> None:
    assert facts(values.dataclass, **options) == facts(dataclasses.dataclass, **options)


@values.dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


def test_value_with_slots_is_pickled() -> None:
    assert pickle.loads(pickle.dumps(Point(1, 2))) == Point(1, 2)


def test_class_that_is_not_frozen_is_made_by_the_standard_library() -> None:
    @values.dataclass
    class Counter:
        count: int

    counter = Counter(1)
    counter.count += 1
    assert counter == Counter(2)


def test_definition_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling is what takes the time of a start."""
    compiled = []
    create = dataclasses._create_fn  # type: ignore[attr-defined]
    monkeypatch.setattr(
        dataclasses, "_create_fn", lambda name, *a, **k: compiled.append(name) or create(name, *a, **k)
    )
    price, _fee, _nothing = build(values.dataclass)
    assert compiled == []
    price(1)
    assert compiled.count("__init__") == 1

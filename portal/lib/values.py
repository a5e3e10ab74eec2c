"""Frozen dataclasses that cost little to define.

`dataclasses` writes and compiles six functions for each frozen class: with hundreds of classes a sixth of a start, and
most processes use few of them. Here the classes share those functions, and `__init__` is made by `dataclasses` when the
first instance is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, **options: bool) -> Any:
        """Make a dataclass as `dataclasses.dataclass` does; one that is not frozen is made there."""
        if not frozen:
            return dataclasses.dataclass(cls, **options)
        return _frozen(cls, options) if cls else lambda made: _frozen(made, options)


def _frozen(cls: type, options: dict[str, bool]) -> Any:
    # Without a text, one would be made from the signature.
    cls.__doc__ = cls.__doc__ or cls.__name__
    has_hash = cls.__dict__.get("__hash__") is not None
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, **options)(cls)
    own = made.__dict__
    fields = dataclasses.fields(made)
    made.__value_key__ = _key([each.name for each in fields if each.compare])
    shared: dict[str, Callable[..., Any]] = {"__setattr__": _refuse_change, "__delattr__": _refuse_change}
    shared |= {name: each for name, each in (("__repr__", _repr), ("__eq__", _is_equal)) if name not in own}
    shared |= {} if has_hash else {"__hash__": _hash}
    shared |= {"__getstate__": _state, "__setstate__": _set_state} if options.get("slots") else {}
    for name, each in shared.items():
        setattr(made, name, each)
    if "__init__" not in own:
        made.__init__ = _first_init(made)
    return made


def _first_init(cls: Any) -> Callable[..., None]:
    """Return an `__init__` that puts the real one in its place."""

    def __init__(self: object, /, *values: Any, **named: Any) -> None:
        cls.__init__ = _make_init(cls)
        cls.__init__(self, *values, **named)

    return __init__


def _make_init(cls: Any) -> Callable[..., None]:
    specifications = [(each.name, each.type, _copy(each)) for each in dataclasses.fields(cls)]
    after = {"__post_init__": cls.__post_init__} if hasattr(cls, "__post_init__") else {}
    made: Any = dataclasses.make_dataclass(
        cls.__qualname__.rpartition(".")[2],
        specifications,
        namespace=after,
        frozen=True,
        repr=False,
        eq=False,
    )
    init: Callable[..., None] = made.__init__
    init.__qualname__ = f"{cls.__qualname__}.__init__"  # the name in a TypeError
    return init


def _copy(given: dataclasses.Field[Any]) -> Any:
    return dataclasses.field(
        default=given.default, default_factory=given.default_factory, init=given.init, kw_only=given.kw_only
    )


def _key(names: list[str]) -> Callable[[object], object]:
    """Return what reads the values that are compared."""
    return attrgetter(*names) if names else lambda _value: ()


@recursive_repr()
def _repr(self: Any) -> str:
    shown = [each.name for each in dataclasses.fields(self) if each.repr]
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def _is_equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    key = type(self).__value_key__
    return key(self) == key(other)


def _hash(self: Any) -> int:
    return hash(type(self).__value_key__(self))


def _refuse_change(self: object, name: str, *_value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)

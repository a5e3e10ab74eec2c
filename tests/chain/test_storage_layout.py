"""Storage layouts of released versions: members are only appended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.chain.storage_layout import Layout, Member, find_conflicts, known_versions, load_layout


@pytest.fixture
def old() -> Layout:
    layout = load_layout("2.0.0")
    assert layout is not None
    return layout


@pytest.fixture
def new() -> Layout:
    layout = load_layout("2.1.0")
    assert layout is not None
    return layout


def test_every_released_version_is_committed() -> None:
    assert set(known_versions()) >= {"2.0.0", "2.1.0"}


@pytest.mark.parametrize("version", ["1.0.0", "9.9.9", "../layouts/2.0.0", ""])
def test_unknown_version_has_no_layout(version: str) -> None:
    assert load_layout(version) is None


def test_new_version_only_appends(old: Layout, new: Layout) -> None:
    assert find_conflicts(old, new) == []
    assert find_conflicts(new, new) == []
    assert new.members[: len(old.members)] == old.members
    assert [member.label for member in new.members[len(old.members) :]] == ["tokenUnproven", "numberedFrom"]


def test_older_version_misses_members(old: Layout, new: Layout) -> None:
    assert [text.rpartition(" is ")[2] for text in find_conflicts(new, old)] == ["removed", "removed"]


@pytest.mark.parametrize(
    "change",
    [{"label": "renamed"}, {"slot": 9}, {"offset": 3}, {"type": "uint256"}, {"bytes": 4}],
    ids=lambda change: next(iter(change)),
)
def test_changed_member_is_named(old: Layout, new: Layout, change: dict[str, object]) -> None:
    for index, member in enumerate(old.members):
        members = list(new.members)
        members[index] = replace(member, **change)  # type: ignore[arg-type]
        (conflict,) = find_conflicts(old, replace(new, members=tuple(members)))
        assert member.label in conflict


def test_inserted_and_swapped_members_are_conflicts(old: Layout, new: Layout) -> None:
    first, second, *rest = new.members
    assert find_conflicts(old, replace(new, members=(second, first, *rest)))
    inserted = Member("extra", 0, 0, 1, "bool")
    assert find_conflicts(old, replace(new, members=(inserted, *new.members)))


def test_appended_member_must_not_overlap(old: Layout) -> None:
    last = old.members[-1]
    overlapping = Member("extra", last.slot, last.offset + last.bytes - 1, 1, "bool")
    behind = replace(overlapping, offset=last.offset + last.bytes)
    assert "overlaps" in find_conflicts(old, replace(old, members=(*old.members, overlapping)))[0]
    assert find_conflicts(old, replace(old, members=(*old.members, behind))) == []


def test_nested_struct_and_namespace_stay(old: Layout, new: Layout) -> None:
    (name, members), *_ = new.structs.items()
    grown = (*members, Member("extra", 1, 0, 32, "uint256"))
    assert "grows" in find_conflicts(old, replace(new, structs={name: grown}))[0]
    assert "removed" in find_conflicts(old, replace(new, structs={}))[0]
    assert "namespace" in find_conflicts(old, replace(new, namespace="erc7201:other"))[0]

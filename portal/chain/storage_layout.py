"""Compare the storage layouts of two versions of `ReferralRewards`: an upgrade may only append members.

The layouts in `contracts/layouts` are built and checked together with the artifacts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.lib.folders import CONTRACTS

LAYOUTS_FOLDER = CONTRACTS / "layouts"


@dataclass(frozen=True)
class Member:
    """A member of a struct: where it is, in slots of the struct and bytes of the slot, and its type."""

    label: str
    slot: int
    offset: int
    bytes: int
    type: str

    @property
    def start(self) -> int:
        return self.slot * 32 + self.offset

    @property
    def text(self) -> str:
        return f"{self.type} {self.label} at slot {self.slot}, byte {self.offset}"


@dataclass(frozen=True)
class Layout:
    """The namespaced storage of one version, and the structs that its members use."""

    version: str
    namespace: str
    members: tuple[Member, ...]
    structs: Mapping[str, tuple[Member, ...]]


def known_versions() -> list[str]:
    """Return the versions whose layout is committed."""
    return [path.stem for path in LAYOUTS_FOLDER.glob("*.json")]


def load_layout(version: str) -> Layout | None:
    """Return the committed layout of a version, None if the version is unknown."""
    if version not in known_versions():
        return None
    fields = json.loads((LAYOUTS_FOLDER / f"{version}.json").read_text())
    structs = {name: _members(members) for name, members in fields["structs"].items()}
    return Layout(fields["version"], fields["namespace"], _members(fields["members"]), structs)


def find_conflicts(old: Layout, new: Layout) -> list[str]:
    """Return why the new version would misread the storage of the old one, nothing if it only appends."""
    if old.namespace != new.namespace:
        return [f"the namespace changes from {old.namespace} to {new.namespace}"]
    conflicts = _changed(old.members, new.members) + _overlapping(old.members, new.members)
    for name, members in old.structs.items():
        other = new.structs.get(name, ())
        conflicts += [f"{name}: {text}" for text in _changed(members, other)]
        if len(other) > len(members):
            conflicts.append(f"{name}: grows, which moves what follows it")
    return conflicts


def _members(fields: Sequence[Mapping[str, Any]]) -> tuple[Member, ...]:
    return tuple(Member(**member) for member in fields)


def _changed(old: Sequence[Member], new: Sequence[Member]) -> list[str]:
    pairs = zip(old, [*new, *[None] * len(old)], strict=False)
    return [
        f"{before.text} becomes {after.text}" if after else f"{before.text} is removed"
        for before, after in pairs
        if before != after
    ]


def _overlapping(old: Sequence[Member], new: Sequence[Member]) -> list[str]:
    end = max((member.start + member.bytes for member in old), default=0)
    return [f"{member.text} overlaps existing members" for member in new[len(old) :] if member.start < end]

"""docs/security.md: every requirement of ASVS 5.0 level 2 once, each with evidence that exists or a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENT = (PROJECT / "docs" / "security.md").read_text()
REQUIREMENTS = dict(
    line.split() for line in (PROJECT / "tests/support/asvs_5_0_level_2.txt").read_text().splitlines()
)
ROW = re.compile(r"^\| (V\d+\.\d+\.\d+) \| (\d) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
EVIDENCE = re.compile(r"`([^`]+)`|\[[^\]]+\]\(#([^)]+)\)")


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield (id, level, state, evidence or reason) of each row."""
    for match in ROW.finditer(DOCUMENT):
        yield match[1], match[2], match[4], match[5]


@cache
def sections() -> set[str]:
    titles = re.findall(r"^##+ (.+)$", DOCUMENT, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def missing(evidence: str) -> list[str]:
    """Return what the evidence names and does not exist."""
    lost = []
    for code, section in EVIDENCE.findall(evidence):
        path, _colons, test = code.partition("::")
        file = PROJECT / path
        if section:
            exists = section in sections()
        else:
            exists = file.is_file() and (not test or f"\ndef {test}(" in file.read_text())
        if not exists:
            lost.append(code or f"#{section}")
    return lost


def test_every_requirement_is_listed_once_with_its_level() -> None:
    listed = [(name, level) for name, level, _state, _evidence in rows()]
    assert len(listed) == len(set(listed))
    assert dict(listed) == REQUIREMENTS
    assert len(listed) == len(REQUIREMENTS) == DOCUMENT.count("\n| V")


def test_every_requirement_is_met_or_does_not_apply() -> None:
    assert {state for _name, _level, state, _evidence in rows()} <= {"met", "not applicable"}


def test_every_evidence_exists() -> None:
    for name, _level, state, evidence in rows():
        if state == "met":
            assert EVIDENCE.search(evidence), name
            assert not missing(evidence), name
        else:
            assert len(evidence) > 5, name


@pytest.mark.parametrize(
    "evidence", ["`tests/none.py`", "`tests/house/test_files.py::test_none`", "[None](#none)", "`portal`"]
)
def test_evidence_that_does_not_exist_is_noticed(evidence: str) -> None:
    assert missing(evidence)

"""The tables of fault tests in the rules name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("rules", "folder"),
    [("minting", "tests/chain"), ("payouts", "tests/flows/payouts")],
    ids=["minting", "payouts"],
)
def test_files_of_the_fault_tables_exist(rules: str, folder: str) -> None:
    text = (ROOT / f"docs/rules/{rules}.md").read_text()
    names = set(re.findall(r"`(test_\w+\.py)`", text))
    assert names
    assert {name for name in names if not (ROOT / folder / name).exists()} == set()

"""Folders of the source tree that the portal reads at run time."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
STATIC = PROJECT / "portal" / "static"
SQL = PROJECT / "sql"
CONTRACTS = PROJECT / "contracts"

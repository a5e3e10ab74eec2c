"""Folders that the portal reads, and the name of its command, in the source tree and in an installed package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
# A built package has copies of the folders outside `portal` here: see portal/dev/packaging.py.
_INSTALLED = PACKAGE / "project"
IS_INSTALLED = _INSTALLED.is_dir()
PROJECT = _INSTALLED if IS_INSTALLED else PACKAGE.parent
# How people call the commands, for hints.
PROGRAM = "ring-portal" if IS_INSTALLED else "flask --app wsgi"
STATIC = PACKAGE / "static"
SDK = PACKAGE / "sdk"
SQL = PROJECT / "sql"
CONTRACTS = PROJECT / "contracts"
# The guides of docs/stores with the files that stores install.
STORE_SAMPLES = PROJECT / "docs" / "stores"
TRANSLATIONS = PROJECT / "translations"

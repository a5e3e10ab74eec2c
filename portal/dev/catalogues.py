"""Compile message catalogues whose .mo file is missing or older than the .po file."""

from __future__ import annotations

import os
from pathlib import Path


def compile_catalogues(folder: Path) -> list[str]:
    """Compile the stale catalogues below a translations folder and return their locales."""
    stale = [path for path in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _is_stale(path)]
    for path in stale:
        _compile(path)
    return [path.parent.parent.name for path in stale]


def _is_stale(path: Path) -> bool:
    compiled = path.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < path.stat().st_mtime


def _compile(path: Path) -> None:
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import read_po  # noqa: PLC0415

    # Two processes may compile at once: each writes its own file, and the last rename wins.
    fresh = path.with_suffix(f".mo.{os.getpid()}")
    with path.open("rb") as source, fresh.open("wb") as target:
        write_mo(target, read_po(source, locale=path.parent.parent.name))
    fresh.replace(path.with_suffix(".mo"))

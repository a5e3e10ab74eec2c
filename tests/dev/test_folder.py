"""The data folder: one portal at a time and atomic writes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from portal.dev.folder import DataFolderUnusable, lock_folder, prepare_folder, read_json, write_json
from portal.dev.processes import is_port_free, last_lines, pick_port


def test_folder_is_locked_once(tmp_path: Path) -> None:
    with (
        lock_folder(tmp_path),
        pytest.raises(
            DataFolderUnusable, match=rf"\(process {os.getpid()}\) already runs on the data folder"
        ),
    ):
        lock_folder(tmp_path)
    lock_folder(tmp_path).close()


def test_file_is_replaced_atomically_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})

    assert read_json(path) == {"a": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secrets.json"]


def test_missing_folders_are_created(tmp_path: Path) -> None:
    assert prepare_folder(tmp_path / "a" / "b").is_dir()


def test_preferred_port_is_used_if_free() -> None:
    port = pick_port()

    assert is_port_free(port)
    assert pick_port(port) == port


def test_last_lines_can_be_filtered(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\nFATAL: two\n\nthree\n")

    assert last_lines(log) == "three"
    assert last_lines(log, containing="FATAL") == "FATAL: two"
    assert last_lines(tmp_path / "none") == ""

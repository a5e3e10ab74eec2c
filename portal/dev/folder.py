"""The data folder of a development portal: checked, locked, its files written atomically."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from pathlib import Path
from typing import IO, Any

from portal.lib.errors import PortalError


class DataFolderUnusable(PortalError):
    """The data folder cannot be used; the message is one sentence for the developer."""

    code = "data_folder_unusable"


def prepare_folder(folder: Path) -> Path:
    """Create the folder if it is missing and return its absolute path. Raises DataFolderUnusable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        absolute = folder.resolve(strict=True)
        os.listdir(absolute)
        with tempfile.TemporaryFile(dir=absolute):
            return absolute
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataFolderUnusable(f"The data folder {folder} cannot be read and written: {reason}.") from None


def lock_folder(folder: Path) -> IO[str]:
    """Lock the folder until this process ends. Raises DataFolderUnusable if another process has locked it."""
    handle = (folder / "dev.lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        holder = handle.read().strip() or "unknown"
        handle.close()
        sentence = f"Another portal (process {holder}) already runs on the data folder {folder}."
        raise DataFolderUnusable(sentence) from None
    handle.truncate(0)
    handle.write(f"{os.getpid()}\n")
    handle.flush()
    return handle


def write_json(path: Path, content: Any) -> None:
    """Replace a JSON file atomically; only the owner can read it."""
    write_atomically(path, json.dumps(content, indent=2).encode() + b"\n")


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file atomically: a reader, or a start after a crash, sees the old or the new content."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_json(path: Path) -> Any:
    """Return the content of a JSON file."""
    return json.loads(path.read_text())

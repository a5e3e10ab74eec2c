"""Templates of a process: compiled ones on disk for a quick first page, and their texts in memory for upgrades."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from flask import Flask
from jinja2 import FileSystemBytecodeCache, FunctionLoader

from portal.logs import get_logger

log = get_logger(__name__)


def keep_templates(app: Flask, data: Path) -> None:
    """Keep compiled templates below the data folder, if it is there and only this account or root can write to it.

    Without it they are compiled again. Jinja compares each with the text of its template, so an upgrade compiles what
    changed.
    """
    folder = data / "cache" / "templates"
    if not data.is_dir():
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_private = all(map(_is_private, (data, folder.parent, folder)))
    except OSError as error:
        log.info("compiled templates are not kept", reason=str(error))
        return
    if not is_private:
        # Anyone who can write a compiled template there runs code in this process.
        log.warning("compiled templates are not kept: others can write to the folder", folder=str(folder))
        return
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder))


def hold_templates(app: Flask) -> None:
    """Read the text of every template now.

    An upgrade replaces the files while this process answers on, and its code knows its own templates only.
    """
    loader = app.jinja_loader
    if loader is None:
        return
    texts = {name: loader.get_source(app.jinja_env, name)[:2] for name in loader.list_templates()}
    app.jinja_loader = FunctionLoader(lambda name: (*texts[name], None) if name in texts else None)


def _is_private(folder: Path) -> bool:
    facts = folder.lstat()
    others_write = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid in (0, os.getuid()) and not others_write

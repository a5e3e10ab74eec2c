"""Commands beside a running `dev`: `DATABASE_URL` is all they need, the rest they take from that run (SPEC section 10).

The run keeps its environment in its data folder, and its database says where that folder is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg2

from portal.dev.folder import read_json, write_json
from portal.settings import Settings, load_settings

_ENVIRONMENT = "environment.json"


def keep_environment(folder: Path, environment: dict[str, str]) -> None:
    """Keep a run's environment for the commands beside it; only the owner can read it."""
    write_json(folder / _ENVIRONMENT, environment)
    connection = psycopg2.connect(environment["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            # The statement takes no expression, so it is made first.
            cursor.execute(
                "SELECT format('COMMENT ON DATABASE %%I IS %%L', current_database(), %s::text)", [str(folder)]
            )
            ((statement,),) = cursor.fetchall()
            cursor.execute(statement)
    finally:
        connection.close()


def command_settings() -> Settings:
    """Return a command's settings: its environment, then that of the `dev` run whose database it names.

    Raises SettingsInvalid.
    """
    settings = load_settings()
    if settings.is_production or not os.environ.get("DATABASE_URL"):
        return settings
    return load_settings(**_kept_environment(settings.database_url))


def _kept_environment(database_url: str) -> dict[str, Any]:
    folder = _data_folder(database_url)
    try:
        kept = read_json(Path(folder, _ENVIRONMENT)) if folder else {}
    except (OSError, ValueError):
        return {}
    # A copied database names the folder it was copied from.
    if kept.get("DATABASE_URL") != database_url:
        return {}
    return {name.lower(): value for name, value in kept.items() if not os.environ.get(name)}


def _data_folder(database_url: str) -> str | None:
    try:
        connection = psycopg2.connect(database_url, connect_timeout=5)
    except psycopg2.OperationalError:
        return None
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                " WHERE datname = current_database()"
            )
            ((folder,),) = cursor.fetchall()
            return folder or None
    finally:
        connection.close()

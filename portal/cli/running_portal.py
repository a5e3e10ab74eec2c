"""Settings of commands that run next to `flask dev`: given its `DATABASE_URL`, they take the rest from that run.

The run saves its environment in its data folder, and a comment on its database has the path of that folder. See
docs/operations.md.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg2

from portal.dev.folder import read_json, write_json
from portal.settings import Settings, load_settings

_ENVIRONMENT = "environment.json"


def save_environment(folder: Path, environment: dict[str, str]) -> None:
    """Save the environment of a run for other commands; only the owner can read the file."""
    write_json(folder / _ENVIRONMENT, environment)
    connection = psycopg2.connect(environment["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            # COMMENT takes no expression, so the statement is built first.
            cursor.execute(
                "SELECT format('COMMENT ON DATABASE %%I IS %%L', current_database(), %s::text)", [str(folder)]
            )
            ((statement,),) = cursor.fetchall()
            cursor.execute(statement)
    finally:
        connection.close()


def command_settings() -> Settings:
    """Return the settings of a command: its environment, then that of the `dev` run whose database it uses.

    Raises SettingsInvalid.
    """
    settings = load_settings()
    if settings.is_production or not os.environ.get("DATABASE_URL"):
        return settings
    return load_settings(**_saved_environment(settings.database_url))


def _saved_environment(database_url: str) -> dict[str, Any]:
    folder = _data_folder(database_url)
    try:
        saved = read_json(Path(folder, _ENVIRONMENT)) if folder else {}
    except (OSError, ValueError):
        return {}
    # The comment of a copied database has the folder of the original.
    if saved.get("DATABASE_URL") != database_url:
        return {}
    return {name.lower(): value for name, value in saved.items() if not os.environ.get(name)}


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

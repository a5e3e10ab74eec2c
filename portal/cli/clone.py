"""`flask clone init`: settings, tables and a checklist for a new white-label deployment."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import psycopg2

from portal.cli.common import FilePath, PortalGroup, portal
from portal.db.migrations import migrate
from portal.lib.folders import IS_INSTALLED, PROJECT
from portal.payments import callback_url, list_providers
from portal.settings import Settings, SettingsInvalid, load_settings

_TEMPLATE = PROJECT / ".env.example"
_BIN = Path(sys.executable).parent if IS_INSTALLED else PROJECT / ".venv/bin"
_COMMAND = f"{_BIN}/ring-portal" if IS_INSTALLED else f"{_BIN}/flask --app {PROJECT}/wsgi.py"
_FOLDER = FilePath(file_okay=False, path_type=Path)


@click.group(cls=PortalGroup)
def clone() -> None:
    """Set up white-label deployments."""


@clone.command("init")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--name", "brand_name", default="", help="Name of the brand, in the header and in titles.")
@click.option("--color", "brand_color", default="", help="Colour of buttons, as #rrggbb.")
@click.option("--accent-color", "brand_accent_color", default="", help="Colour of links, as #rrggbb.")
@click.option("--logo-url", "brand_logo_url", default="", help="Address of a logo.")
@click.option("--token-symbol", "brand_token_symbol", default="", help="Reward token symbol.")
@click.option("--app-url", default="", help="Portal address, https://...")
@click.option("--database-url", default="", help="Database of the clone; default DATABASE_URL if unused.")
def init(folder: Path, database_url: str, **chosen: str) -> None:
    """Write DIR/.env with new secrets, migrate the database, and write DIR/CHECKLIST.md.

    An existing settings file is not changed, so the command can be repeated.
    """
    database = _own_database(database_url)
    environment = folder / ".env"
    values = {name.upper(): value for name, value in chosen.items() if value} | (
        {"DATABASE_URL": database} if database else {}
    )
    _validate(values)
    if environment.exists():
        click.echo(f"Left {environment} unchanged")
    else:
        with _naming_the_file():
            _write_environment(environment, values)
        click.echo(f"Wrote {environment} with new secrets, readable only by you")
    settings = _read(environment)
    _migrate(settings.database_direct_url or settings.database_url)
    checklist = folder / "CHECKLIST.md"
    with _naming_the_file():
        checklist.write_text(_checklist(folder.resolve(), settings))
    click.echo(f"Wrote {checklist}\n")
    click.echo(checklist.read_text())


@contextmanager
def _naming_the_file() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{error.filename} cannot be written: {error.strerror}.") from None


def _own_database(given: str) -> str:
    """Return the database of the clone: the given one, else DATABASE_URL if it has no accounts, else ""."""
    url = given or portal().settings.database_url
    if not url:
        return ""
    accounts = _count_accounts(url)
    if not accounts:
        return url
    if given:
        raise click.ClickException(
            f"This database has a portal with {accounts} accounts: a clone needs its own."
        )
    click.echo("DATABASE_URL is in use by a portal, so the clone has no database yet.")
    return ""


def _count_accounts(url: str) -> int:
    try:
        connection = psycopg2.connect(url, connect_timeout=5)
    except psycopg2.Error as error:
        raise click.ClickException(f"The database cannot be reached: {str(error).strip()}") from None
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('public.users') IS NOT NULL")
            (is_there,) = cursor.fetchone() or (False,)
            if is_there:
                cursor.execute("SELECT count(*) FROM users")
            (count,) = (cursor.fetchone() if is_there else None) or (0,)
        return int(count)
    finally:
        connection.close()


def _validate(values: dict[str, str]) -> None:
    try:
        load_settings(_env_file=None, **{name.lower(): value for name, value in values.items()})
    except SettingsInvalid as error:
        raise click.ClickException(str(error)) from None


def _write_environment(path: Path, values: dict[str, str]) -> None:
    """Write the template with these values, production mode and new secrets; only the owner can read it."""
    defaults = {
        "PORTAL_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "CRON_SECRET": secrets.token_urlsafe(32),
        # The published test values must not be used in production.
        **dict.fromkeys(_provider_settings(), ""),
        "APP_URL": "",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(_line(line, {**defaults, **values}) for line in _TEMPLATE.read_text().splitlines())
    unfinished = path.with_name(f".env.{secrets.token_hex(4)}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{text}\n")
    unfinished.rename(path)


def _line(line: str, values: dict[str, str]) -> str:
    name = line.partition("=")[0]
    if line.startswith("#") or name not in values:
        return line
    # Nothing is expanded inside single quotes.
    quoted = values[name].replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{quoted}'" if quoted else f"{name}="


def _read(path: Path) -> Settings:
    """Read the settings of the clone without the environment of this deployment."""
    hidden = {name: os.environ.pop(name) for name in _names() if name in os.environ}
    try:
        # The file may be incomplete, so production rules are left to the checklist.
        return load_settings(_env_file=path, portal_env="development")
    except SettingsInvalid as error:
        raise click.ClickException(f"{path}: {error}") from None
    finally:
        os.environ.update(hidden)


def _names() -> list[str]:
    return [name.upper() for name in Settings.model_fields]


def _migrate(database_url: str) -> None:
    if not database_url:
        return
    applied = migrate(database_url)
    click.echo("Applied the migrations" if applied else "The database is up to date")


@dataclass(frozen=True)
class _Item:
    done: bool
    text: str


def _checklist(folder: Path, settings: Settings) -> str:
    lines = [f"- [{'x' if item.done else ' '}] {item.text}" for item in _items(settings, _COMMAND)]
    head = (
        f"# {settings.brand_name}: a new deployment\n\nRun the commands in `{folder}`: they read its `.env`.\n"
        "Open items are missing from that file, or only you can do them.\n"
    )
    return "\n".join([head, *lines, ""])


def _items(settings: Settings, command: str) -> list[_Item]:
    return [
        _Item(True, "`SECRET_KEY` and `CRON_SECRET` are generated; keep `.env` out of version control."),
        _Item(settings.app_url.startswith("https://"), "`APP_URL`: the address of the portal, https://..."),
        _Item(bool(settings.database_url), "`DATABASE_URL`: its own database on PostgreSQL 15 or newer."),
        _Item(bool(settings.database_url), f"The tables are up to date: `{command} db migrate`"),
        _Item(
            settings.brand_name != Settings.model_fields["brand_name"].default,
            "`BRAND_NAME`, `BRAND_COLOR`, `BRAND_ACCENT_COLOR`, `BRAND_LOGO_URL`, `BRAND_TOKEN_SYMBOL`.",
        ),
        *_provider_items(settings),
        _Item(
            settings.chain_configured,
            f"`POLYGON_RPC_URL` and the contract: `{command} chain deploy` (docs/on-chain.md). Rewards wait for it.",
        ),
        _Item(
            bool(settings.referral_token_usd_price or settings.referral_price_feed_address),
            "`REFERRAL_TOKEN_USD_PRICE` or `REFERRAL_PRICE_FEED_ADDRESS`: the token's price.",
        ),
        _Item(
            settings.mail_configured,
            "`SMTP_URL` and `MAIL_FROM`: without them nobody can confirm an e-mail address.",
        ),
        _Item(
            False,
            f"The first admin: `echo PASSWORD | {command} user create you@example.com --admin --password-stdin`",
        ),
        _Item(
            False,
            f"A proxy with TLS in front of `{command} serve`; `TRUSTED_PROXIES` is the number of proxies.",
        ),
        _Item(False, f"A backup every night: `{command} backup create DIR` (docs/operations.md)."),
        _Item(False, f"Final checks: `{command} doctor`, then `{command} smoke all`"),
    ]


def _provider_items(settings: Settings) -> Iterator[_Item]:
    if not settings.card_payments:
        yield _Item(True, "`CARD_PAYMENTS=false`: nobody pays by card, because only connected stores sell.")
        return
    for provider in list_providers(settings):
        names = ", ".join(f"`{name}`" for name in provider.setting_names)
        yield _Item(
            provider.is_configured,
            f"{names}: the merchant's own. If only connected stores sell, set `CARD_PAYMENTS=false`.",
        )
        yield _Item(False, f"At the provider, the service URL `{callback_url(provider, settings)}`.")


def _provider_settings() -> list[str]:
    return [name for provider in list_providers(portal().settings) for name in provider.setting_names]

"""The commands of `flask --app wsgi`, one file per group, each loaded when it is used."""

from __future__ import annotations

import importlib

import click
from flask import Flask
from flask.cli import AppGroup

# The module of each command, and the name of its object where it is another.
_MODULES = {
    "alerts": "alerts",
    "alias": "alias",
    "audit": "audit",
    "backup": "backup",
    "chain": "chain",
    "clone": "clone",
    "db": "database",
    "dev": "dev",
    "doctor": "doctor",
    "import-ring": "import_ring:import_ring_command",
    "mail": "mail",
    "mint": "mint",
    "payouts": "payouts",
    "product": "products",
    "programme": "programme",
    "secrets": "secrets_command:secrets",
    "seed": "database",
    "serve": "serve",
    "smoke": "smoke",
    "statements": "statements",
    "store": "stores",
    "user": "users",
    "vendor": "vendors",
    "version": "version",
    "visits": "visits",
}


class PortalCommands(AppGroup):
    """The commands of the portal: servers load none, a command only its own module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_MODULES})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in _MODULES:
            module, _, name = _MODULES[cmd_name].partition(":")
            self.add_command(getattr(importlib.import_module(f"{__name__}.{module}"), name or cmd_name))
        return super().get_command(ctx, cmd_name)


def register_commands(app: Flask) -> None:
    """Make every command available in the application."""
    app.cli = PortalCommands(app.name)

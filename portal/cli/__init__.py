"""The commands of `flask --app wsgi`, one file per group."""

from __future__ import annotations

from flask import Flask

from portal.cli.alerts import alerts
from portal.cli.alias import alias
from portal.cli.applications import applications, approve_command, reject_command
from portal.cli.audit import audit
from portal.cli.backup import backup
from portal.cli.chain import chain
from portal.cli.chain_admin import ADMIN_COMMANDS
from portal.cli.chain_keystore import keystore
from portal.cli.chain_upgrade import upgrade, verify
from portal.cli.clone import clone
from portal.cli.database import db, seed
from portal.cli.dev import dev
from portal.cli.doctor import doctor
from portal.cli.import_ring import import_ring_command
from portal.cli.mail import mail
from portal.cli.mint import mint
from portal.cli.payouts import payouts
from portal.cli.products import product
from portal.cli.programme import programme
from portal.cli.serve import serve
from portal.cli.smoke import smoke
from portal.cli.statements import statements
from portal.cli.store_access import api, secret
from portal.cli.store_customers import erase
from portal.cli.store_poll import poll
from portal.cli.stores import store
from portal.cli.users import user
from portal.cli.vendors import vendor
from portal.cli.version import version
from portal.cli.visits import visits


def register_commands(app: Flask) -> None:
    """Add every command to the application."""
    for subcommand in (*ADMIN_COMMANDS, keystore, upgrade, verify):
        chain.add_command(subcommand)
    for subcommand in (applications, approve_command, reject_command):
        programme.add_command(subcommand)
    for subcommand in (api, poll, secret):
        store.add_command(subcommand)
    store.add_command(erase, "erase-customer")
    for command in (
        alerts,
        alias,
        audit,
        backup,
        chain,
        clone,
        db,
        dev,
        doctor,
        import_ring_command,
        mail,
        mint,
        payouts,
        product,
        programme,
        seed,
        serve,
        smoke,
        store,
        statements,
        user,
        vendor,
        version,
        visits,
    ):
        app.cli.add_command(command)

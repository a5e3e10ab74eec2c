"""The commands of `flask --app wsgi`, one file per group."""

from __future__ import annotations

from flask import Flask

from portal.cli.audit import audit
from portal.cli.chain import chain
from portal.cli.clone import clone
from portal.cli.database import db, seed
from portal.cli.dev import dev
from portal.cli.doctor import doctor
from portal.cli.import_ring import import_ring_command
from portal.cli.mail import mail
from portal.cli.mint import mint
from portal.cli.payouts import payouts
from portal.cli.smoke import smoke
from portal.cli.users import user
from portal.cli.visits import visits


def register_commands(app: Flask) -> None:
    """Add every command to the application."""
    for command in (
        audit,
        chain,
        clone,
        db,
        dev,
        doctor,
        import_ring_command,
        mail,
        mint,
        payouts,
        seed,
        smoke,
        user,
        visits,
    ):
        app.cli.add_command(command)

"""The health of the portal in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from portal.flows.minting.watch_chain import ChainWatch
from portal.flows.overviews.admin_home import AdminHome
from portal.flows.overviews.read_health import Health
from portal.lib.clock import utc_now
from portal.settings import Settings
from portal.web.text.format import ago
from portal.web.text.messages import mint_waiting
from portal.web.text.payouts import problem_words
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

# The job that counts the figures runs every minute.
_JOBS_LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class HealthLine:
    """The state of one part: its name, a sentence, and whether an admin has to act."""

    part: str
    text: str
    is_ok: bool


def health_lines(
    health: Health, watch: ChainWatch | None, home: AdminHome, settings: Settings
) -> list[HealthLine]:
    """Return the state of database, chain, jobs, mail and stores."""
    return [
        _database(health),
        *_chain(health, watch),
        _jobs(home),
        _mail(home, settings),
        _stores(home),
    ]


def _database(health: Health) -> HealthLine:
    words = {
        "ok": _("It answers and can be written to."),
        "full": _("The disk of the database server is full."),
        "read_only": _("The database is read-only: connect to the primary."),
    }
    text = words.get(health.database, _("The database did not answer a check in time."))
    if health.migrations == "pending":
        text = _("Migrations are pending: run the db migrate command on the server.")
    return HealthLine(_("Database"), text, health.is_ready)


def _chain(health: Health, watch: ChainWatch | None) -> Iterator[HealthLine]:
    codes = [] if health.chain == "ok" else ["chain_away" if health.chain == "away" else health.chain]
    codes += [code for code in (watch.problems if watch else []) if code not in codes]
    for code in codes:
        is_minting = mint_waiting(code) != code
        yield HealthLine(
            _("Blockchain"), mint_waiting(code) if is_minting else problem_words(code), is_ok=False
        )
    if not codes:
        yield HealthLine(_("Blockchain"), _("The node answers, and rewards can be minted."), is_ok=True)


def _jobs(home: AdminHome) -> HealthLine:
    part = _("Jobs")
    if home.counted_at is None:
        return HealthLine(part, _("No job has run yet."), is_ok=False)
    is_ok = utc_now() - home.counted_at < _JOBS_LATE
    text = _("The last job ran %(ago)s.", ago=ago(home.counted_at))
    if not is_ok:
        text += " " + _("Check that a process runs the schedule.")
    return HealthLine(part, text, is_ok)


def _mail(home: AdminHome, settings: Settings) -> HealthLine:
    part, late = _("Mail"), home.waiting["letters"]
    if not settings.mail_configured:
        if settings.shows_mail:
            return HealthLine(part, _("No mail server is set: e-mails are shown at /dev/mail."), is_ok=True)
        return HealthLine(part, _("No mail server is set: e-mails are not sent."), is_ok=False)
    if late:
        text = ngettext(
            "%(num)s e-mail should have been sent more than ten minutes ago.",
            "%(num)s e-mails should have been sent more than ten minutes ago.",
            late,
        )
        return HealthLine(part, text, is_ok=False)
    return HealthLine(part, _("No e-mail is late."), is_ok=True)


def _stores(home: AdminHome) -> HealthLine:
    silent = [store.name for store in home.stores if store.is_silent]
    if silent:
        return HealthLine(
            _("Stores"),
            _(
                "These stores do not answer when their orders are read: %(names)s.",
                names=", ".join(silent[:5]),
            ),
            is_ok=False,
        )
    return HealthLine(_("Stores"), _("Every connected store that is read answers."), is_ok=True)

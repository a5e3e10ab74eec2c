"""Every ledger as CSV and XLSX, from one list of descriptions. See docs/exports.md.

A new ledger is one entry in a list that LEDGERS joins: its route, both formats, its access and its line on the
admin's page follow.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.web.admin.audit.section import audit_nav
from portal.web.core.access import for_role, signed_in
from portal.web.core.fresh_reads import lagging_reads
from portal.web.core.security import limit_account
from portal.web.exports import (
    catalogue_ledgers,
    commission_ledgers,
    payment_ledgers,
    people_ledgers,
    programme_ledgers,
    reward_ledgers,
)
from portal.web.exports.arguments import PERIOD, read_period
from portal.web.exports.csv_file import csv_response
from portal.web.exports.ledger import Ledger
from portal.web.exports.xlsx_file import xlsx_response

LEDGERS: tuple[Ledger, ...] = (
    *commission_ledgers.LEDGERS,
    *reward_ledgers.LEDGERS,
    *payment_ledgers.LEDGERS,
    *people_ledgers.LEDGERS,
    *programme_ledgers.LEDGERS,
    *catalogue_ledgers.LEDGERS,
)
FORMS = {"csv": csv_response, "xlsx": xlsx_response}

blueprint = Blueprint("exports", __name__)


@blueprint.get("/admin/ledgers")
@for_role("admin")
def ledgers() -> ResponseReturnValue:
    """List every ledger an admin may download, for a period where one is chosen."""
    typed = {name: request.args.get(name, "").strip()[:200] for name in PERIOD}
    errors: dict[str, str] = {}
    read_period(typed, errors)
    rows = [(ledger.name, *ledger.words()) for ledger in LEDGERS if ledger.words]
    return render_template(
        "exports/ledgers.html",
        rows=rows,
        section_nav=audit_nav(),
        typed=typed,
        errors=errors,
        form_errors=list(errors.items()),
        chosen={name: value for name, value in typed.items() if value and name not in errors},
    )


@blueprint.app_template_global()
def ledger_url(name: str, form: str, **arguments: Any) -> str:
    """Return the address of a ledger in a form, `csv` or `xlsx`."""
    return url_for(f"exports.{name}", form=form, **arguments)


@limit_account("exports")
def _download(ledger: Ledger, form: str, place: dict[str, Any]) -> ResponseReturnValue:
    with lagging_reads():
        answer = FORMS[form](ledger, ledger.rows({**request.args.to_dict(), **place}))
    name = "-".join([ledger.name, *map(str, place.values()), f"{datetime.now(UTC):%Y-%m-%d}"])
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.{form}")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _register(ledger: Ledger) -> None:
    """Give a ledger its route: the address with a dot and the form."""

    def download(form: str, **place: Any) -> ResponseReturnValue:
        answer: ResponseReturnValue = _download(ledger, form, place)
        return answer

    declare = signed_in() if ledger.audience == "signed_in" else for_role(ledger.audience)
    blueprint.add_url_rule(f"{ledger.address}.<any(csv,xlsx):form>", ledger.name, declare(download))


for _ledger in LEDGERS:
    _register(_ledger)

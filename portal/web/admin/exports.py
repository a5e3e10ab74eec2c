"""The admin's ledgers as files, with the filters of the page they are downloaded from."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from portal.web.access import for_role
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filters import read_view
from portal.web.admin.ledger_filters import read_ledger_view
from portal.web.exports import rewards_csv, settlements_csv
from portal.web.requests import portal


@blueprint.get("/store/commissions.csv")
@for_role("admin")
def settlements_file() -> ResponseReturnValue:
    """Download the settlement ledger as CSV."""
    return settlements_csv(read_ledger_view(request.args, portal().settings).wanted)


@blueprint.get("/refcodes.csv")
@for_role("admin")
def rewards_file() -> ResponseReturnValue:
    """Download the rewards that match the queue's filters as CSV."""
    return rewards_csv(read_view(request.args, portal().settings).wanted)

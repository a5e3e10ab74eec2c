"""Admin pages, one package per section."""

from __future__ import annotations

from flask import Blueprint

from portal.web.admin.audit import journal, refund, search
from portal.web.admin.commissions import payouts, rates, settlements, terms
from portal.web.admin.payments import credit, inbox
from portal.web.admin.referrers import codes
from portal.web.admin.rewards import decisions, minting, queue
from portal.web.admin.saved_filters import routes

# The modules of a section share its blueprint.
PAGES = (
    queue,
    decisions,
    minting,
    codes,
    settlements,
    payouts,
    rates,
    terms,
    inbox,
    credit,
    search,
    refund,
    journal,
    routes,
)

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
for section in dict.fromkeys(module.blueprint for module in PAGES):
    blueprint.register_blueprint(section)

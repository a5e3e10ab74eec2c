"""Admin pages, one package per section."""

from __future__ import annotations

from flask import Blueprint

from portal.web.admin.audit import journal, refund, search
from portal.web.admin.commissions import payouts, rates, settlements, statements, terms, treasury
from portal.web.admin.events import events
from portal.web.admin.home import home
from portal.web.admin.jobs import jobs
from portal.web.admin.orders import pages as order_pages
from portal.web.admin.payments import credit, failing, inbox, proposals
from portal.web.admin.people import changes, people, personal_data
from portal.web.admin.programme import applications, bonuses, campaigns, programme_terms, versions
from portal.web.admin.referrers import aliases, codes, listing
from portal.web.admin.rewards import decisions, minting, queue
from portal.web.admin.saved_filters import routes
from portal.web.admin.settings import pages as settings_pages
from portal.web.admin.stores import pages
from portal.web.admin.vendors import vendors
from portal.web.products import products_blueprint

# The modules of a section share its blueprint.
PAGES = (
    queue,
    decisions,
    minting,
    codes,
    aliases,
    listing,
    order_pages,
    settlements,
    payouts,
    treasury,
    statements,
    rates,
    terms,
    inbox,
    credit,
    proposals,
    failing,
    search,
    refund,
    journal,
    routes,
    pages,
    versions,
    campaigns,
    bonuses,
    applications,
    programme_terms,
    people,
    personal_data,
    changes,
    vendors,
    events,
    jobs,
    home,
    settings_pages,
)

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
for section in dict.fromkeys(module.blueprint for module in PAGES):
    blueprint.register_blueprint(section)
blueprint.register_blueprint(products_blueprint("admin"))

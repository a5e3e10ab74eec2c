"""The navigation of the shell by role, and which of its entries is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from flask import current_app, request

from portal.web.core.urls import plain_url
from portal.web.text.reader import reader_language
from portal.web.text.translate import gettext as _

# Endpoint, label, icon.
Entry = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the navigation.

    `count` is the number of items that need attention there, None where nothing is counted. `within` marks the entry
    of a section while one of its subpages is open. A group has `children` and no page of its own.
    """

    label: str
    url: str
    icon: str
    active: bool
    count: int | None = None
    within: bool = False
    children: tuple[NavItem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Group:
    """Entries behind one label; one that is left over stands for itself."""

    label: str
    icon: str
    entries: tuple[Entry, ...]


# The entry that a page belongs to, by the longest prefix of the page's endpoint. Other pages are entries themselves.
_ENTRY_OF = {
    "shop.order": "shop.orders",
    "vendor.order": "vendor.orders",
    "vendor.orders": "vendor.orders",
    "vendor.statement": "vendor.statements",
    "vendor.products.": "vendor.products.index",
    "vendor.stores.": "vendor.stores.index",
    "admin.rewards.": "admin.rewards.list",
    "admin.orders.": "admin.orders.list",
    "admin.products.": "admin.products.index",
    "admin.stores.": "admin.stores.index",
    "admin.people.": "admin.people.list",
    "admin.vendors.": "admin.vendors.list",
    "admin.commissions.": "admin.commissions.settlements",
    "admin.commissions.payout": "admin.commissions.payout_batches",
    "admin.commissions.unknown_payments": "admin.commissions.payout_batches",
    "admin.commissions.statement": "admin.commissions.statements",
    "admin.payments.": "admin.payments.inbox",
    "admin.payments.credit": "admin.payments.credit",
    "admin.audit.": "admin.audit.search",
    "admin.audit.journal": "admin.audit.journal",
    "admin.events.": "admin.events.list",
    "admin.jobs.": "admin.jobs.list",
    "exports.": "exports.ledgers",
}
# Sections that have an entry only where their list is registered.
_REFERRERS, _PROGRAMME = "/admin/referrers", "/admin/programme"


def navigation(role: str | None, counts: Mapping[str, int | None]) -> list[NavItem]:
    """Return the entries of a role; an admin finds their own purchases and referrals in the account menu.

    `counts` is the number of items that need attention, by endpoint.
    """
    return [
        _group(each, counts) if isinstance(each, _Group) else _item(each, counts) for each in _entries(role)
    ]


def _entries(role: str | None) -> Sequence[Entry | _Group]:
    """Return the entries of a role, which are made once per language."""
    known = current_app.extensions.setdefault("navigation", {})
    key = (role, reader_language())
    if key not in known:
        known[key] = _admin() if role == "admin" else _of_customers(role)
    entries: Sequence[Entry | _Group] = known[key]
    return entries


def _of_customers(role: str | None) -> Sequence[Entry]:
    entries: list[Entry] = [("shop.catalogue", _("Store"), "building-store")]
    if role:
        entries += _own_entries(role)
    if role == "vendor":
        entries += [
            ("vendor.orders", _("Orders"), "list-check"),
            ("vendor.products.index", _("Products"), "package"),
            ("vendor.earnings", _("Earnings"), "cash"),
            ("vendor.statements", _("Statements"), "calendar-due"),
            ("vendor.stores.index", _("Your stores"), "link"),
        ]
    return entries


def own_links(role: str | None) -> list[NavItem]:
    """Return what an admin has as a customer: the store, own purchases and referrals."""
    if role != "admin":
        return []
    store: Entry = ("shop.catalogue", _("Store"), "building-store")
    return [_item(entry, {}) for entry in (store, *_own_entries(role))]


def _own_entries(role: str) -> list[Entry]:
    return [
        ("shop.orders", _("Orders") if role == "user" else _("My orders"), "receipt"),
        ("referrer.dashboard", _("Referrals"), "share"),
        ("shop.membership", _("Membership"), "crown"),
    ]


def _admin() -> list[Entry | _Group]:
    referrers, programme = _endpoint_of(_REFERRERS), _endpoint_of(_PROGRAMME)
    people: list[Entry] = [("admin.people.list", _("People"), "")]
    people += [(referrers, _("Referrers"), "")] if referrers else []
    entries: list[Entry | _Group] = [
        ("admin.home.show", _("Home"), "home"),
        ("admin.rewards.list", _("Rewards"), "checks"),
        ("admin.orders.list", _("Orders"), "list-check"),
        _Group(_("People"), "users", (*people, ("admin.vendors.list", _("Vendors"), ""))),
        ("admin.products.index", _("Catalogue"), "package"),
        _Group(
            _("Money"),
            "coins",
            (
                ("admin.commissions.settlements", _("Settlements"), ""),
                ("admin.commissions.payout_batches", _("Payouts"), ""),
                ("admin.commissions.statements", _("Statements"), ""),
                ("admin.payments.inbox", _("Payments"), ""),
                ("admin.payments.credit", _("Credit"), ""),
                ("admin.audit.journal", _("Journal"), ""),
            ),
        ),
        ("admin.stores.index", _("Stores"), "link"),
    ]
    entries += [(programme, _("Programme"), "percentage")] if programme else []
    audit: tuple[Entry, ...] = (
        ("admin.audit.search", _("Audit"), ""),
        ("admin.events.list", _("Event log"), ""),
        ("admin.jobs.list", _("Jobs"), ""),
        ("exports.ledgers", _("Ledgers"), ""),
    )
    return [*entries, _Group(_("Audit"), "search", audit), ("admin.settings.show", _("Settings"), "settings")]


def _endpoint_of(path: str) -> str | None:
    """Return the endpoint of the page at a path, None where there is none."""
    if "pages_by_path" not in current_app.extensions:
        rules = current_app.url_map.iter_rules()
        pages = {rule.rule: rule.endpoint for rule in rules if "GET" in (rule.methods or ())}
        current_app.extensions["pages_by_path"] = pages
    known: dict[str, str] = current_app.extensions["pages_by_path"]
    return known.get(path)


def _group(group: _Group, counts: Mapping[str, int | None]) -> NavItem:
    children = tuple([_item(entry, counts) for entry in group.entries])
    return NavItem(
        group.label,
        "",
        group.icon,
        active=False,
        count=sum(child.count or 0 for child in children) or None,
        within=any(child.active or child.within for child in children),
        children=children,
    )


def _item(entry: Entry, counts: Mapping[str, int | None]) -> NavItem:
    endpoint, label, icon = entry
    here = request.endpoint or ""
    is_active = here == endpoint
    return NavItem(
        label,
        plain_url(endpoint),
        icon,
        is_active,
        counts.get(endpoint),
        within=not is_active and _entry_of(here) == endpoint,
    )


def _entry_of(endpoint: str) -> str:
    """Return the entry that a page belongs to: itself where nothing else is known."""
    if endpoint.startswith(("admin.referrers.", "admin.programme.")):
        section = _REFERRERS if endpoint.startswith("admin.referrers.") else _PROGRAMME
        return _endpoint_of(section) or "admin.rewards.list"
    return _section_of(endpoint)


@lru_cache(maxsize=1024)
def _section_of(endpoint: str) -> str:
    prefixes = [prefix for prefix in _ENTRY_OF if endpoint.startswith(prefix)]
    return _ENTRY_OF[max(prefixes, key=len)] if prefixes else endpoint

"""The two places where stores are managed, and the views that both have.

Each view gets its store from the area's loader, whose name says who may have it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from portal.catalogue import list_vendors_of_user
from portal.db import Actor
from portal.stores import get_connected_store, get_store, get_store_of_vendors
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.locale import select_locale
from portal.web.core.urls import url_for
from portal.web.stores.presenters import store_head
from portal.web.stores.section import section_nav

if TYPE_CHECKING:
    from models import Store

Method = Literal["GET", "POST"]


@dataclass(frozen=True)
class Area:
    """A place of these pages: the role, the prefix of endpoints, and how its stores and vendors are read.

    `vendor_ids` are the vendors whose stores are here, None for all. `get_any_store` also finds the built-in shop, for
    admins. `decides_terms`: who collects the money, what commissions and rewards depend on, and percents are decided
    here.
    """

    role: str
    endpoint: str
    get_store: Callable[[int], Store]
    get_any_store: Callable[[int], Store]
    vendor_ids: Callable[[], Collection[int] | None]
    decides_terms: bool

    def url(self, view: str, **values: Any) -> str:
        """Return the address of a view of this area."""
        return url_for(f"{self.endpoint}.{view}", **values)

    def back(self, view: str, store: Store, **values: Any) -> ResponseReturnValue:
        """Redirect to a page of a store after a change."""
        return redirect(self.url(view, store_id=store.id, **values), 303)

    def page(self, template: str, store: Store, **values: Any) -> str:
        """Render a page of a store."""
        return render_template(
            template,
            area=self,
            store=store_head(store),
            section_nav=section_nav(self.endpoint, store),
            **values,
        )


def get_store_of_signed_in_vendor(store_id: int) -> Store:
    """Return a store that sells for a vendor of the signed-in account; raise StoreUnknown."""
    return get_store_of_vendors(store_id, _own_vendor_ids())


def _own_vendor_ids() -> list[int]:
    return [vendor.id for vendor in list_vendors_of_user(current_user().id, select_locale())]


ADMIN = Area(
    role="admin",
    endpoint="admin.stores",
    get_store=get_connected_store,
    get_any_store=get_store,
    vendor_ids=lambda: None,
    decides_terms=True,
)
VENDOR = Area(
    role="vendor",
    endpoint="vendor.stores",
    get_store=get_store_of_signed_in_vendor,
    get_any_store=get_store_of_signed_in_vendor,
    vendor_ids=_own_vendor_ids,
    decides_terms=False,
)


@dataclass(frozen=True)
class _Rule:
    """A view of an area and the address below it."""

    view: Callable[..., ResponseReturnValue]
    rule: str
    method: Method
    reconfirm: bool
    for_admins: bool
    any_store: bool


_RULES: list[_Rule] = []


def area_view(
    rule: str,
    method: Method = "GET",
    *,
    reconfirm: bool = False,
    for_admins: bool = False,
    any_store: bool = False,
) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    """Add a view to both areas, or to that of admins; it gets the area, and the store that its address names."""

    def add(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        _RULES.append(_Rule(view, rule, method, reconfirm, for_admins, any_store))
        return view

    return add


def register_views(blueprint: Blueprint, area: Area) -> None:
    """Register every view at the blueprint of an area, for its role only."""
    for each in _RULES:
        if each.for_admins and area.role != "admin":
            continue
        view = for_role(area.role, reconfirm=each.reconfirm)(_bind(each, area))
        blueprint.add_url_rule(each.rule, each.view.__name__, view, methods=[each.method])


def _bind(rule: _Rule, area: Area) -> Callable[..., ResponseReturnValue]:
    get = area.get_any_store if rule.any_store else area.get_store

    @wraps(rule.view)
    def bound(**values: Any) -> ResponseReturnValue:
        if "store_id" in values:
            values["store"] = get(values.pop("store_id"))
        return rule.view(area=area, **values)

    return bound


def actor() -> Actor:
    """Return the signed-in account as the one who changes something."""
    return Actor.user(current_user().id)

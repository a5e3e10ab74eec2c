"""The settings of a connected store, checked field by field. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

from peewee import fn

from models import Store, StoreCoupon, StoreKey, StoreRate, StoreVendor
from portal.db import Actor, record_event, transaction
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.shown import digest_of, require_unchanged
from portal.lib.texts import clean_line
from portal.lib.urls import host_of, origin_of
from portal.stores.operations import create_store
from portal.stores.queries import lock_store
from portal.stores.rules import BUILT_IN_STORE_ID

NAME_MAX, ORIGINS_MAX = 100, 20
COLLECTED_BY, COMMISSION_BASES, REWARD_WAITS = (
    ("store", "platform"),
    ("net", "gross"),
    ("approval", "statement"),
)
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

Value = TypeVar("Value")


class StoreNameInvalid(PortalError):
    """The name is empty or too long; param `at_most`."""

    code = "store_name_invalid"


class OriginInvalid(PortalError):
    """The text is not the origin of a website, such as https://shop.example; param `origin`."""

    code = "origin_invalid"


class TooManyOrigins(PortalError):
    """More origins than a store may have; param `at_most`."""

    code = "too_many_origins"


class ChoiceInvalid(PortalError):
    """The value is none of those offered; param `choices`."""

    code = "choice_invalid"


class StoreVendorUnknown(PortalError):
    """The store has not reported a vendor with this id."""

    code = "store_vendor_unknown"


class CouponInvalid(PortalError):
    """The coupon is empty or too long; param `at_most`."""

    code = "coupon_invalid"


@dataclass(frozen=True)
class StoreSettings:
    """What can be chosen for a store; `origins` are those of its pages."""

    name: str
    platform: str
    origins: tuple[str, ...]
    default_vendor_id: int
    collected_by: str
    commission_base: str
    reward_waits_for: str

    def columns(self) -> dict[str, Any]:
        """Return the values by column."""
        return {
            "name": self.name,
            "platform": self.platform,
            "origins": list(self.origins),
            "default_vendor": self.default_vendor_id,
            "collected_by": self.collected_by,
            "commission_base": self.commission_base,
            "reward_waits_for": self.reward_waits_for,
        }


def check_store_settings(
    typed: Mapping[str, str], origins: Iterable[str], vendor_id: int, platforms: Iterable[str]
) -> StoreSettings:
    """Return settings from a form or a command; raise InputInvalid naming each field that is wrong."""
    errors: dict[str, PortalError] = {}

    def checked(field: str, check: Callable[[], Value], default: Value) -> Value:
        try:
            return check()
        except PortalError as error:
            errors[field] = error
            return default

    settings = StoreSettings(
        name=checked("name", lambda: check_name(typed.get("name", "")), ""),
        platform=checked("platform", lambda: _choose(typed, "platform", tuple(platforms)), ""),
        origins=checked("origins", lambda: check_origins(origins), ()),
        default_vendor_id=vendor_id,
        collected_by=checked("collected_by", lambda: _choose(typed, "collected_by", COLLECTED_BY), ""),
        commission_base=checked(
            "commission_base", lambda: _choose(typed, "commission_base", COMMISSION_BASES), ""
        ),
        reward_waits_for=checked(
            "reward_waits_for", lambda: _choose(typed, "reward_waits_for", REWARD_WAITS), ""
        ),
    )
    if errors:
        raise InputInvalid(errors)
    return settings


def check_name(text: str) -> str:
    """Return the name of a store as it is stored; raise StoreNameInvalid or CharacterRefused."""
    name = clean_line(text, "name")
    if not 1 <= len(name) <= NAME_MAX:
        raise StoreNameInvalid(field="name", at_most=NAME_MAX)
    return name


def check_origins(texts: Iterable[str]) -> tuple[str, ...]:
    """Return origins in the form browsers send, without repetitions; raise OriginInvalid or TooManyOrigins."""
    origins = tuple(dict.fromkeys(check_origin(text) for text in texts if text.strip()))
    if len(origins) > ORIGINS_MAX:
        raise TooManyOrigins(field="origins", at_most=ORIGINS_MAX)
    return origins


def check_origin(text: str) -> str:
    """Return an origin in the form browsers send: https, host in `xn--` form, port if it is not the default.

    An address with a path is accepted and cut. http is for this computer only. Raises OriginInvalid.
    """
    typed = text.strip()
    try:
        parts = urlsplit(typed if "://" in typed else f"https://{typed}")
        host = host_of(parts)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
        if is_safe and "_" not in host and not parts.username:
            return origin_of(parts)
    except ValueError:
        pass
    raise OriginInvalid(field="origins", origin=typed[:100])


def connect_store(settings: StoreSettings, actor: Actor, *, form_key: str = "") -> Store:
    """Connect a store with checked settings."""
    columns = settings.columns()
    name, platform, vendor_id = (columns.pop(key) for key in ("name", "platform", "default_vendor"))
    return create_store(name, platform, vendor_id, actor, key=form_key, **columns)


def store_digest(store: Store) -> str:
    """Return a digest of what a form shows of a store."""
    names = [field.name.removesuffix("_id") for field in fields(StoreSettings)]
    return digest_of([_column(store, name) for name in names])


def change_store(store_id: int, settings: StoreSettings, actor: Actor, *, shown: str | None = None) -> None:
    """Change what was decided about a connected store; orders that were paid before keep their terms.

    `shown` is the digest of the store that was shown; raises ChangedMeanwhile where it is another one now.
    """
    with transaction():
        before = lock_store(store_id)
        require_unchanged(shown, store_digest(before))
        columns = settings.columns()
        Store.update(columns).where((Store.id == store_id) & (Store.id != BUILT_IN_STORE_ID)).execute()
        changed = {
            name: [str(_column(before, name)), str(value)]
            for name, value in columns.items()
            if _column(before, name) != value
        }
        if changed:
            record_event(actor, "store", store_id, "store_changed", data=changed)


def disconnect_store(store_id: int, actor: Actor) -> bool:
    """End what a store may do at once, its keys included; its history stays. Return whether it was connected."""
    with transaction():
        ended = Store.update(active=False).where(
            (Store.id == store_id) & Store.active & (Store.id != BUILT_IN_STORE_ID)
        )
        if not ended.execute():
            return False
        StoreKey.update(revoked_at=fn.now()).where(
            (StoreKey.store == store_id) & StoreKey.revoked_at.is_null()
        ).execute()
        record_event(actor, "store", store_id, "store_disconnected")
    return True


def reconnect_store(store_id: int, actor: Actor) -> bool:
    """Let a disconnected store report again, with new keys; return whether it was disconnected."""
    with transaction():
        started = Store.update(active=True).where((Store.id == store_id) & ~Store.active).execute()
        if started:
            record_event(actor, "store", store_id, "store_reconnected")
    return bool(started)


def assign_vendor(store_id: int, external_id: str, vendor_id: int | None, actor: Actor) -> None:
    """Say whose lines a vendor id of a store stands for, from the next order on; raise StoreVendorUnknown."""
    with transaction():
        assigned = (
            StoreVendor.update(vendor=vendor_id)
            .where((StoreVendor.store == store_id) & (StoreVendor.external_id == external_id))
            .execute()
        )
        if not assigned:
            raise StoreVendorUnknown(field="external_id")
        data = {"externalId": external_id, "vendorId": vendor_id}
        record_event(actor, "store", store_id, "store_vendor_assigned", data=data)


def set_rate(store_id: int, sku: str, percent: Decimal | None, actor: Actor) -> None:
    """Give a SKU of a store its own referral percent, None to remove it; the value is checked by the caller."""
    with transaction():
        if percent is None:
            StoreRate.delete().where((StoreRate.store == store_id) & (StoreRate.sku == sku)).execute()
        else:
            StoreRate.insert(store=store_id, sku=sku, referral_percent=percent).on_conflict(
                conflict_target=[StoreRate.store, StoreRate.sku], update={StoreRate.referral_percent: percent}
            ).execute()
        data = {"sku": sku, "percent": None if percent is None else str(percent)}
        record_event(actor, "store", store_id, "store_rate_set", data=data)


def set_coupon(store_id: int, coupon: str, code: str | None, actor: Actor) -> None:
    """Let a coupon of a store stand for a share code, None to end that; raise CouponInvalid.

    The caller has checked that the code exists.
    """
    name = clean_line(coupon, "coupon").lower()
    if not 1 <= len(name) <= NAME_MAX:
        raise CouponInvalid(field="coupon", at_most=NAME_MAX)
    with transaction():
        if code is None:
            StoreCoupon.delete().where(
                (StoreCoupon.store == store_id) & (StoreCoupon.coupon == name)
            ).execute()
        else:
            StoreCoupon.insert(store=store_id, coupon=name, code=code).on_conflict(
                conflict_target=[StoreCoupon.store, StoreCoupon.coupon], update={StoreCoupon.code: code}
            ).execute()
        record_event(actor, "store", store_id, "store_coupon_set", data={"coupon": name, "code": code})


def _column(store: Store, name: str) -> Any:
    return store.default_vendor_id if name == "default_vendor" else getattr(store, name)


def _choose(typed: Mapping[str, str], field: str, choices: Iterable[str]) -> str:
    value, offered = typed.get(field, ""), tuple(choices)
    if value not in offered:
        raise ChoiceInvalid(field=field, choices=", ".join(offered))
    return value


def _is_loopback(host: str) -> bool:
    return host in _LOOPBACK or host.endswith(".localhost")

"""The secrets that are stored sealed: whether the present key opens them, and seal them with it after a change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from models import SecondFactor, Store, WebhookEndpoint
from portal.db import Actor, record_event, transaction
from portal.lib.errors import PortalError
from portal.lib.sealing import SECOND_FACTOR, STORE_SECRET, WEBHOOK_SECRET, SealBroken, seal, unseal

# What `count_unreadable` reads of each kind, the newest first.
_SAMPLE = 1_000


class KeyUnchanged(PortalError):
    """The key that is given as the previous one is the present one."""

    code = "key_unchanged"


class _Kind(NamedTuple):
    """Rows with sealed columns, sealed for the row's owner."""

    name: str
    model: Any
    owner: Any
    columns: tuple[Any, ...]
    purpose: bytes


_STORE_COLUMNS = (
    Store.api_credentials,
    Store.webhook_secret,
    Store.previous_webhook_secret,
    Store.signing_secret,
    Store.previous_signing_secret,
)
_KINDS = (
    _Kind("second factors", SecondFactor, SecondFactor.user_id, (SecondFactor.sealed_secret,), SECOND_FACTOR),
    _Kind("secrets of stores", Store, Store.id, _STORE_COLUMNS, STORE_SECRET),
    _Kind(
        "secrets of webhook endpoints",
        WebhookEndpoint,
        WebhookEndpoint.id,
        (WebhookEndpoint.secret, WebhookEndpoint.previous_secret),
        WEBHOOK_SECRET,
    ),
)


@dataclass
class Resealed:
    """How many secrets were sealed with the present key now, were before, and open with neither key."""

    changed: int = 0
    unchanged: int = 0
    unreadable: int = 0


def count_unreadable(key: str) -> dict[str, int]:
    """Return how many of the newest secrets of each kind `key` does not open, without kinds that are all readable."""
    counts = {
        kind.name: sum(
            not _opens(sealed, key, owner, kind.purpose)
            for owner, _column, sealed in _read(kind, limit=_SAMPLE)
        )
        for kind in _KINDS
    }
    return {name: count for name, count in counts.items() if count}


def reseal(previous: str, key: str, actor: Actor) -> Resealed:
    """Seal with `key` what `previous` opens, in one transaction; the rest stays as it is. Raise KeyUnchanged."""
    if previous == key:
        raise KeyUnchanged
    result = Resealed()
    with transaction():
        for kind in _KINDS:
            for owner, column, sealed in list(_read(kind, locked=True)):
                if _opens(sealed, key, owner, kind.purpose):
                    result.unchanged += 1
                elif _opens(sealed, previous, owner, kind.purpose):
                    text = unseal(sealed, previous, owner, kind.purpose)
                    new = {column: seal(text, key, owner, kind.purpose)}
                    kind.model.update(new).where(kind.owner == owner).execute()
                    result.changed += 1
                else:
                    result.unreadable += 1
        if result.changed:
            record_event(actor, "settings", 0, "secrets_resealed", data=vars(result).copy())
    return result


def _read(
    kind: _Kind, *, limit: int | None = None, locked: bool = False
) -> Iterator[tuple[int, Any, memoryview]]:
    """Yield the owner, the column and the content of each sealed value."""
    rows = kind.model.select(kind.owner, *kind.columns).order_by(kind.owner.desc()).limit(limit)
    for owner, *values in (rows.for_update() if locked else rows).tuples():
        for column, value in zip(kind.columns, values, strict=True):
            if value is not None:
                yield owner, column, value


def _opens(sealed: memoryview, key: str, owner: int, purpose: bytes) -> bool:
    try:
        unseal(sealed, key, owner, purpose)
    except SealBroken:
        return False
    return True

"""Keys of stores: hashed, limited in number and scope, revoked at once."""

from __future__ import annotations

import re
from typing import Literal

import pytest

from models import Store, StoreKey
from portal.db import SYSTEM
from portal.stores import (
    ATTRIBUTION_READ,
    ORDERS_READ,
    ORDERS_WRITE,
    KeyUnknown,
    ScopeMissing,
    StoreKeyInvalid,
    TooManyKeys,
    create_key,
    get_key,
    list_keys,
    note_key_used,
    revoke_key,
)
from tests.factories import make_store


@pytest.mark.parametrize("mode", ["live", "test"])
def test_key_is_stored_as_a_hash(database: str, mode: Literal["live", "test"]) -> None:
    store = make_store()
    key = create_key(store.id, mode, SYSTEM)
    assert re.fullmatch(rf"rk_{mode}_[0-9A-Za-z]{{32}}", key.text)
    stored = StoreKey.get_by_id(key.id)
    assert key.text not in str(stored.__data__)
    assert stored.prefix == key.text[: len(stored.prefix)]
    found = get_key(key.text, ORDERS_WRITE)
    assert (found.id, found.store.id, found.mode) == (key.id, store.id, mode)


def test_scope_is_required(database: str) -> None:
    key = create_key(make_store().id, "live", SYSTEM, scopes=[ATTRIBUTION_READ])
    assert get_key(key.text, ATTRIBUTION_READ)
    with pytest.raises(ScopeMissing) as refused:
        get_key(key.text, ORDERS_READ)
    assert refused.value.params["scope"] == ORDERS_READ


@pytest.mark.parametrize("text", ["", "rk_live_short", "rk_live_" + "a" * 32, "rk_live_" + "a" * 33, "Ключ"])
def test_other_texts_are_refused(database: str, text: str) -> None:
    create_key(make_store().id, "live", SYSTEM)
    with pytest.raises(StoreKeyInvalid):
        get_key(text, ORDERS_WRITE)


def test_revoked_key_ends_at_once(database: str) -> None:
    store, other = make_store(), make_store()
    key = create_key(store.id, "live", SYSTEM)
    with pytest.raises(KeyUnknown):
        revoke_key(other.id, key.id, SYSTEM)
    revoke_key(store.id, key.id, SYSTEM)
    with pytest.raises(StoreKeyInvalid):
        get_key(key.text, ORDERS_WRITE)
    with pytest.raises(KeyUnknown):
        revoke_key(store.id, key.id, SYSTEM)


def test_keys_of_a_disconnected_store_are_dead(database: str) -> None:
    store = make_store()
    key = create_key(store.id, "live", SYSTEM)
    Store.update(active=False).where(Store.id == store.id).execute()
    with pytest.raises(StoreKeyInvalid):
        get_key(key.text, ORDERS_WRITE)


def test_two_keys_of_a_mode_are_valid_at_once(database: str) -> None:
    store = make_store()
    first = create_key(store.id, "live", SYSTEM)
    create_key(store.id, "live", SYSTEM)
    create_key(store.id, "test", SYSTEM)
    with pytest.raises(TooManyKeys):
        create_key(store.id, "live", SYSTEM)
    revoke_key(store.id, first.id, SYSTEM)
    newest = create_key(store.id, "live", SYSTEM)
    assert list_keys(store.id)[0].id == newest.id


def test_use_is_recorded_once_a_minute(database: str) -> None:
    key = create_key(make_store().id, "live", SYSTEM)
    unused = StoreKey.get_by_id(key.id)
    note_key_used(unused)
    first = StoreKey.get_by_id(key.id).last_used_at
    note_key_used(unused)
    note_key_used(StoreKey.get_by_id(key.id))
    assert first is not None
    assert StoreKey.get_by_id(key.id).last_used_at == first

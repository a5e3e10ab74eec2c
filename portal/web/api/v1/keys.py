"""Authenticate a request of a store: its key, its limits and its signature. See docs/stores/api.md."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn

from flask import current_app, request
from werkzeug.exceptions import TooManyRequests

from portal.flows.stores.check_request import check_request
from portal.runtime import current_portal
from portal.stores import StoreKeyInvalid, get_key, note_key_used
from portal.web.core.address_limit import AddressLimit, visitor_key
from portal.web.core.bearer import bearer_token

if TYPE_CHECKING:
    from models import Store, StoreKey

View = Callable[..., Any]


class AcceptedKeys:
    """The hashes of keys that were right lately, in this process; it decides nothing about access."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._hashes: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, text: str) -> bool:
        return _hash(text) in self._hashes

    def add(self, text: str) -> None:
        """Remember a key, and forget the one that was right the longest ago if there are too many."""
        with self._lock:
            self._hashes[_hash(text)] = None
            self._hashes.move_to_end(_hash(text))
            if len(self._hashes) > self._at_most:
                self._hashes.popitem(last=False)

    def forget(self, text: str) -> None:
        """Forget a key that is wrong now."""
        with self._lock:
            self._hashes.pop(_hash(text), None)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


_accepted = AcceptedKeys(at_most=1_000)


@dataclass(frozen=True, slots=True)
class Caller:
    """The store that calls, and whether its key is a live one."""

    store: Store
    live: bool


def store_key(scope: str) -> Callable[[View], View]:
    """Require a key with a scope, and pass the view the Caller. Use it below the declared access."""

    def require(view: View) -> View:
        @wraps(view)
        def call(**arguments: Any) -> Any:
            return view(_authenticate(scope), **arguments)

        return call

    return require


def _authenticate(scope: str) -> Caller:
    key = _known_key(scope)
    _limit("store_key_limit", str(key.id))
    caller = Caller(key.store, key.mode == "live")
    # Raw, before anything can parse it: the signature is of the bytes.
    body = request.get_data(cache=True, parse_form_data=False)
    headers = {name.lower(): value for name, value in request.headers.items()}
    check_request(caller.store, body, headers, current_portal().settings, live=caller.live)
    note_key_used(key)
    return caller


def _known_key(scope: str) -> StoreKey:
    """Return the key of the request; an address that sends too many wrong ones is refused without a query.

    A key that was right lately is looked up all the same: an old one, still in use beside it, locks no store out.
    """
    text, address = bearer_token(), visitor_key(request.remote_addr or "")
    refused: AddressLimit = current_app.extensions["refused_key_limit"]
    if (wait := refused.wait(address)) and text not in _accepted:
        _refuse(wait)
    try:
        key = get_key(text, scope)
    except StoreKeyInvalid:
        _accepted.forget(text)
        refused.hit(address)
        raise
    _accepted.add(text)
    return key


def _limit(name: str, subject: str) -> None:
    limit: AddressLimit = current_app.extensions[name]
    if wait := limit.hit(subject):
        _refuse(wait)


def _refuse(wait: int) -> NoReturn:
    raise TooManyRequests(retry_after=wait)

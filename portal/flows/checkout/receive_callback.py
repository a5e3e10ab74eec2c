"""Take a provider's callback: store it, apply it, then acknowledge it. See docs/rules/payments.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portal.chain import AnyChain
from portal.flows.checkout.apply_callbacks import Decision, StoredCallback, apply_callbacks, find_misfit
from portal.lib.errors import PortalError
from portal.payments import (
    Callback,
    RawCallback,
    Refusal,
    accept_callback,
    get_provider,
    storable_text,
    store_callback,
)
from portal.settings import Settings

REFERENCE_MAX = 200
# The job that settles what requests leave.
SETTLING_JOB = "settle_waiting_callbacks"


class CallbackRefused(PortalError):
    """The callback is neither applied nor acknowledged; `reason` is a stable code stored in the inbox."""

    code = "callback_refused"


def receive_callback(
    raw: RawCallback, chain: AnyChain, settings: Settings, *, wake: Callable[[str], None] | None = None
) -> Mapping[str, str | int]:
    """Store and acknowledge a callback, and apply it unless others come first; return the acknowledgement.

    `wake` has a job run that applies the callbacks that wait; without it, this one is applied whatever waits. Raises
    ProviderUnknown, or CallbackRefused for a callback that is malformed, forged, for another merchant, or of another
    amount or currency; the refusal is recorded and nothing else changes.
    """
    provider = get_provider(raw.provider, settings)
    callback = provider.read_callback(raw)
    if isinstance(callback, Refusal):
        _record_refusal(raw, callback)
        raise CallbackRefused(reason=callback.reason)
    accepted = accept_callback(provider.name, callback)
    # What is not acknowledged is decided now.
    if wake and accepted.must_wait and find_misfit(accepted.payment, provider.name, callback) is None:
        wake(SETTLING_JOB)
    else:
        _apply(StoredCallback(accepted.event_id, provider.name, callback), chain, settings)
    return provider.acknowledge(callback)


def take_callback(provider: str, callback: Callback, chain: AnyChain, settings: Settings) -> None:
    """Store an authentic callback and apply it; raise CallbackRefused if it does not fit its payment."""
    accepted = accept_callback(provider, callback)
    _apply(StoredCallback(accepted.event_id, provider, callback), chain, settings)


def _apply(stored: StoredCallback, chain: AnyChain, settings: Settings) -> Decision:
    (decision,) = apply_callbacks([stored], chain, settings)
    if decision.outcome == "refused":
        raise CallbackRefused(reason=decision.reason)
    return decision


def _record_refusal(raw: RawCallback, refusal: Refusal) -> None:
    reference = refusal.order_reference
    store_callback(
        raw.provider,
        storable_text(raw.body),
        authentic=refusal.is_authentic,
        order_reference=None if reference is None else reference[:REFERENCE_MAX],
        fingerprint=None,
        refusal=refusal.reason,
    )

"""The ways of paying by name. Apart from settings, the one place that names a provider outside its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from portal.lib.errors import PortalError
from portal.payments.external import ExternalPayment
from portal.payments.provider import PaymentMethod, PaymentProvider, SynchronousMethod
from portal.payments.providers.internal_credit.provider import InternalCredit
from portal.payments.providers.wayforpay.provider import WayForPay
from portal.settings import Settings

ProviderFactory = Callable[[Settings], PaymentProvider]

INTERNAL_CREDIT = InternalCredit()
EXTERNAL = ExternalPayment()
# In the order they are offered; the first is preselected.
_PROVIDERS: list[ProviderFactory] = [WayForPay]
_SYNCHRONOUS: dict[str, SynchronousMethod] = {INTERNAL_CREDIT.name: INTERNAL_CREDIT}


class ProviderUnknown(PortalError):
    """No payment provider has this name."""

    code = "provider_unknown"


def list_providers(settings: Settings) -> tuple[PaymentProvider, ...]:
    """Return the payment providers in the order they are offered, none without card payments."""
    return _every_provider(settings) if settings.card_payments else ()


def find_provider(name: str, settings: Settings) -> PaymentProvider | None:
    """Return the payment provider of a name, or None.

    After card payments were switched off, one that is still configured reports on earlier payments. One that is not
    would trust the secret of the published test merchant.
    """
    provider = next((provider for provider in _every_provider(settings) if provider.name == name), None)
    is_known = provider is not None and (settings.card_payments or provider.is_configured)
    return provider if is_known else None


def get_provider(name: str, settings: Settings) -> PaymentProvider:
    """Return the payment provider of a name; raise ProviderUnknown."""
    provider = find_provider(name, settings)
    if provider is None:
        raise ProviderUnknown
    return provider


def offered_provider(name: str, settings: Settings) -> PaymentProvider:
    """Return the provider of a name that payers can choose, the first for an empty name; raise ProviderUnknown."""
    for provider in list_providers(settings):
        if name in ("", provider.name):
            return provider
    raise ProviderUnknown


def _every_provider(settings: Settings) -> tuple[PaymentProvider, ...]:
    return tuple(factory(settings) for factory in _PROVIDERS)


def find_synchronous(name: str) -> SynchronousMethod | None:
    """Return the synchronous way of paying of a name, or None for a provider's."""
    return _SYNCHRONOUS.get(name)


def find_method(name: str, settings: Settings) -> PaymentMethod | None:
    """Return any way of paying by the name of its processor, or None."""
    return EXTERNAL if name == EXTERNAL.name else find_synchronous(name) or find_provider(name, settings)


def callback_url(provider: PaymentProvider, settings: Settings) -> str:
    """Return the address a provider sends its callbacks to."""
    return f"{settings.app_url}/api/payments/{provider.name}/webhook"


@contextmanager
def registered(factory: ProviderFactory) -> Iterator[None]:
    """Add a payment provider until the block ends, as if it stood in the list above."""
    _PROVIDERS.append(factory)
    try:
        yield
    finally:
        _PROVIDERS.remove(factory)

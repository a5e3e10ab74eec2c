"""Payments that a connected store took with its own provider and reports. See docs/rules/stores.md."""

from __future__ import annotations

from portal.lib.marks import N_
from portal.payments.provider import MERCHANT_REDIRECT


class ExternalPayment:
    """A payment in the store: the portal neither takes nor returns the money."""

    name = "external"
    rail = MERCHANT_REDIRECT
    label = N_("Paid in the store")

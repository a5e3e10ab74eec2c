"""Development pages that play a payment provider: its payment page, its callbacks and its JSON API.

Registered only while a provider has a simulator, which none has in production. What is verified and signed is the
provider's own `simulator.py`.
"""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from portal.payments import PaymentProvider, callback_url, find_payment, find_provider
from portal.payments.simulator import Behaviour, PurchaseRefused, SimulatedPurchase, Simulator
from portal.runtime import current_portal
from portal.web.core.access import public
from portal.web.core.requests import json_body
from portal.web.dev.delivery import send_callbacks

blueprint = Blueprint("payment_simulator", __name__, url_prefix="/dev/<provider>")

OUTCOMES = ("pay", "decline", "pending", "expire", "refund")
COPIES_MAX = 5
DELAY_MAX_SECONDS = 300
# The fields this page adds to the purchase form's.
_PREFIX = "standIn"
# A reference is the provider's once it has answered about it; one still at the page may be opened again.
_UNUSED = ("created", "redirected")


@blueprint.post("/pay")
@public(csrf=False)
def hosted_page(provider: str) -> ResponseReturnValue:
    """Show the payment page for a purchase form, or refuse the form as the provider would."""
    simulator = _simulator_of(_provider(provider))
    try:
        purchase = simulator.read_purchase(_purchase_fields())
    except PurchaseRefused as error:
        return _refused_page(provider, error)
    payment = find_payment(purchase.order_reference)
    if payment is not None and payment.status not in _UNUSED:
        return _refused_page(provider, simulator.refuse_used(), purchase)
    return _page("dev/hosted.html", provider, purchase)


@blueprint.post("/act")
@public(csrf=False)
def act(provider: str) -> ResponseReturnValue:
    """Send the chosen callbacks to the portal, now or later, then hand the browser back by POST."""
    simulated = _provider(provider)
    simulator = _simulator_of(simulated)
    try:
        purchase = simulator.read_purchase(_purchase_fields())
    except PurchaseRefused as error:
        return _refused_page(provider, error)
    chosen, behaviour = request.form.get("standInAction", "pay"), _read_behaviour()
    outcome = chosen if chosen in OUTCOMES else "pay"
    callbacks = simulator.callbacks(outcome, purchase, behaviour)
    url = callback_url(simulated, current_portal().settings)
    deliveries = send_callbacks(url, callbacks, behaviour.delay_seconds)
    return _page("dev/sent.html", provider, purchase, deliveries=deliveries, delay=behaviour.delay_seconds)


@blueprint.post("/api")
@public(csrf=False)
def provider_api(provider: str) -> ResponseReturnValue:
    """Answer a request to the provider's JSON API; the portal's payments are its books."""
    return jsonify(_simulator_of(_provider(provider)).answer_api(json_body(), find_payment))


def _provider(name: str) -> PaymentProvider:
    return find_provider(name, current_portal().settings) or abort(404)


def _simulator_of(provider: PaymentProvider) -> Simulator:
    return provider.simulator or abort(404)


def _purchase_fields() -> dict[str, list[str]]:
    fields = request.form.to_dict(flat=False)
    return {name: values for name, values in fields.items() if not name.startswith(_PREFIX)}


def _read_behaviour() -> Behaviour:
    form = request.form
    return Behaviour(
        copies=_number("standInCopies", 1, COPIES_MAX),
        delay_seconds=_number("standInDelay", 0, DELAY_MAX_SECONDS),
        refund_amount=form.get("standInRefundAmount", ""),
        reorder="standInReorder" in form,
        forge="standInForge" in form,
        wrong_amount="standInWrongAmount" in form,
        wrong_currency="standInWrongCurrency" in form,
        unknown_reference="standInUnknownReference" in form,
    )


def _number(name: str, default: int, at_most: int) -> int:
    """Return a field as a number; one that makes no sense is the default."""
    text = request.form.get(name, "")
    return min(int(text), at_most) if text.isascii() and text.isdecimal() and len(text) < 10 else default


def _refused_page(
    provider: str, error: PurchaseRefused, purchase: SimulatedPurchase | None = None
) -> ResponseReturnValue:
    code = error.params.get("reason_code")
    return _page("dev/refused.html", provider, purchase, field=error.field, code=code), 400


def _page(
    template: str,
    provider: str,
    purchase: SimulatedPurchase | None,
    **values: object,
) -> str:
    return render_template(
        template,
        provider=provider,
        purchase=purchase,
        fields=_purchase_fields(),
        copies_max=COPIES_MAX,
        delay_max=DELAY_MAX_SECONDS,
        **values,
    )

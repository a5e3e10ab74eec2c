"""The public page of a payment on chain, and the same as JSON. See docs/check-your-payment.md."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from portal.chain import (
    ChainAway,
    ChainNotConfigured,
    ContractMissing,
    NodeRefused,
    ProofReader,
    PublicProof,
    SeenPayment,
    WrongChain,
    checksum,
)
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.core.access import public
from portal.web.core.requests import wants_json
from portal.web.core.security import limiter, proof_limit
from portal.web.text.format import exact_tokens, iso
from portal.web.text.payment_checks import proof_view

blueprint = Blueprint("proof", __name__)

_HASH = re.compile(r"(?:0[xX])?([0-9a-fA-F]{64})")
_FINAL_SECONDS = 3600

_limit = limiter.shared_limit(proof_limit, scope="proof")


class PaymentHashMalformed(PortalError):
    """The text is not 64 hexadecimal digits."""

    code = "payment_hash_malformed"


class PaymentsNotOnChain(PortalError):
    """No chain is configured, so there is no payment to show."""

    code = "payments_not_on_chain"


@blueprint.record_once
def _install_reader(state: BlueprintSetupState) -> None:
    state.app.extensions["proofs"] = ProofReader()


@blueprint.after_request
def _keep_out_of_search(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.vary.add("Accept")
    return response


@blueprint.get("/proof/<payment_hash>")
@public()
@_limit
def show(payment_hash: str) -> ResponseReturnValue:
    """Show what the chain shows for a payment hash, as a page or as JSON."""
    proof = _read(payment_hash)
    if wants_json():
        return _json(proof)
    return render_template("proof/show.html", proof=proof_view(proof))


@blueprint.get("/api/proof/<payment_hash>")
@public()
@_limit
def read(payment_hash: str) -> ResponseReturnValue:
    """Return what the chain shows for a payment hash."""
    return _json(_read(payment_hash))


def _read(text: str) -> PublicProof:
    match = _HASH.fullmatch(text)
    if match is None:
        raise PaymentHashMalformed
    reader: ProofReader = current_app.extensions["proofs"]
    try:
        return reader.read(current_portal().chain, f"0x{match[1].lower()}")
    except ChainNotConfigured:
        raise PaymentsNotOnChain from None
    except (WrongChain, NodeRefused, ContractMissing) as error:
        # Which of the operator's settings is wrong is nobody else's concern.
        raise ChainAway(str(error)) from error


def _json(proof: PublicProof) -> Response:
    response = make_response(jsonify(_as_json(proof)))
    if proof.is_settled:
        response.headers["Cache-Control"] = f"private, max-age={_FINAL_SECONDS}"
    return response


def _as_json(proof: PublicProof) -> dict[str, Any]:
    payment = proof.payment
    return {
        "paymentHash": proof.payment_hash,
        "chainId": proof.chain_id,
        "contract": checksum(proof.contract),
        "token": checksum(proof.token),
        "paid": proof.is_paid,
        "payment": None if payment is None else _payment_as_json(proof, payment),
    }


def _payment_as_json(proof: PublicProof, payment: SeenPayment) -> dict[str, Any]:
    """Return a payment with null for what the node does not show."""
    event, is_placed = payment.event, payment.block_number is not None
    return {
        "wallet": checksum(event.wallet) if event else None,
        "amount": exact_tokens(event.amount) if event else None,
        "amountWei": str(event.amount) if event else None,
        "delivered": payment.is_delivered,
        "blockNumber": payment.block_number,
        "blockTime": iso(proof.block_time) if proof.block_time else None,
        "txHash": event.tx_hash if event else None,
        "final": proof.is_final if is_placed else None,
        "confirmations": proof.confirmations if is_placed and not proof.is_final else None,
    }

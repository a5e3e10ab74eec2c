"""The parts of an operation: security, errors by code, responses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from portal.web.api.openapi.schemas import Schema, ref
from portal.web.core.errors import status_of_code

Operation = dict[str, Any]

Security = list[dict[str, list[str]]]
TOKEN: Security = [{"session": [], "csrfToken": []}]
SESSION: Security = [{"session": []}]
CRON: Security = [{"cronSecret": []}]

# Errors of every route, and those that a database, a token, a body and an audience add.
_ALWAYS = ("field_invalid", "internal")
_OF_DATABASE = ("database_away",)
_OF_BODY = ("body_malformed", "too_large")
# The token may be sent in a form, so the body is read.
_OF_TOKEN = ("csrf_invalid", *_OF_BODY)
# Admins in production need a second factor before anything else.
OF_PEOPLE = ("sign_in_required", "second_factor_required")
OF_RECONFIRMED = (*OF_PEOPLE, "step_up_required")
OF_ADMINS = (*OF_PEOPLE, "role_required")
_OF_LIMITS = ("rate_limited",)
OF_ADDRESSES = ("address_invalid", "address_checksum_wrong", "address_reserved", "payee_is_contract")
OF_PROOFS = (
    "address_invalid",
    "address_checksum_wrong",
    "challenge_unknown",
    "challenge_expired",
    "signature_wrong",
)
OF_CONTRACT_WALLETS = (
    "approval_missing",
    "chain_away",
    "chain_node_refused",
    "wrong_chain",
    "contract_wallet_unchecked",
)
OF_DECISIONS = (
    *OF_ADMINS,
    "step_up_required",
    "not_found",
    "reward_unknown",
    "reward_status_conflict",
    "own_reward",
)
OF_REVIEWS = ("review_changed", "review_invalid")
OF_PAYMENTS = (
    *OF_PEOPLE,
    "account_disabled",
    "order_unknown",
    "order_expired",
    "order_cancelled",
    "product_withdrawn",
    "price_changed",
    "stock_short",
    "already_paid",
    "payment_in_progress",
    *OF_REVIEWS,
)

_REASONS = {
    400: "The request is malformed.",
    401: "Not signed in, or the secret or signature is wrong.",
    403: "Not for this account.",
    404: "It does not exist.",
    409: "Not possible as things stand now; nothing was changed.",
    410: "Too late.",
    413: "The body is too large.",
    422: "Something in the request needs correcting; nothing was changed.",
    429: "Too many requests; `Retry-After` says how long to wait.",
    500: "Something went wrong here; it was recorded.",
    503: "Something this needs is away; nothing was changed.",
}


def operation(
    name: str,
    tag: str,
    summary: str,
    *,
    answers: dict[int, tuple[str, Schema]],
    errors: tuple[str, ...],
    security: Security | None = None,
    takes: Schema | None = None,
    is_body_due: bool = True,
    parameters: tuple[Schema, ...] = (),
) -> Operation:
    """Return one operation; `errors` are its codes without the common ones."""
    security = security or []
    codes = (*_ALWAYS, *errors, *(_OF_TOKEN if security == TOKEN else ()), *(_OF_BODY if takes else ()))
    codes += (*_OF_DATABASE, *_OF_LIMITS) if tag != "operations" else ()
    description: Operation = {"operationId": name, "tags": [tag], "summary": summary, "security": security}
    if parameters:
        description["parameters"] = list(parameters)
    if takes:
        description["requestBody"] = {"required": is_body_due, "content": _json(takes)}
    good = {str(status): _response(text, schema) for status, (text, schema) in answers.items()}
    return {**description, "responses": {**dict(_error_responses(codes)), **good}}


def _error_responses(codes: tuple[str, ...]) -> Iterator[tuple[str, Schema]]:
    by_status = defaultdict(set)
    for code in codes:
        by_status[status_of_code(code)].add(code)
    for status in sorted(by_status):
        named = {"properties": {"error": {"properties": {"code": {"enum": sorted(by_status[status])}}}}}
        yield str(status), _response(_REASONS[status], {"allOf": [ref("Error"), named]})


def _response(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": _json(schema)}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def in_path(name: str, schema: Schema) -> Schema:
    """Return a parameter of the path."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def in_query(name: str, schema: Schema, description: str) -> Schema:
    """Return an optional parameter of the query."""
    return {"name": name, "in": "query", "schema": schema, "description": description}

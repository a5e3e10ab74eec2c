"""Schemathesis sends valid and invalid requests generated from `/openapi.json`, as every role.

Requests are the same in every run. The database holds the rows that the documented examples refer to, so the
examples succeed. No response is a 5xx, every response is documented, and invalid data is never accepted.
"""

from __future__ import annotations

import re

import py_ecc  # noqa: F401  raises the recursion limit, which Hypothesis must not notice within a test
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from models import ProgrammeApplication, User
from portal.db import SYSTEM
from portal.stores import create_key
from portal.web.core.access import access_of
from tests.factories import (
    give_credit,
    make_code,
    make_order,
    make_product,
    make_reward,
    make_store,
    make_user,
    make_wallet,
)
from tests.web.conftest import visitor
from tests.web.visitor import Visitor

pytestmark = pytest.mark.slow

Session = dict[str, dict[str, str]]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]

CONFIG = {
    "generation": {"with-security-parameters": False},
    # A conflict does not count as a refusal of the data: it could hide malformed data that was accepted.
    "checks": {"negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "413", "422"]}},
}
MODES = [HypothesisTestMode.EXAMPLES, HypothesisTestMode.COVERAGE, HypothesisTestMode.FUZZING]
# The routes to which a role sends every form of data. Elsewhere it sends the examples and one more request: whether a
# role is refused does not depend on the data.
OWN = {
    "anonymous": {"public"},
    "buyer": {"public", "signed_in"},
    "vendor": {"vendor"},
    "admin": {"admin"},
    "store": {"public"},
}
_OF_STORES = "/api/v1/"
SETTINGS = settings(
    max_examples=6,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def api_schema(app: Flask, owner: User, other: User) -> OpenApiSchema:
    """Return the schema of an application that has the rows of the examples: an order, a product, a code, rewards."""
    app.config["PROPAGATE_UNEXPECTED"] = False
    product = make_product(id=7, stock=10_000)
    make_order(owner, [(product, 1)], id="T5mRz8kQw2LxVd")
    code = make_code(other, code="q7RmK2xd")
    make_reward(code, id=42)
    # The smallest id that is sent: a 404 for an unknown reward would hide an invalid field next to it.
    make_reward(code, "approved", id=1)
    for application_id in (1, 42):
        ProgrammeApplication.create(id=application_id, user=make_user().id)
    make_wallet(owner, "0x1234567890abcdef1234567890abcdef12345678")
    give_credit(owner, 10_000_000)
    config = SchemathesisConfig.from_dict(CONFIG)
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)


@pytest.fixture
def sessions(app: Flask, owner: User, seller: User, admin: User) -> dict[str, Session]:
    """Return the session cookie and CSRF token of every role, and the key of a store."""
    users = {"anonymous": None, "buyer": owner, "vendor": seller, "admin": admin}
    key = create_key(make_store().id, "live", SYSTEM).text
    store: Session = {"cookies": {}, "headers": {"Authorization": f"Bearer {key}"}}
    return {"store": store} | {role: _session_of(visitor(app, user)) for role, user in users.items()}


def _session_of(browser: Visitor) -> Session:
    token = browser.token()
    cookie = browser.get_cookie("ring_session")
    assert cookie
    return {"cookies": {"ring_session": cookie.value}, "headers": {"X-CSRFToken": token}}


@pytest.mark.parametrize("role", OWN)
def test_api_conforms_to_its_description(
    app: Flask, api_schema: OpenApiSchema, sessions: dict[str, Session], role: str
) -> None:
    failures = {}
    for result in api_schema.get_all_operations():
        operation = result.ok()
        # Sessions open nothing at /api/v1, and keys nothing elsewhere.
        if (role == "store") != operation.path.startswith(_OF_STORES):
            continue
        is_own = _audience(app, operation) in OWN[role]
        modes = MODES if is_own else [HypothesisTestMode.EXAMPLES, HypothesisTestMode.FUZZING]
        if failure := _failure_of(operation, sessions[role], modes):
            failures[operation.label] = failure
    assert not failures, "\n\n".join(f"{label}: {failure}" for label, failure in failures.items())


def _audience(app: Flask, operation: APIOperation) -> str:
    path = re.sub("{(.*?)}", lambda name: "0" * 64 if "Hash" in name[1] else "1" * 14, operation.path)
    endpoint, _ = app.url_map.bind("localhost").match(path, method=operation.method.upper())
    return access_of(app, endpoint).audience


def _failure_of(operation: APIOperation, session: Session, modes: list[HypothesisTestMode]) -> str | None:
    def send(case: schemathesis.Case) -> None:
        case.call_and_validate(**session, checks=CHECKS)

    few = SETTINGS if modes == MODES else settings(SETTINGS, max_examples=1)
    config = HypothesisTestConfig(
        project=operation.schema.config, modes=modes, settings=few, explicit_settings=few
    )
    try:
        create_test(operation=operation, test_func=send, config=config)()
    except FailureGroup as error:
        return str(error)
    return None

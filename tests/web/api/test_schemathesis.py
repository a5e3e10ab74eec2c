"""Schemathesis reads `/openapi.json` and sends what it allows and what it forbids, as each kind of person.

Every run sends the same requests. The rows are those of the document's examples, so that what it gives as an
example does work; answers never are 5xx, always are described, and never accept what the description forbids.
"""

from __future__ import annotations

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

from models import User
from tests.factories import give_credit, make_code, make_order, make_product, make_reward, make_wallet
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
    # A conflict is no refusal of the data: behind it something malformed would go unseen.
    "checks": {"negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "413", "422"]}},
}
MODES = [HypothesisTestMode.EXAMPLES, HypothesisTestMode.COVERAGE, HypothesisTestMode.FUZZING]
SETTINGS = settings(
    max_examples=6,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def described_app(app: Flask, owner: User, other: User) -> OpenApiSchema:
    """The application with the rows of the examples: an order, its product, a code and a waiting reward."""
    app.config["PROPAGATE_UNEXPECTED"] = False
    product = make_product(id=7, stock=10_000)
    make_order(owner, [(product, 1)], id="T5mRz8kQw2LxVd")
    code = make_code(other, code="q7RmK2xd")
    make_reward(code, id=42)
    # The least id that is sent: behind an unknown one a wrong neighbour would go unseen.
    make_reward(code, "approved", id=1)
    make_wallet(owner, "0x1234567890abcdef1234567890abcdef12345678")
    give_credit(owner, 10_000_000)
    config = SchemathesisConfig.from_dict(CONFIG)
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)


@pytest.fixture
def sessions(app: Flask, owner: User, seller: User, admin: User) -> dict[str, Session]:
    """The session and the token of every kind of person."""
    people = {"nobody": None, "buyer": owner, "vendor": seller, "admin": admin}
    return {role: _session_of(visitor(app, person)) for role, person in people.items()}


def _session_of(browser: Visitor) -> Session:
    token = browser.token()
    cookie = browser.get_cookie("ring_session")
    assert cookie
    return {"cookies": {"ring_session": cookie.value}, "headers": {"X-CSRFToken": token}}


@pytest.mark.parametrize("role", ["nobody", "buyer", "vendor", "admin"])
def test_the_api_is_as_it_says(described_app: OpenApiSchema, sessions: dict[str, Session], role: str) -> None:
    failures = {}
    for result in described_app.get_all_operations():
        operation = result.ok()
        if problem := _problem_of(operation, sessions[role]):
            failures[operation.label] = problem
    assert not failures, "\n\n".join(f"{label}: {problem}" for label, problem in failures.items())


def _problem_of(operation: APIOperation, session: Session) -> str | None:
    def send(case: schemathesis.Case) -> None:
        case.call_and_validate(**session, checks=CHECKS)

    config = HypothesisTestConfig(
        project=operation.schema.config, modes=MODES, settings=SETTINGS, explicit_settings=SETTINGS
    )
    try:
        create_test(operation=operation, test_func=send, config=config)()
    except FailureGroup as found:
        return str(found)
    return None

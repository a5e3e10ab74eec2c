"""An order of a connected store in the audit: its names, its number in the store, and books that agree."""

from __future__ import annotations

from flask import Flask

from models import Refcode, Store
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.flows.audit.audit_reference import list_references
from portal.stores import create_key
from tests.cli.conftest import invoke
from tests.factories import make_code, make_store, make_user
from tests.web.api.v1.conftest import caller_of
from tests.web.api.v1.test_reported_orders import snapshot
from tests.web.visitor import Visitor


def test_order_of_a_store_is_audited_by_its_own_number(app: Flask, as_admin: Visitor) -> None:
    store, code = make_store(), make_code(make_user())
    reference = _report(app, store, code)
    assert as_admin.get("/admin/audit?orderReference=%2314").location.endswith(reference)
    page = as_admin.get(f"/admin/audit?orderReference={reference}").text
    for shown in (store.name, "#14", "No differences found.", "The store", "Mug: 5%", "Poster: 5%"):
        assert shown in page, shown
    assert "no longer listed" not in page
    assert "The provider" not in page
    proof = as_admin.get(f"/admin/audit/proof.json?orderReference={reference}").get_json()
    assert (proof["store"]["name"], proof["store"]["number"]) == (store.name, "#14")
    assert [row["outcome"] for row in proof["store"]["reports"]] == ["created", "updated"]
    assert proof["differences"] == []
    output = invoke(app, "audit", "--json").output
    assert '"differences": []' in output
    assert run_checks() == {}


def test_number_of_two_stores_names_no_order(app: Flask, as_admin: Visitor) -> None:
    code = make_code(make_user())
    for _ in range(2):
        _report(app, make_store(), code)
    assert as_admin.get("/admin/audit?orderReference=%2314").status_code == 200
    assert len(list(list_references())) == 2


def _report(app: Flask, store: Store, code: Refcode) -> str:
    """Report a paid order with a refund that includes shipping; return its reference."""
    call = caller_of(app, create_key(store.id, "live", SYSTEM).text)
    reference: str = call("/orders", snapshot(code)).get_json()["orderReference"]
    refund = {"externalId": "14", "id": "r1", "amount": "20.00", "reason": "broken"}
    assert call("/refunds", refund).get_json()["result"] == "booked"
    return reference

"""Recent re-authentication: the table in docs/accounts.md is what the routes declare, and nothing is overlooked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from portal.web.core.access import access_of
from tests.support.apps import development_app

DOCS = Path(__file__).resolve().parents[2] / "docs" / "accounts.md"
SAFE = {"GET", "HEAD", "OPTIONS"}

# Requests of signed-in people that change something and need no recent proof, with the reason.
NEEDS_NO_PROOF = {
    "account.confirm_by_wallet": "it is the proof",
    "account.confirm_identity": "it is the proof",
    "account.request_confirmation": "it begins the proof",
    "account.save_password": "asks for the current password, or for a proof before the first one",
    "account.logout": "ends access",
    "account.sign_out_session": "ends access",
    "account.sign_out_others": "ends access",
    "account.read_all": "marks notifications as read",
    "account.save_topics": "chooses e-mails; security notices are always sent",
    "account.withdraw_own_erasure": "keeps what there is",
    "exports.ask": "prepares a file of rows that its reader may download without a proof, too",
    "exports.delete": "deletes a copy of rows that stay",
    "account.save_language": "the language of pages and e-mails",
    "admin.saved_filters.save": "a name for a filter of one's own",
    "admin.saved_filters.rename": "a name for a filter of one's own",
    "admin.saved_filters.remove": "a name for a filter of one's own",
    "admin.people.end_sessions": "only ends access",
    "admin.rewards.stop_minting": "only stops money",
    "admin.commissions.hold": "only stops money",
    "admin.orders.decide_cancellation": "no money moves; a refund has a proof of its own",
    "vendor.move_order": "the state of own lines, which the vendor can undo",
    "referrer.disconnect_store": "ends access",
    "referrer.accept_terms": "agrees to what was shown, and issues codes for wallets that are linked already",
    "referrer.join": "applies, or issues codes for wallets that are linked already",
    "referrer.save_alias": "a name for an own code, of which only a few are possible",
    "referrer.make_link": "a label for links of an own code",
    "referrer.remove_label": "a label for links of an own code",
    "referrer.end_alias": "the name of an own code, which works without it",
    "admin.stores.test_order": "a test that is rolled back",
    "vendor.stores.test_order": "a test that is rolled back",
    "admin.stores.replay": "applies what was authentic, which changes nothing a second time",
    "vendor.stores.replay": "applies what was authentic, which changes nothing a second time",
    "admin.stores.switch_webhook": "stops sending, or resumes it to an address that was added with a proof",
    "vendor.stores.switch_webhook": "stops sending, or resumes it to an address that was added with a proof",
    "admin.stores.test_webhook": "sends a test to an address that was added with a proof",
    "vendor.stores.test_webhook": "sends a test to an address that was added with a proof",
    "admin.stores.replay_webhook": "sends an event again to an address that was added with a proof",
    "vendor.stores.replay_webhook": "sends an event again to an address that was added with a proof",
    "admin.settings.try_mail": "sends a test letter to one's own address",
    "admin.products.switch": "a product on sale or archived, which can be switched back",
    "vendor.products.switch": "a product on sale or archived, which can be switched back",
    "admin.products.move": "a movement of stock, which another one can take back",
    "vendor.products.move": "a movement of stock, which another one can take back",
    "admin.products.upload": "a picture",
    "vendor.products.upload": "a picture",
    "admin.products.remove": "a picture",
    "vendor.products.remove": "a picture",
    "admin.products.start_import": "stores a file; what it changes is confirmed with a proof",
    "vendor.products.start_import": "stores a file; what it changes is confirmed with a proof",
    "admin.products.recheck": "makes a preview",
    "vendor.products.recheck": "makes a preview",
    "referrer.switch": "an own code, which the owner can switch back",
    "checkout.enter_code": "a purchase of one's own",
    "checkout.pay": "a purchase of one's own",
    "checkout.pay_membership": "a purchase of one's own",
    "checkout.pay_order": "a purchase of one's own",
    "vendor.pay_statement": "a bill of one's own, paid on the provider's page",
    "checkout.cancel": "only ends an unpaid order of one's own",
    "api.review_order": "changes nothing",
    "api.create_order": "a purchase of one's own",
    "api.pay_by_credit": "a purchase of one's own",
    "api.pay_by_provider": "a purchase of one's own",
    "api.upgrade_membership": "a purchase of one's own",
}


@pytest.fixture(scope="module")
def app() -> Flask:
    return development_app()


def changes(app: Flask, *, reconfirm: bool) -> dict[str, str]:
    """Return the requests of signed-in people that change something, as {"METHOD path": endpoint}."""
    requests = {}
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if access.audience != "public" and access.reconfirm == reconfirm:
            path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda match: f"<{_short(match[1])}>", rule.rule)
            for method in (rule.methods or set()) - SAFE:
                requests[f"{method} {path}"] = rule.endpoint
    return requests


def _short(name: str) -> str:
    return "id" if name.endswith("_id") else name


def documented() -> set[str]:
    section = DOCS.read_text().split("## Sensitive changes")[1].split("\n## ")[0]
    table = section.split("| request | what it changes |")[1].split("\n\n")[0]
    return set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", table, re.MULTILINE))


def test_the_documentation_lists_exactly_the_routes_that_require_a_proof(app: Flask) -> None:
    assert documented() == set(changes(app, reconfirm=True))


def test_every_other_change_has_a_reason_to_need_no_proof(app: Flask) -> None:
    assert set(changes(app, reconfirm=False).values()) == set(NEEDS_NO_PROOF)


def test_only_changes_require_a_proof(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if access.reconfirm:
            assert not (rule.methods or set()) & {"GET"}, rule.endpoint
            assert access.audience != "public", rule.endpoint

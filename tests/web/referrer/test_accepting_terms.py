"""The terms of the programme as visitors and referrers meet them. See docs/rules/programme.md."""

from __future__ import annotations

import pytest
from flask import Flask

from models import EventLog, ProgrammeTerms, Refcode, TermsAcceptance, User, Wallet
from portal.db import Actor
from portal.programme.terms_operations import save_terms
from portal.stores import create_key
from tests.factories import make_code, make_store, make_wallet, new_address
from tests.support.threads import at_once
from tests.support.wallets import TestWallet
from tests.web.account.test_wallet_sign_in_routes import sign_in
from tests.web.account.wallet_links import CHALLENGE, LINK, link, request_challenge, unlink
from tests.web.conftest import visitor
from tests.web.pages import form_fields, text_of
from tests.web.sdk.test_store_referrers import ask, connect_path
from tests.web.visitor import Visitor, error_of

ACCEPT, ASKS = "/terms", 'action="/terms"'
TEXT = "Share honestly.\nNo spam.\n\nMore: https://example.com/rules?a=1&b=2. <b>Bold</b> javascript:alert(1)"
ACTOR = Actor("command:test")


@pytest.fixture
def terms(database: str) -> ProgrammeTerms:
    return save_terms({"en": TEXT, "uk": "Діліться чесно."}, 0, ACTOR)


def accept(browser: Visitor, terms: ProgrammeTerms):
    return browser.submit(ACCEPT, {"terms": str(terms.id), "accepted": "1"})


def codes_of(user: User) -> int:
    return Refcode.select().where(Refcode.owner == user.id).count()


# ---------------------------------------------------------------------- the page


def test_page_shows_paragraphs_and_links_without_markup(client: Visitor, terms: ProgrammeTerms) -> None:
    page = client.get("/terms")
    assert page.status_code == 200
    assert '<p class="note-text mb-0">Share honestly.\nNo spam.</p>' in page.text
    assert 'href="https://example.com/rules?a=1&amp;b=2"' in page.text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page.text
    assert 'href="javascript' not in page.text
    assert ASKS not in page.text, "visitors have nothing to accept"


@pytest.mark.parametrize(
    ("prefix", "language", "text"), [("/uk", "uk", "Діліться чесно."), ("/ru", "en", "No spam.")]
)
def test_page_is_in_its_language_or_in_the_first_there_is(
    client: Visitor, terms: ProgrammeTerms, prefix: str, language: str, text: str
) -> None:
    page = client.get(f"{prefix}/terms")
    assert text in page.text
    assert f'lang="{language}" translate="no"' in page.text


def test_page_without_terms_says_so(client: Visitor) -> None:
    page = client.get("/terms")
    assert page.status_code == 200
    assert "The referral programme has no terms" in text_of(page)


# ---------------------------------------------------------------------- before the first code


def test_without_terms_nothing_is_asked(as_owner: Visitor, owner: User) -> None:
    assert ASKS not in as_owner.get("/refcodes").text
    assert link(as_owner, TestWallet()).status_code == 201
    assert codes_of(owner) == 1


def test_code_waits_for_the_acceptance(as_owner: Visitor, owner: User, terms: ProgrammeTerms) -> None:
    wallet = TestWallet()
    refused = as_owner.send(CHALLENGE, {"address": wallet.address})
    assert (refused.status_code, error_of(refused)["code"]) == (409, "terms_not_accepted")
    assert "data-wallet=" not in as_owner.get("/account/wallets").text, "nothing to sign in vain"
    answer = accept(as_owner, terms)
    assert (answer.status_code, answer.location) == (303, "/account/wallets#link-wallet")
    assert TermsAcceptance.get().user_id == owner.id
    assert link(as_owner, wallet).status_code == 201
    page = as_owner.get("/refcodes").text
    assert ASKS not in page
    assert 'href="/terms"' in page, "the terms stay within reach"


def test_signature_of_before_the_terms_links_nothing(as_owner: Visitor, owner: User) -> None:
    wallet = TestWallet()
    signature = wallet.sign(request_challenge(as_owner, wallet.address))
    terms = save_terms({"en": "One"}, 0, ACTOR)
    proof = {"address": wallet.address, "signature": signature}
    refused = as_owner.send(LINK, proof)
    assert (refused.status_code, error_of(refused)["code"]) == (409, "terms_not_accepted")
    assert (Wallet.select().count(), codes_of(owner)) == (0, 0)
    accept(as_owner, terms)
    assert as_owner.send(LINK, proof).status_code == 201, "the signature is not used up"


@pytest.mark.parametrize("form", [{}, {"accepted": "1"}, {"accepted": "1", "terms": "x"}, {"terms": "1"}])
def test_incomplete_acceptance_counts_for_nothing(
    as_owner: Visitor, terms: ProgrammeTerms, form: dict[str, str]
) -> None:
    answer = as_owner.submit(ACCEPT, form)
    assert (answer.status_code, answer.location) == (303, "/terms#accept-terms")
    assert TermsAcceptance.select().count() == 0
    assert "notice-warning" in as_owner.get("/terms").text


def test_wallet_account_gets_its_code_with_the_acceptance(client: Visitor, terms: ProgrammeTerms) -> None:
    wallet = TestWallet()
    assert sign_in(client, wallet).status_code == 201
    user = User.get()
    assert (Wallet.get().address, codes_of(user)) == (wallet.stored, 0)
    page = client.get("/account/wallets")
    assert form_fields(page, ACCEPT)["terms"] == [str(terms.id)]
    assert accept(client, terms).location == "/refcodes"
    code = Refcode.get()
    assert (code.owner_user_id, code.wallet_address, code.active) == (user.id, wallet.stored, True)
    accept(client, terms)
    assert EventLog.select().where(EventLog.event.in_(["terms_accepted", "code_issued"])).count() == 2


def test_simultaneous_acceptances_issue_one_code(app: Flask, owner: User, terms: ProgrammeTerms) -> None:
    make_wallet(owner, new_address())
    browsers = [visitor(app, owner) for _number in range(4)]
    tokens = [browser.token for browser in browsers]
    assert all(tokens)
    assert at_once([lambda each=each: accept(each, terms) for each in browsers]) == []
    assert (codes_of(owner), TermsAcceptance.select().count()) == (1, 1)


# ---------------------------------------------------------------------- a changed version


def test_changed_terms_ask_again_and_existing_codes_go_on(
    as_owner: Visitor, owner: User, terms: ProgrammeTerms
) -> None:
    accept(as_owner, terms)
    first = TestWallet()
    assert link(as_owner, first).status_code == 201
    changed = save_terms({"en": "Other rules"}, terms.id, ACTOR)
    page = as_owner.get("/refcodes")
    assert form_fields(page, ACCEPT)["terms"] == [str(changed.id)]
    code = Refcode.get()
    assert (code.active, code.code in page.text) == (True, True)
    assert as_owner.send("/api/refcodes/track", {"code": code.code}).status_code == 200
    assert unlink(as_owner, first).status_code == 200
    assert link(as_owner, first).get_json()["active"] is True, "a known wallet gets its own code back"
    refused = as_owner.send(CHALLENGE, {"address": TestWallet().address})
    assert error_of(refused)["code"] == "terms_not_accepted"
    stale = accept(as_owner, terms)
    assert stale.location == "/terms#accept-terms"
    assert "The terms have changed." in text_of(as_owner.get("/terms"))
    assert accept(as_owner, changed).location == "/refcodes"
    assert link(as_owner, TestWallet()).status_code == 201
    assert codes_of(owner) == 2


def test_code_from_before_the_first_terms_keeps_working(
    as_owner: Visitor, owner: User, terms: ProgrammeTerms
) -> None:
    code = make_code(owner)
    assert code.code in as_owner.get("/refcodes").text
    assert as_owner.submit(f"/refcodes/{code.code}/active", {"active": "0"}).status_code == 303
    assert as_owner.submit(f"/refcodes/{code.code}/active", {"active": "1"}).status_code == 303
    assert Refcode.get().active is True


# ---------------------------------------------------------------------- connected stores


def test_connected_store_gets_a_code_at_once_and_its_owner_accepts_when_connecting(
    client: Visitor, as_owner: Visitor, owner: User, terms: ProgrammeTerms
) -> None:
    key = create_key(make_store(origins=["https://shop.example"]).id, "live", ACTOR).text
    answer = ask(client, key)
    assert answer.status_code == 200
    path = connect_path(client, answer.get_json()["embedUrl"])
    assert form_fields(as_owner.get(path), path)["terms"] == [str(terms.id)]
    without = as_owner.submit(path, {"terms": str(terms.id)})
    assert (without.location, codes_of(owner)) == (path, 0)
    connected = as_owner.submit(path, {"terms": str(terms.id), "accepted": "1"})
    assert connected.location.startswith("/refcodes#code-")
    assert (codes_of(owner), TermsAcceptance.get().user_id) == (1, owner.id)

"""People for admins: search, and what is changed on the page of one person."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from flask import Flask

from models import EventLog, Notification, User, UserSession
from portal.accounts import has_second_factor
from portal.chain import checksum
from portal.lib.clock import utc_now
from tests.factories import PASSWORD, make_admin, make_code, make_order, make_reward, make_user, make_vendor
from tests.web.account.factor import enrol, expire_confirmation
from tests.web.conftest import MakeApp, visitor
from tests.web.exports.ledger_files import export_rows
from tests.web.mailbox import newest_letter
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def page_of(user: User) -> str:
    return f"/admin/people/{user.id}"


def names_on(page_text: str, *people: User) -> list[str]:
    return [person.name for person in people if person.name in page_text]


def test_name_is_found_however_its_letters_are_composed(as_admin: Visitor) -> None:
    person = make_user("Їжак Йосипенко")
    for typed in ("їжак  йо", normalize("NFD", "ЇЖАК"), " Йосипенко\u200b"):
        assert person.name in text_of(as_admin.get("/admin/people", query_string={"q": typed})), typed


def test_people_are_found_by_name_mail_wallet_code_role_and_state(as_admin: Visitor) -> None:
    anna = make_user("Ганна Пошук", email="hanna@example.org")
    petro = make_user("Petro 100%", role="vendor", disabled_at="2026-01-01T00:00:00+00:00")
    code = make_code(anna)
    wallet = checksum(code.wallet_address)
    searches = {
        "q=ПОШУК": [anna.name],
        "q=100%25": [petro.name],
        "q=HANNA@example.org": [anna.name],
        "q=hanna": [anna.name],
        f"q={wallet}": [anna.name],
        f"q={wallet.lower()}": [anna.name],
        f"q=%20{code.code}%20": [anna.name],
        "role=vendor": [petro.name],
        "state=disabled": [petro.name],
        "state=active": [anna.name],
        "q=_": [],
        "role=nonsense": [anna.name, petro.name],
    }
    for query, expected in searches.items():
        page = as_admin.get(f"/admin/people?{query}")
        assert (page.status_code, names_on(page.text, anna, petro)) == (200, expected), query
    (row,) = export_rows(as_admin, "people", "?q=hanna")
    assert (row["email"], row["role"], row["disabled_at"]) == ("hanna@example.org", "user", "")


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_person_page_shows_codes_orders_rewards_and_leads_to_the_rest(
    as_admin: Visitor, owner: User, other: User, locale: str
) -> None:
    code = make_code(owner)
    order = make_order(owner, paid=True)
    reward = make_reward(code)
    vendor = make_vendor(owner, name="Olena's shop")
    page = as_admin.get(f"/{locale}{page_of(owner)}")
    text = text_of(page)
    for part in (
        owner.name,
        owner.email,
        code.code,
        order.order_reference,
        reward.order_reference,
        vendor.name,
    ):
        assert part in text, part
    for link in (
        f"/admin/credit?account={owner.email}",
        f"/admin/events?entity=user&amp;id={owner.id}",
        f"/admin/events?actor=user:{owner.id}",
        f"/admin/refcodes/codes/{code.code}",
        f"/admin/vendors/{vendor.id}",
    ):
        assert link in page.text, link
    assert as_admin.get("/admin/people/999999").status_code == 404
    assert as_admin.get(f"/admin/people/{2**70}").status_code == 404


def test_role_is_changed_with_an_event_and_ends_sessions(
    as_admin: Visitor, as_owner: Visitor, owner: User, other: User, admin: User
) -> None:
    User.update(role="admin").where(User.id == other.id).execute()
    warning = "another person may have registered it"
    assert warning in text_of(as_admin.get(page_of(owner)))
    User.update(email_confirmed_at=utc_now()).where(User.id == owner.id).execute()
    assert warning not in text_of(as_admin.get(page_of(owner)))
    answer = as_admin.submit(f"{page_of(owner)}/role", {"role": "admin"})
    assert (answer.status_code, answer.location) == (303, page_of(owner))
    assert User.get_by_id(owner.id).role == "admin"
    assert as_owner.get("/orders").status_code == 303
    event = EventLog.get(EventLog.event == "role_changed")
    assert (event.actor_user_id, event.entity_id, event.to_status) == (admin.id, str(owner.id), "admin")
    # Nobody makes a second admin for own proposals without being noticed.
    notice = Notification.get()
    assert (notice.user_id, notice.kind) == (other.id, "security_admin_appointed")
    letter = newest_letter(as_admin)
    assert f"/admin/people/{owner.id}" in letter.text
    assert "%(" not in letter.text


def test_refused_roles_change_nothing(as_admin: Visitor, admin: User, seller: User, owner: User) -> None:
    refusals = [(admin, "user", 409), (seller, "user", 409), (owner, "root", 422), (owner, "", 422)]
    for person, role, status in refusals:
        page = as_admin.submit(f"{page_of(person)}/role", {"role": role})
        assert (page.status_code, "error-summary" in page.text) == (status, True), (person.name, role)
        assert User.get_by_id(person.id).role == person.role


def test_person_is_disabled_and_enabled(
    app: Flask, as_admin: Visitor, as_owner: Visitor, owner: User, admin: User
) -> None:
    url = page_of(owner)
    for reason in ("", " ", "x" * 501, "a\x07"):
        refused = as_admin.submit(f"{url}/disable", {"reason": reason})
        assert (refused.status_code, '<a href="#reason">' in refused.text) == (422, True), reason
    assert as_admin.submit(f"{url}/disable", {"reason": "Stolen cards"}).status_code == 303
    assert as_owner.get("/orders").status_code == 303
    text = text_of(as_admin.get(url))
    assert "Disabled" in text
    assert "Disable this account" not in text
    event = EventLog.get(EventLog.event == "account_disabled")
    assert (event.actor_user_id, event.reason) == (admin.id, "Stolen cards")
    assert as_admin.submit(f"{url}/enable", {}).status_code == 303
    login = visitor(app).submit("/login", {"email": owner.email, "password": PASSWORD})
    assert login.status_code == 303


def test_admins_cannot_disable_themselves(as_admin: Visitor, admin: User) -> None:
    make_admin()
    page = as_admin.submit(f"{page_of(admin)}/disable", {"reason": "tired"})
    assert (page.status_code, "You cannot disable your own account" in page.text) == (409, True)
    assert 'name="reason"' not in as_admin.get(page_of(admin)).text
    assert User.get_by_id(admin.id).disabled_at is None


def test_sessions_end_and_the_admin_stays_signed_in(
    as_admin: Visitor, as_owner: Visitor, owner: User, admin: User
) -> None:
    as_admin.submit(f"{page_of(owner)}/sessions/end", {})
    assert as_owner.get("/orders").status_code == 303
    as_admin.submit(f"{page_of(admin)}/sessions/end", {})
    assert as_admin.get("/admin/people").status_code == 200
    assert EventLog.get(EventLog.event == "sessions_ended").reason == "ended_by_admin"


def test_second_factor_is_reset_once(as_admin: Visitor, owner: User) -> None:
    enrol(owner)
    url = f"{page_of(owner)}/second-factor/reset"
    assert "second-factor/reset" in as_admin.get(page_of(owner)).text
    assert as_admin.submit(url, {}).status_code == 303
    assert not has_second_factor(owner.id)
    assert as_admin.submit(url, {}).status_code == 409


def test_sensitive_changes_ask_for_a_proof_and_name_the_change(
    make_app: MakeApp, owner: User, admin: User
) -> None:
    enrol(admin)
    browser = visitor(make_app(), admin)
    expire_confirmation()
    changes = {
        f"{page_of(owner)}/role": {"role": "admin"},
        f"{page_of(owner)}/disable": {"reason": "fraud"},
        f"{page_of(owner)}/enable": {},
        f"{page_of(owner)}/second-factor/reset": {},
        "/admin/vendors": {"name": "New", "tier": "starter"},
        "/admin/vendors/1": {"name": "New", "tier": "starter"},
        "/admin/vendors/1/active": {"active": "0"},
    }
    for url, form in changes.items():
        page = browser.submit(url, form)
        assert (page.status_code, 'name="seal"' in page.text) == (403, True), url
    assert User.get_by_id(owner.id).disabled_at is None


def test_only_admins_read_and_change_people(as_owner: Visitor, as_seller: Visitor, other: User) -> None:
    before = UserSession.select().count()
    for browser in (as_owner, as_seller):
        for url in ("/admin/people", page_of(other), "/admin/vendors", "/admin/events", "/admin/people.csv"):
            assert browser.get(url).status_code == 403, url
        for change in ("role", "disable", "enable", "sessions/end", "second-factor/reset"):
            assert (
                browser.submit(f"{page_of(other)}/{change}", {"role": "admin", "reason": "x"}).status_code
                == 403
            )
    assert UserSession.select().where(UserSession.ended_at.is_null()).count() == before

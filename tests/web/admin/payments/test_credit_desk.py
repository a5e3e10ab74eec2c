"""`/admin/credit`: find a person, add credit once a form, refuse what makes no sense by its field."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from models import CreditEntry, EventLog, Notification, User
from portal.payments import credit_balance
from tests.factories import give_credit, make_user, make_wallet
from tests.web.pages import text_of
from tests.web.visitor import Visitor

PAGE = "/admin/credit"


def filled(person: User, **changes: str) -> dict[str, str]:
    return {"account": person.email, "amount": "250.50", "currency": "UAH", "reason": "Parcel was late",
            "creditKey": "key-1", **changes}  # fmt: skip


def key_of(page: TestResponse) -> str:
    (key,) = re.findall(r'name="creditKey" value="([^"]*)"', page.text)
    return str(key)


def test_an_admin_finds_a_person_and_sees_the_statement(as_admin: Visitor, owner: User) -> None:
    assert "Find an account" in text_of(as_admin.get(PAGE))
    assert "No credit yet" in text_of(as_admin.get(f"{PAGE}?account={owner.email.upper()}"))
    give_credit(owner, 12_300)
    told = text_of(as_admin.get(f"{PAGE}?account={owner.email}"))
    assert "Olena Owner" in told
    assert told.count("123.00 UAH") == 3  # the balance, the entry, the balance after it


def test_a_person_is_found_by_a_linked_wallet(as_admin: Visitor) -> None:
    """Whoever signed in with a wallet may have no e-mail at all."""
    person, wallet = make_user("Wallet Only", email=None), "0x" + "AB" * 20
    make_wallet(person, wallet.lower())
    page = as_admin.get(f"{PAGE}?account={wallet}")
    assert "Wallet Only" in text_of(page)
    answer = as_admin.submit(PAGE, filled(person, account=wallet, creditKey=key_of(page)))
    assert answer.location == f"{PAGE}?account={wallet}"
    assert credit_balance(person.id, "UAH") == 25_050
    assert as_admin.get(f"{PAGE}?account=0x{'cd' * 20}").status_code == 404


def test_unknown_account_is_reported_at_the_field(as_admin: Visitor) -> None:
    page = as_admin.get(f"{PAGE}?account=nobody@example.com")
    assert page.status_code == 404
    assert 'id="account-error"' in page.text
    assert 'value="nobody@example.com"' in page.text


def test_top_up_is_added_recorded_and_notified(
    as_admin: Visitor, admin: User, as_owner: Visitor, owner: User
) -> None:
    key = key_of(as_admin.get(f"{PAGE}?account={owner.email}"))
    answer = as_admin.submit(PAGE, filled(owner, creditKey=key))
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?account={owner.email}")
    assert "The balance is now 250.50 UAH" in text_of(as_admin.get(answer.location))
    assert credit_balance(owner.id, "UAH") == 25_050
    event = EventLog.get(EventLog.event == "credit_added")
    assert (event.actor_user_id, event.reason) == (admin.id, "Parcel was late")
    assert event.data == {"amountMinor": "25050", "currency": "UAH"}
    told = text_of(as_owner.get("/notifications"))
    assert "250.50 UAH of credit was added to your account. Reason: Parcel was late" in told
    assert "Parcel was late" in text_of(as_owner.get("/account/credit"))


def test_the_form_sent_again_adds_nothing(as_admin: Visitor, owner: User) -> None:
    for _ in range(3):
        assert as_admin.submit(PAGE, filled(owner)).status_code == 303
    assert credit_balance(owner.id, "UAH") == 25_050
    assert CreditEntry.select().count() == Notification.select().count() == 1
    assert "Nothing was added again" in text_of(as_admin.get(f"{PAGE}?account={owner.email}"))
    as_admin.submit(PAGE, filled(owner, creditKey="key-2"))
    assert credit_balance(owner.id, "UAH") == 50_100


@pytest.mark.parametrize(
    "changes", [{"amount": "99"}, {"currency": "USD"}, {"creditKey": ""}, {"creditKey": "x" * 65}]
)
def test_a_key_belongs_to_one_form(as_admin: Visitor, owner: User, changes: dict[str, str]) -> None:
    as_admin.submit(PAGE, filled(owner))
    page = as_admin.submit(PAGE, filled(owner, **changes))
    assert page.status_code == 409
    assert CreditEntry.select().count() == 1
    # The page offers a new key, or the person could never send the form.
    key = key_of(page)
    assert re.fullmatch(r"[\w-]{20,64}", key)
    assert key != "key-1"


def test_a_key_belongs_to_one_person(as_admin: Visitor, owner: User, other: User) -> None:
    as_admin.submit(PAGE, filled(owner))
    assert as_admin.submit(PAGE, filled(other)).status_code == 409
    assert credit_balance(other.id, "UAH") == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", ""), ("amount", "-5"), ("amount", "0"), ("amount", "1.005"), ("amount", "NaN"), ("amount", "1e9"),
     ("amount", "10000000.01"), ("amount", "9" * 30), ("currency", "BTC"), ("currency", ""), ("reason", " "),
     ("reason", "x" * 201)],
)  # fmt: skip
def test_a_field_at_fault_is_named_and_nothing_changes(
    as_admin: Visitor, owner: User, field: str, value: str
) -> None:
    page = as_admin.submit(PAGE, filled(owner, **{field: value}))
    assert page.status_code == 422
    assert f'href="#{field}"' in page.text
    assert f'id="{field}-error"' in page.text
    assert "<title>Error:" in page.text
    # What was typed right is still there, with the same key: the corrected form adds once.
    assert key_of(page) == "key-1"
    assert not CreditEntry.select().exists()
    assert not Notification.select().exists()


def test_every_field_at_fault_is_named_at_once(as_admin: Visitor, owner: User) -> None:
    page = as_admin.submit(PAGE, filled(owner, amount="x", currency="y", reason=""))
    assert all(f'href="#{name}"' in page.text for name in ("currency", "reason"))
    page = as_admin.submit(PAGE, filled(owner, amount="x", reason=""))
    assert all(f'href="#{name}"' in page.text for name in ("amount", "reason"))


def test_a_person_without_an_account_gets_nothing(as_admin: Visitor, owner: User) -> None:
    page = as_admin.submit(PAGE, filled(owner, account="nobody@example.com"))
    assert page.status_code == 404
    assert 'href="#account"' in page.text
    assert not CreditEntry.select().exists()


def test_it_is_the_admins(as_owner: Visitor, as_seller: Visitor, client: Visitor, owner: User) -> None:
    for browser in (as_owner, as_seller):
        assert browser.get(f"{PAGE}?account={owner.email}").status_code == 403
        assert browser.submit(PAGE, filled(owner)).status_code == 403
    assert client.get(PAGE).status_code == 303
    assert client.submit(PAGE, filled(owner)).status_code == 401
    assert not CreditEntry.select().exists()


def test_a_forged_token_adds_nothing(as_admin: Visitor, owner: User) -> None:
    assert as_admin.post(PAGE, data=filled(owner)).status_code == 400
    assert not CreditEntry.select().exists()


def test_names_are_escaped(as_admin: Visitor) -> None:
    person = make_user("<i>Mallory</i>")
    assert "<i>Mallory" not in as_admin.get(f"{PAGE}?account={person.email}").text


def test_a_mistyped_wallet_is_named(as_admin: Visitor) -> None:
    page = as_admin.get(PAGE, query_string={"account": "0x" + "Ab" * 20})
    assert page.status_code == 422
    assert "checksum (EIP-55) is wrong" in text_of(page)

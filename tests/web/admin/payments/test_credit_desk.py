"""`/admin/credit`: find an account, add credit once per form, report invalid fields."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from models import CreditEntry, EventLog, Notification, User
from portal.lib.clock import utc_now
from portal.payments import credit_balance
from tests.factories import give_credit, make_user, make_wallet
from tests.web.pages import text_of
from tests.web.visitor import Visitor

PAGE = "/admin/credit"
WARNING = "another person may have registered it"


def credit_form(user: User, **changes: str) -> dict[str, str]:
    return {"account": user.email, "amount": "250.50", "currency": "UAH", "reason": "Parcel was late",
            "creditKey": "key-1", **changes}  # fmt: skip


def key_of(page: TestResponse) -> str:
    (key,) = re.findall(r'name="creditKey" value="([^"]*)"', page.text)
    return str(key)


def test_account_is_found_by_email_with_its_statement(as_admin: Visitor, owner: User) -> None:
    assert "Find an account" in text_of(as_admin.get(PAGE))
    assert "No credit yet" in text_of(as_admin.get(f"{PAGE}?account={owner.email.upper()}"))
    give_credit(owner, 12_300)
    text = text_of(as_admin.get(f"{PAGE}?account={owner.email}"))
    assert WARNING in text
    User.update(email_confirmed_at=utc_now()).where(User.id == owner.id).execute()
    assert WARNING not in text_of(as_admin.get(f"{PAGE}?account={owner.email}"))
    assert "Olena Owner" in text
    assert text.count("123.00 UAH") == 3  # balance, entry, balance after the entry


def test_account_is_found_by_a_linked_wallet(as_admin: Visitor) -> None:
    """A user who signs in with a wallet may have no e-mail address."""
    user, wallet = make_user("Wallet Only", email=None), "0x" + "AB" * 20
    make_wallet(user, wallet.lower())
    page = as_admin.get(f"{PAGE}?account={wallet}")
    assert "Wallet Only" in text_of(page)
    assert WARNING not in text_of(page)
    response = as_admin.submit(PAGE, credit_form(user, account=wallet, creditKey=key_of(page)))
    assert response.location == f"{PAGE}?account={wallet}"
    assert credit_balance(user.id, "UAH") == 25_050
    assert as_admin.get(f"{PAGE}?account=0x{'cd' * 20}").status_code == 404


def test_unknown_account_is_reported_at_its_field(as_admin: Visitor) -> None:
    page = as_admin.get(f"{PAGE}?account=unknown@example.com")
    assert page.status_code == 404
    assert 'id="account-error"' in page.text
    assert 'value="unknown@example.com"' in page.text


def test_top_up_is_added_recorded_and_notified(
    as_admin: Visitor, admin: User, as_owner: Visitor, owner: User
) -> None:
    key = key_of(as_admin.get(f"{PAGE}?account={owner.email}"))
    response = as_admin.submit(PAGE, credit_form(owner, creditKey=key))
    assert (response.status_code, response.location) == (303, f"{PAGE}?account={owner.email}")
    assert "The balance is now 250.50 UAH" in text_of(as_admin.get(response.location))
    assert credit_balance(owner.id, "UAH") == 25_050
    event = EventLog.get(EventLog.event == "credit_added")
    assert (event.actor_user_id, event.reason) == (admin.id, "Parcel was late")
    assert event.data == {"amountMinor": "25050", "currency": "UAH"}
    text = text_of(as_owner.get("/notifications"))
    assert "250.50 UAH of credit was added to your account. Reason: Parcel was late" in text
    assert "Parcel was late" in text_of(as_owner.get("/account/credit"))


def test_resubmitted_form_adds_nothing(as_admin: Visitor, owner: User) -> None:
    for _ in range(3):
        assert as_admin.submit(PAGE, credit_form(owner)).status_code == 303
    assert credit_balance(owner.id, "UAH") == 25_050
    assert CreditEntry.select().count() == Notification.select().count() == 1
    assert "Nothing was added again" in text_of(as_admin.get(f"{PAGE}?account={owner.email}"))
    as_admin.submit(PAGE, credit_form(owner, creditKey="key-2"))
    assert credit_balance(owner.id, "UAH") == 50_100


@pytest.mark.parametrize(
    "changes", [{"amount": "99"}, {"currency": "USD"}, {"creditKey": ""}, {"creditKey": "x" * 65}]
)
def test_reused_key_with_other_values_is_refused(
    as_admin: Visitor, owner: User, changes: dict[str, str]
) -> None:
    as_admin.submit(PAGE, credit_form(owner))
    page = as_admin.submit(PAGE, credit_form(owner, **changes))
    assert page.status_code == 409
    assert CreditEntry.select().count() == 1
    # The page offers a new key, otherwise the form could never be submitted.
    key = key_of(page)
    assert re.fullmatch(r"[\w-]{20,64}", key)
    assert key != "key-1"


def test_reused_key_for_another_user_is_refused(as_admin: Visitor, owner: User, other: User) -> None:
    as_admin.submit(PAGE, credit_form(owner))
    assert as_admin.submit(PAGE, credit_form(other)).status_code == 409
    assert credit_balance(other.id, "UAH") == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", ""), ("amount", "-5"), ("amount", "0"), ("amount", "1.005"), ("amount", "NaN"), ("amount", "1e9"),
     ("amount", "10000000.01"), ("amount", "9" * 30), ("currency", "BTC"), ("currency", ""), ("reason", " "),
     ("reason", "x" * 201)],
)  # fmt: skip
def test_invalid_field_is_reported_and_nothing_changes(
    as_admin: Visitor, owner: User, field: str, value: str
) -> None:
    page = as_admin.submit(PAGE, credit_form(owner, **{field: value}))
    assert page.status_code == 422
    assert f'href="#{field}"' in page.text
    assert f'id="{field}-error"' in page.text
    assert "<title>Error:" in page.text
    # The form keeps its key, so that the corrected form adds once.
    assert key_of(page) == "key-1"
    assert not CreditEntry.select().exists()
    assert not Notification.select().exists()


def test_all_invalid_fields_are_reported_together(as_admin: Visitor, owner: User) -> None:
    page = as_admin.submit(PAGE, credit_form(owner, amount="x", currency="y", reason=""))
    assert all(f'href="#{name}"' in page.text for name in ("currency", "reason"))
    page = as_admin.submit(PAGE, credit_form(owner, amount="x", reason=""))
    assert all(f'href="#{name}"' in page.text for name in ("amount", "reason"))


def test_unknown_account_gets_no_credit(as_admin: Visitor, owner: User) -> None:
    page = as_admin.submit(PAGE, credit_form(owner, account="unknown@example.com"))
    assert page.status_code == 404
    assert 'href="#account"' in page.text
    assert not CreditEntry.select().exists()


def test_page_requires_an_admin(as_owner: Visitor, as_seller: Visitor, client: Visitor, owner: User) -> None:
    for browser in (as_owner, as_seller):
        assert browser.get(f"{PAGE}?account={owner.email}").status_code == 403
        assert browser.submit(PAGE, credit_form(owner)).status_code == 403
    assert client.get(PAGE).status_code == 303
    assert client.submit(PAGE, credit_form(owner)).status_code == 401
    assert not CreditEntry.select().exists()


def test_missing_csrf_token_adds_nothing(as_admin: Visitor, owner: User) -> None:
    assert as_admin.post(PAGE, data=credit_form(owner)).status_code == 400
    assert not CreditEntry.select().exists()


def test_account_name_is_escaped(as_admin: Visitor) -> None:
    user = make_user("<i>Mallory</i>")
    assert "<i>Mallory" not in as_admin.get(f"{PAGE}?account={user.email}").text


def test_mistyped_wallet_is_explained(as_admin: Visitor) -> None:
    page = as_admin.get(PAGE, query_string={"account": "0x" + "Ab" * 20})
    assert page.status_code == 422
    assert "checksum (EIP-55) is wrong" in text_of(page)

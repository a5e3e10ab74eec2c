"""Vendors for admins: created, changed, taken off sale; the role follows the ownership."""

from __future__ import annotations

import json

import pytest
from click.testing import Result
from flask import Flask

from models import EventLog, Order, Settlement, User, Vendor
from portal.accounts import set_role
from portal.catalogue import active_products_by_id, lock_active_products
from portal.cli.vendors import vendor as vendor_commands
from portal.db import Actor, transaction
from portal.flows.vendors.save_vendor import save_vendor
from portal.lib.clock import utc_now
from tests.factories import ACTOR, make_product, make_settlement, make_store, make_user, make_vendor
from tests.web.account.proofs import run_concurrently
from tests.web.conftest import visitor
from tests.web.exports.ledger_files import export_rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor

NEW = {"name": "  Мапа   крамниця ", "owner": "", "tier": "growth"}


def role_of(user: User) -> str:
    return str(User.get_by_id(user.id).role)


def test_vendor_is_created_and_its_owner_becomes_a_vendor(
    app: Flask, as_admin: Visitor, owner: User, admin: User
) -> None:
    answer = as_admin.submit("/admin/vendors", {**NEW, "owner": f" {(owner.email or '').upper()} "})
    vendor = Vendor.get()
    assert (answer.status_code, answer.location) == (303, f"/admin/vendors/{vendor.id}")
    assert (vendor.name, vendor.store_tier, vendor.user_id, vendor.active) == (
        "Мапа крамниця", "growth", owner.id, True,
    )  # fmt: skip
    assert role_of(owner) == "vendor"
    warning = "another person may have registered it"
    assert warning in text_of(as_admin.get(answer.location))
    User.update(email_confirmed_at=utc_now()).where(User.id == owner.id).execute()
    assert warning not in text_of(as_admin.get(answer.location))
    assert visitor(app, owner).get("/vendor/earnings").status_code == 200
    event = EventLog.get(EventLog.event == "vendor_created")
    assert (event.actor_user_id, event.entity_id) == (admin.id, str(vendor.id))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x07"}, "name"),
        ({"owner": "nobody@example.com"}, "owner"),
        ({"tier": "gold"}, "tier"),
    ],
)
def test_invalid_fields_are_named_and_change_nothing(
    as_admin: Visitor, values: dict[str, str], field: str
) -> None:
    vendor = make_vendor(name="Before")
    for url in ("/admin/vendors", f"/admin/vendors/{vendor.id}"):
        page = as_admin.submit(url, {**NEW, **values})
        assert page.status_code in (404, 422), url
        assert f'<a href="#{field}">' in page.text
    assert [row.name for row in Vendor.select()] == ["Before"]


def test_role_follows_the_ownership(as_admin: Visitor, owner: User, other: User, admin: User) -> None:
    first, second = make_vendor(name="First"), make_vendor(name="Second")

    def give(vendor: Vendor, person: User | None) -> None:
        form = {"name": vendor.name, "tier": "starter", "owner": (person.email or "") if person else ""}
        assert as_admin.submit(f"/admin/vendors/{vendor.id}", form).status_code == 303

    give(first, owner)
    give(second, owner)
    give(first, other)
    assert (role_of(owner), role_of(other)) == ("vendor", "vendor")
    give(second, None)
    assert (role_of(owner), role_of(other)) == ("user", "vendor")
    give(first, admin)
    assert (role_of(other), role_of(admin)) == ("user", "admin")
    give(first, None)
    assert role_of(admin) == "admin"
    changes = [
        row.data for row in EventLog.select().where(EventLog.event == "vendor_changed").order_by(EventLog.id)
    ]
    assert changes[0] == {"owner": owner.id}


def test_page_warns_of_an_unconfirmed_owner_and_of_keys_that_a_previous_owner_knows(
    as_admin: Visitor, seller: User, other: User
) -> None:
    vendor = Vendor.get()
    never, known = "was never confirmed", "The previous owner may know the keys"

    def give(email: str) -> str:
        form = {"name": vendor.name, "tier": "starter", "owner": email}
        return text_of(as_admin.submit(f"/admin/vendors/{vendor.id}", form, follow_redirects=True))

    assert known not in give(other.email or "")
    make_store(vendor)
    User.update(email_confirmed_at=None).where(User.id == seller.id).execute()
    page = give(seller.email or "")
    assert (never in page, known in page) == (True, True)
    User.update(email_confirmed_at=utc_now()).where(User.id == seller.id).execute()
    page = give(seller.email or "")
    assert (never in page, known in page) == (False, False)


def test_saving_the_same_values_records_no_change(as_admin: Visitor, seller: User) -> None:
    vendor = Vendor.get()
    form = {"name": vendor.name, "tier": "starter", "owner": seller.email or ""}
    assert as_admin.submit(f"/admin/vendors/{vendor.id}", form).status_code == 303
    assert not EventLog.select().where(EventLog.event == "vendor_changed").exists()


def test_owners_exchanged_at_the_same_time_keep_the_right_roles(
    database: str, owner: User, other: User
) -> None:
    vendors = [make_vendor(owner), make_vendor(other)]
    for person in (owner, other):
        set_role(person.id, "vendor", ACTOR)
    moves = [(vendors[0], other), (vendors[1], owner)]

    def move() -> int:
        vendor, person = moves.pop()
        save_vendor(vendor.id, vendor.name, person.email or "", "starter", ACTOR)
        return True

    assert run_concurrently(2, move) == [True, True]
    assert (role_of(owner), role_of(other)) == ("vendor", "vendor")


def test_products_of_a_withdrawn_vendor_cannot_be_ordered_and_what_is_owed_stays(
    as_admin: Visitor, as_owner: Visitor, admin: User
) -> None:
    vendor = make_vendor()
    product = make_product(vendor)
    settlement = make_settlement(vendor)
    url = f"/admin/vendors/{vendor.id}/active"
    for _ in range(2):
        assert as_admin.submit(url, {"active": "0"}).status_code == 303
    assert as_owner.get(f"/products/{product.slug}").status_code == 404
    assert as_owner.get("/api/store/products").get_json() == []
    order = as_owner.send("/api/store/orders", {"items": [{"productId": product.id, "quantity": 1}]})
    assert order.status_code == 404
    with transaction():
        assert lock_active_products([product.id]) == {}
    assert not Order.select().where(Order.buyer.is_null(False)).exists()
    assert Settlement.get_by_id(settlement.id).status == settlement.status
    text = text_of(as_admin.get(f"/admin/vendors/{vendor.id}"))
    assert "Off sale" in text
    as_admin.submit(url, {"active": "1"})
    assert list(active_products_by_id([product.id])) == [product.id]
    events = [row.event for row in EventLog.select().where(EventLog.entity == "vendor").order_by(EventLog.id)]
    assert events == ["vendor_deactivated", "vendor_activated"]


def test_list_is_filtered_and_exported(as_admin: Visitor, seller: User) -> None:
    make_vendor(name="Zoria", active=False)
    assert "Zoria" in text_of(as_admin.get("/admin/vendors?state=inactive"))
    page = text_of(as_admin.get("/admin/vendors?q=VIRA"))
    assert ("Zoria" in page, "Vira's shop" in page, seller.name in page) == (False, True, True)
    assert "No vendor matches" in as_admin.get("/admin/vendors?q=nothing").text
    (row,) = export_rows(as_admin, "vendors", "?q=zoria")
    assert (row["name"], row["owner"], row["active"]) == ("Zoria", "", "false")
    assert as_admin.get("/admin/vendors/999999").status_code == 404


def test_commands_create_and_list_vendors(app: Flask, owner: User) -> None:
    def invoke(*words: str) -> Result:
        with app.app_context():
            return app.test_cli_runner().invoke(vendor_commands, list(words))

    def run(*words: str) -> str:
        return invoke(*words).output

    assert "Created vendor Shop with id" in run("create", "Shop")
    result = invoke("create", "Olena's", "--owner", owner.email or "", "--tier", "growth", "--json")
    assert "was never confirmed" in result.stderr
    created = json.loads(result.stdout)
    assert created | {"id": 0} == {
        "id": 0, "name": "Olena's", "owner": owner.email, "tier": "growth", "active": True,
    }  # fmt: skip
    assert role_of(owner) == "vendor"
    assert "owner: No account has this e-mail. The owner has to create an account first." in run(
        "create", "X", "--owner", "nobody@example.com"
    )
    assert "name: Enter a name" in run("create", " ")
    lines = run("list").splitlines()
    texts = [line.split(maxsplit=1)[1] for line in lines]
    assert texts == [f"Olena's, {owner.email}, growth", "Shop, no owner, starter"]
    assert [json.loads(line)["name"] for line in run("list", "--json").splitlines()] == ["Olena's", "Shop"]


def test_user_role_command_refuses_the_owner_of_a_vendor(app: Flask, seller: User) -> None:
    with app.app_context():
        result = app.test_cli_runner().invoke(args=["user", "role", seller.email or "", "user"])
    assert (result.exit_code, "owns a vendor" in result.output) == (1, True)


def test_actor_of_a_change_is_the_admin(database: str, admin: User) -> None:
    vendor = make_vendor(name="Before")
    save_vendor(vendor.id, "After", "", "starter", Actor.user(admin.id))
    event = EventLog.get(EventLog.event == "vendor_changed")
    assert (event.actor_user_id, event.data) == (admin.id, {"name": "After"})
    assert make_user().role == "user"

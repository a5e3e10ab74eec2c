"""The admin page of a code, and the block its owner cannot lift. See docs/rules/codes.md."""

from __future__ import annotations

import threading

import pytest

from models import EventLog, Refcode, User, Wallet
from portal.codes import find_deactivation
from portal.db import Actor, release_connection
from portal.flows.accounts.link_wallet import adopt_wallet
from portal.flows.accounts.switch_code import CodeBlocked, block_code, switch_own_code
from tests.factories import make_order, make_reward, make_visits
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def page_url(code: Refcode) -> str:
    return f"/admin/refcodes/codes/{code.code}"


def is_active(code: Refcode) -> bool:
    return bool(Refcode.get_by_id(code.code).active)


def test_queue_and_audit_link_to_the_page(as_admin: Visitor, code: Refcode, owner: User) -> None:
    order = make_order(owner, code=code, paid=True)
    make_reward(code, order_reference=order.order_reference)
    for url in ("/admin/refcodes", f"/admin/audit?orderReference={order.order_reference}"):
        assert f'href="{page_url(code)}"' in as_admin.get(url).text, url


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_page_shows_owner_visits_and_orders(
    as_admin: Visitor, code: Refcode, owner: User, locale: str
) -> None:
    make_visits(code, {0: 7})
    make_order(owner, code=code, paid=True)
    make_order(owner, code=code)
    text = text_of(as_admin.get(f"/{locale}{page_url(code)}"))
    for part in (code.code, "Taras Other", "7 · 7", "2 · 1"):
        assert part in text


def test_deactivation_shows_admin_and_reason_and_is_lifted(as_admin: Visitor, code: Refcode) -> None:
    url = f"{page_url(code)}/active"
    for _ in range(2):
        response = as_admin.submit(url, {"active": "0", "reason": "Self-referral"})
        assert (response.status_code, response.location) == (303, page_url(code))
        assert not is_active(code)
    text = text_of(as_admin.get(page_url(code)))
    assert "Deactivated by an admin Admin Adminenko Self-referral" in text
    for _ in range(2):
        as_admin.submit(url, {"active": "1"})
        assert is_active(code)
    events = [row.event for row in EventLog.select().where(EventLog.entity == "refcode")]
    assert sorted(events) == ["code_activated", "code_deactivated"]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_deactivation_requires_a_reason(as_admin: Visitor, code: Refcode, reason: str) -> None:
    page = as_admin.submit(f"{page_url(code)}/active", {"active": "0", "reason": reason})
    assert page.status_code == 422
    assert '<a href="#reason">' in page.text
    assert is_active(code)
    assert not EventLog.select().where(EventLog.entity == "refcode").exists()


def test_deactivation_reason_is_escaped(as_admin: Visitor, as_other: Visitor, code: Refcode) -> None:
    as_admin.submit(f"{page_url(code)}/active", {"active": "0", "reason": "<script>alert(1)</script>"})
    for page in (as_admin.get(page_url(code)), as_other.get("/refcodes")):
        assert "<script>alert" not in page.text


def test_deactivated_code_earns_no_new_rewards(
    as_admin: Visitor, as_owner: Visitor, code: Refcode, client: Visitor
) -> None:
    waiting = make_reward(code)
    as_admin.submit(f"{page_url(code)}/active", {"active": "0", "reason": "Odd"})
    assert client.post("/api/refcodes/track", json={"code": code.code}).status_code == 404
    response = as_admin.send(f"/api/admin/rewards/{waiting.id}/approve")
    assert (response.status_code, response.get_json()["status"]) == (200, "approved")


def test_relinking_the_wallet_does_not_lift_the_block(as_admin: Visitor, code: Refcode, other: User) -> None:
    """The admin blocks a code that is already inactive because its wallet was unlinked."""
    visitor = as_admin.application.test_client()
    assert isinstance(visitor, Visitor)
    visitor.sign_in_as(other).submit(f"/account/wallets/{code.wallet_address}/unlink")
    as_admin.submit(f"{page_url(code)}/active", {"active": "0", "reason": "Odd"})
    adopt_wallet(
        other.id,
        code.wallet_address,
        Actor.user(other.id),
        as_admin.application.extensions["portal"].settings,
    )
    assert not is_active(code)
    with pytest.raises(CodeBlocked):
        switch_own_code(other.id, code.code, True)


def test_lifted_block_waits_for_the_wallet(as_admin: Visitor, code: Refcode, other: User) -> None:
    as_admin.submit(f"{page_url(code)}/active", {"active": "0", "reason": "Odd"})
    Wallet.delete().where(Wallet.address == code.wallet_address).execute()
    as_admin.submit(f"{page_url(code)}/active", {"active": "1"})
    assert not is_active(code)
    assert "when its owner links the wallet" in text_of(as_admin.get(page_url(code)))
    adopt_wallet(
        other.id,
        code.wallet_address,
        Actor.user(other.id),
        as_admin.application.extensions["portal"].settings,
    )
    assert is_active(code)


def test_concurrent_activation_does_not_lift_the_block(code: Refcode, other: User, admin: User) -> None:
    """In either order, the code is inactive after the admin's decision."""
    for attempt in range(8):
        Refcode.update(active=False).where(Refcode.code == code.code).execute()
        start = threading.Barrier(2)

        def activate(start: threading.Barrier = start) -> None:
            start.wait()
            try:
                switch_own_code(other.id, code.code, True)
            except CodeBlocked:
                pass
            finally:
                release_connection()

        def block(start: threading.Barrier = start, reason: str = f"Odd {attempt}") -> None:
            start.wait()
            block_code(code.code, reason, admin.id)
            release_connection()

        threads = [threading.Thread(target=target) for target in (activate, block)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not is_active(code)
        cause = find_deactivation(code.code)
        assert cause is not None
        assert cause.by == "admin"


def test_page_requires_an_admin(
    client: Visitor,
    as_owner: Visitor,
    as_other: Visitor,
    as_seller: Visitor,
    as_admin: Visitor,
    code: Refcode,
) -> None:
    url = f"{page_url(code)}/active"
    assert client.get(page_url(code)).status_code == 303
    for visitor in (as_owner, as_other, as_seller):
        assert visitor.get(page_url(code)).status_code == 403
        assert visitor.submit(url, {"active": "0", "reason": "x"}).status_code == 403
    assert as_admin.post(url, data={"active": "0", "reason": "x"}).status_code == 400
    assert is_active(code)
    assert as_admin.get("/admin/refcodes/codes/nosuchcd").status_code == 404
    assert as_admin.submit("/admin/refcodes/codes/nosuchcd/active", {"active": "1"}).status_code == 404
    assert as_admin.submit("/admin/refcodes/codes/nosuchcd/active", {"reason": "x"}).status_code == 404

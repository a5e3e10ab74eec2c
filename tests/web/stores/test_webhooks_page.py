"""`/admin/stores/<id>/webhooks`: endpoints with their secrets shown once, and deliveries that can be sent again."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from peewee import fn

from models import EventLog, MailOutbox, Store, User, Vendor, WebhookDelivery, WebhookEndpoint
from portal.notifications import notify
from portal.stores import BUILT_IN_STORE_ID
from portal.webhooks import EVENT_TYPES, publish_event
from tests.factories import make_code, make_reward, make_store, make_user
from tests.web.pages import text_of
from tests.web.visitor import Visitor

URL = "https://hooks.example/in"
PREFIXES = ["", "/uk", "/ru"]


@pytest.fixture
def shop(database: str) -> Store:
    return make_store()


def page_of(shop: Store) -> str:
    return f"/admin/stores/{shop.id}/webhooks"


def add(browser: Visitor, shop: Store, url: str = URL, types: tuple[str, ...] = EVENT_TYPES) -> str:
    """Add an endpoint by the form and return the secret that its answer shows."""
    answer = browser.submit(page_of(shop), {"url": url, "types": list(types)})
    assert answer.status_code == 200
    (secret,) = re.findall(r'value="(whsec_[^"]+)"', answer.text)
    return str(secret)


def test_secret_is_shown_once_and_changes_are_logged(as_admin: Visitor, shop: Store) -> None:
    secret = add(as_admin, shop, types=("refund.applied",))
    endpoint = WebhookEndpoint.get()
    assert (endpoint.url, endpoint.types, endpoint.store_id) == (URL, ["refund.applied"], shop.id)
    assert secret.encode() not in bytes(endpoint.secret)
    page = as_admin.get(page_of(shop))
    assert URL in page.text
    assert "whsec_" not in page.text
    (seen,) = re.findall(r'name="seen" value="(\w+)"', page.text)
    rotated = as_admin.submit(f"{page_of(shop)}/{endpoint.id}/secret", {"seen": seen})
    repeated = as_admin.submit(f"{page_of(shop)}/{endpoint.id}/secret", {"seen": seen})
    assert repeated.status_code == 409
    assert f'href="#endpoint-{endpoint.id}"' in repeated.text
    assert "whsec_" in rotated.text
    assert secret not in rotated.text
    for active in ("0", "1"):
        as_admin.submit(f"{page_of(shop)}/{endpoint.id}/active", {"active": active})
    events = [each.event for each in EventLog.select().where(EventLog.entity == "webhook_endpoint")]
    assert events == [
        "webhook_endpoint_created",
        "webhook_secret_rotated",
        "webhook_endpoint_disabled",
        "webhook_endpoint_enabled",
    ]


def test_form_reports_every_field_and_keeps_what_was_typed(as_admin: Visitor, shop: Store) -> None:
    for prefix in PREFIXES:
        answer = as_admin.submit(
            f"{prefix}{page_of(shop)}", {"url": "https://a:b@hooks.example/", "types": []}
        )
        assert answer.status_code == 422
        assert 'id="url-error"' in answer.text
        assert 'id="types-error"' in answer.text
        assert 'value="https://a:b@hooks.example/"' in answer.text
    assert WebhookEndpoint.select().count() == 0


def test_eleventh_active_endpoint_is_refused(as_admin: Visitor, shop: Store) -> None:
    for number in range(10):
        add(as_admin, shop, f"{URL}?{number}")
    answer = as_admin.submit(page_of(shop), {"url": URL, "types": list(EVENT_TYPES)})
    assert answer.status_code == 409
    assert "at most 10 active endpoints" in text_of(answer)


def test_deliveries_are_listed_tested_and_sent_again(as_admin: Visitor, shop: Store) -> None:
    add(as_admin, shop)
    endpoint = WebhookEndpoint.get()
    publish_event(shop.id, "reward.minted", "store_x_1", {"rewardId": "1"})
    as_admin.submit(f"{page_of(shop)}/{endpoint.id}/test")
    WebhookDelivery.update(status="failed", next_attempt_at=None, attempts=10, last_error="timed_out").where(
        WebhookDelivery.type == "reward.minted"
    ).execute()
    words = {"": "no answer in time", "/uk": "сервер не відповів вчасно", "/ru": "сервер не ответил вовремя"}
    for prefix, text in words.items():
        page = text_of(as_admin.get(prefix + page_of(shop)))
        assert text in page
        assert "store_x_1" in page
        assert "endpoint.test" in page
    failed = WebhookDelivery.get(WebhookDelivery.type == "reward.minted")
    answer = as_admin.submit(f"{page_of(shop)}/deliveries/{failed.id}/replay")
    assert answer.location == page_of(shop)
    failed = WebhookDelivery.get_by_id(failed.id)
    assert (failed.status, failed.attempts) == ("pending", 0)
    assert failed.next_attempt_at is not None


def test_endpoint_that_is_off_is_neither_tested_nor_replayed(as_admin: Visitor, shop: Store) -> None:
    add(as_admin, shop)
    endpoint = WebhookEndpoint.get()
    publish_event(shop.id, "reward.minted", "store_x_1", {})
    as_admin.submit(f"{page_of(shop)}/{endpoint.id}/active", {"active": "0"})
    as_admin.submit(f"{page_of(shop)}/{endpoint.id}/test")
    delivery = WebhookDelivery.get()
    as_admin.submit(f"{page_of(shop)}/deliveries/{delivery.id}/replay")
    assert WebhookDelivery.get().next_attempt_at is None
    assert "Switched off" in text_of(as_admin.get(page_of(shop)))


def test_other_stores_endpoints_and_deliveries_are_unknown(as_admin: Visitor, shop: Store) -> None:
    add(as_admin, shop)
    endpoint = WebhookEndpoint.get()
    publish_event(shop.id, "reward.minted", "store_x_1", {})
    other = page_of(make_store())
    paths = ["secret", "active", "test"]
    requests = [f"{other}/{endpoint.id}/{path}" for path in paths]
    requests.append(f"{other}/deliveries/{WebhookDelivery.get().id}/replay")
    assert {as_admin.submit(path, {"active": "0"}).status_code for path in requests} == {404}
    assert as_admin.get("/admin/stores/999999/webhooks").status_code == 404


def test_page_is_for_admins(as_owner: Visitor, shop: Store) -> None:
    assert as_owner.get(page_of(shop)).status_code == 403
    assert as_owner.submit(page_of(shop), {"url": URL, "types": list(EVENT_TYPES)}).status_code == 403


def test_vendor_manages_the_endpoints_of_own_stores_only(
    as_seller: Visitor, seller: User, shop: Store
) -> None:
    own = f"/vendor/stores/{make_store(Vendor.get(Vendor.user == seller.id)).id}/webhooks"
    added = as_seller.submit(own, {"url": URL, "types": ["reward.minted"]})
    assert "whsec_" in added.text
    endpoint = WebhookEndpoint.get()
    assert f'action="{own}/{endpoint.id}/test"' in as_seller.get(own).text
    assert as_seller.submit(f"{own}/{endpoint.id}/test").location == own
    assert WebhookDelivery.get().type == "endpoint.test"
    for other in (shop.id, BUILT_IN_STORE_ID):
        page = f"/vendor/stores/{other}/webhooks"
        assert as_seller.get(page).status_code == 404
        assert as_seller.submit(page, {"url": URL, "types": list(EVENT_TYPES)}).status_code == 404
        assert as_seller.submit(f"{page}/{endpoint.id}/active", {"active": "0"}).status_code == 404
    assert WebhookEndpoint.get().disabled_at is None


def test_request_that_publishes_an_event_wakes_the_sender(as_admin: Visitor, app: Flask) -> None:
    add(as_admin, Store.get_by_id(BUILT_IN_STORE_ID))
    woken: list[str] = []
    app.extensions["portal"].wake = woken.append
    owner = make_user()
    reward = make_reward(make_code(owner))
    as_admin.get("/admin/refcodes")
    assert woken == []
    as_admin.submit(f"/admin/refcodes/{reward.id}/reject", {"reason": "no"})
    assert woken.count("deliver_webhooks") == 1


def test_letter_about_a_disabled_endpoint_is_in_the_readers_language(app: Flask, admin: User) -> None:
    User.update(email_confirmed_at=fn.now()).where(User.id == admin.id).execute()
    subjects = {
        "en": "Webhooks of Чайна are switched off",
        "uk": "Вебхуки магазину Чайна вимкнено",
        "ru": "Вебхуки магазина Чайна отключены",
    }
    for locale, subject in subjects.items():
        User.update(locale=locale).where(User.id == admin.id).execute()
        for kind in ("webhook_disabled_failing", "webhook_disabled_gone"):
            notify(admin.id, kind, f"{kind}:{locale}", host="hooks.example", store="Чайна")
            letter = app.extensions["portal"].compose(
                MailOutbox.select().order_by(MailOutbox.id.desc()).get()
            )
            assert letter.subject.startswith(subject)
            assert "hooks.example" in letter.text
            assert "Чайна" in letter.text
            assert letter.unsubscribe_url


def test_disabled_endpoints_come_in_pages(as_admin: Visitor, shop: Store) -> None:
    add(as_admin, shop, f"{URL}/active")
    for number in range(7):
        WebhookEndpoint.insert(
            store=shop.id, url=f"{URL}/off{number}", types=["refund.applied"], secret=b"x", disabled_at=fn.now(),
            disabled_reason="admin",
        ).execute()  # fmt: skip
    page = as_admin.get(page_of(shop)).text
    assert [number for number in range(7) if f"{URL}/off{number}<" in page] == [2, 3, 4, 5, 6]
    (following,) = re.findall(r'rel="next" href="([^"]*endpoints=[^"]+)"', page)
    rest = as_admin.get(following.replace("&amp;", "&")).text
    assert [number for number in range(7) if f"{URL}/off{number}<" in rest] == [0, 1]
    assert f"{URL}/active<" in rest

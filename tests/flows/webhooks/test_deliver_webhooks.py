"""Webhooks are delivered to real receivers, also to ones that fail, hang, redirect or move away."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from peewee import SQL
from standardwebhooks import Webhook, WebhookVerificationError

from models import EventLog, MailOutbox, Notification, WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal.db import transaction
from portal.flows.webhooks.deliver_webhooks import deliver_webhooks
from portal.webhooks import (
    Attempt,
    claim_delivery,
    disable_endpoint,
    enable_endpoint,
    record_attempt,
    replay_delivery,
    rotate_secret,
    send_test_event,
)
from portal.webhooks.outbox import LEASE, prune_webhooks
from portal.webhooks.rules import GIVE_UP_AFTER, SCHEDULE, EndpointDisabled
from tests.factories import ACTOR, make_admin, make_store, make_user, make_vendor
from tests.flows.webhooks.conftest import (
    JOB,
    KEY,
    RULES,
    Hooked,
    connect,
    deliver,
    make_due,
    only_delivery,
    seconds_until_due,
)
from tests.support.hanging import hanging_server
from tests.support.receiver import Receiver, webhook_receiver
from tests.support.threads import at_once


def verified(received: Any, secret: str) -> dict[str, Any]:
    """Return the body of a request whose signature is valid for a secret."""
    body: dict[str, Any] = Webhook(secret).verify(received.body, received.headers)
    return body


def test_event_is_delivered_once_signed_and_logged(hooked: Hooked) -> None:
    hooked.publish(7)
    assert deliver() == 1
    assert deliver() == 0
    (received,) = hooked.receiver.received
    body = verified(received, hooked.secret)
    event = WebhookEvent.get()
    assert (body["type"], body["data"]) == ("reward.approved", {"number": 7})
    assert body["timestamp"].endswith("Z")
    assert received.headers["webhook-id"] == event.webhook_id
    assert received.headers["content-type"] == "application/json"
    row = only_delivery()
    assert (row.status, row.attempts, row.last_status_code, row.last_error) == ("delivered", 1, 204, None)
    assert row.next_attempt_at is None
    moves = EventLog.select().where(EventLog.entity == "webhook_delivery")
    assert [(each.event, each.from_status, each.to_status) for each in moves] == [
        ("webhook_delivered", "pending", "delivered")
    ]


def test_event_of_a_change_that_is_rolled_back_is_not_sent(hooked: Hooked) -> None:
    with transaction() as change:
        hooked.publish()
        change.rollback()
    assert deliver() == 0


def test_event_goes_only_to_endpoints_of_its_store_that_chose_it(hooked: Hooked) -> None:
    others = [
        connect(make_store(), hooked.receiver),
        connect(hooked.store, hooked.receiver, types=["statement.opened"]),
        connect(hooked.store, hooked.receiver, url=f"{hooked.receiver.url}?second"),
    ]
    disable_endpoint(hooked.store.id, others[2].endpoint_id, "admin", ACTOR)
    hooked.publish()
    assert only_delivery().endpoint_id == hooked.endpoint_id
    assert WebhookEvent.select().count() == 1


def test_failed_attempt_is_repeated_with_the_same_id_and_body(hooked: Hooked) -> None:
    hooked.receiver.answer_with(500, 200)
    hooked.publish()
    deliver()
    row = only_delivery()
    assert (row.status, row.attempts, row.last_status_code, row.last_error) == ("pending", 1, 500, "refused")
    assert 5 <= seconds_until_due() <= 6
    assert hooked.endpoint.failing_since is not None
    assert deliver() == 0
    make_due()
    deliver()
    first, second = hooked.receiver.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert (only_delivery().status, hooked.endpoint.failing_since) == ("delivered", None)


def test_attempts_follow_the_schedule_and_end(hooked: Hooked) -> None:
    hooked.publish()
    waits = []
    for _ in SCHEDULE:
        claimed = claim_delivery([], includes_failing=True)
        assert claimed is not None
        record_attempt(claimed, Attempt(500), 0, JOB)
        if only_delivery().status == "pending":
            waits.append(seconds_until_due())
        make_due()
    assert waits == [int(each.total_seconds()) for each in SCHEDULE[1:]]
    row = only_delivery()
    assert (row.status, row.attempts, row.next_attempt_at) == ("failed", len(SCHEDULE), None)


@pytest.mark.parametrize(
    ("headers", "at_least", "at_most"),
    [
        ({"Retry-After": "90"}, 90, 90),
        ({"Retry-After": "1"}, 5, 6),
        ({"Retry-After": "99999999"}, 86_400, 86_400),
        ({"Retry-After": "soon"}, 5, 6),
        ({"Retry-After": "in three hours"}, 10_000, 10_800),
    ],
    ids=["seconds", "sooner", "too_long", "unreadable", "date"],
)
def test_retry_after_is_obeyed_within_bounds(
    hooked: Hooked, headers: dict[str, str], at_least: int, at_most: int
) -> None:
    if headers["Retry-After"] == "in three hours":
        headers = {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=3), usegmt=True)}
    hooked.receiver.answer_with(503, headers=headers)
    hooked.publish()
    deliver()
    assert at_least <= seconds_until_due() <= at_most


def test_redirect_is_not_followed(hooked: Hooked) -> None:
    with webhook_receiver() as elsewhere:
        hooked.receiver.answer_with(307, headers={"Location": elsewhere.url})
        hooked.publish()
        deliver()
        assert elsewhere.received == []
    assert (only_delivery().last_status_code, only_delivery().last_error) == (307, "redirected")


def test_gone_disables_the_endpoint_with_a_letter(hooked: Hooked) -> None:
    make_admin(email_confirmed_at=datetime.now(UTC))
    hooked.receiver.answer_with(410)
    hooked.publish()
    deliver()
    assert hooked.endpoint.disabled_reason == "gone"
    assert [row.kind for row in Notification.select()] == ["webhook_disabled_gone"]
    assert MailOutbox.select().count() == 1
    hooked.publish(2)
    make_due()
    assert deliver() == 0


def test_endpoint_that_fails_for_five_days_is_disabled_with_letters(
    receiver: Receiver, database: str
) -> None:
    admin = make_admin(email_confirmed_at=datetime.now(UTC))
    seller = make_user(role="vendor", email_confirmed_at=datetime.now(UTC), locale="uk")
    hooked = connect(make_store(make_vendor(seller)), receiver)
    receiver.answer_with(500)
    hooked.publish()
    deliver()
    almost = SQL("now() - %s", [GIVE_UP_AFTER - timedelta(hours=1)])
    WebhookEndpoint.update(failing_since=almost).execute()
    make_due()
    deliver()
    assert hooked.endpoint.disabled_at is None
    WebhookEndpoint.update(failing_since=SQL("now() - %s", [GIVE_UP_AFTER])).execute()
    make_due()
    deliver()
    assert hooked.endpoint.disabled_reason == "failing"
    assert only_delivery().next_attempt_at is None
    letters = {row.user_id: row.params for row in MailOutbox.select()}
    assert set(letters) == {admin.id, seller.id}
    assert letters[seller.id]["kind"] == "webhook_disabled_failing"
    assert letters[seller.id]["params"] == {"host": "127.0.0.1", "store": hooked.store.name}
    receiver.answer_with(200)
    assert enable_endpoint(hooked.store.id, hooked.endpoint_id, ACTOR)
    deliver()
    assert only_delivery().status == "delivered"


def test_both_secrets_sign_while_one_is_rotated(hooked: Hooked) -> None:
    new = rotate_secret(hooked.store.id, hooked.endpoint_id, ACTOR, key=KEY)
    hooked.publish()
    deliver()
    (received,) = hooked.receiver.received
    assert verified(received, hooked.secret) == verified(received, new.text)
    WebhookEndpoint.update(previous_secret_until=SQL("now()")).execute()
    hooked.publish()
    deliver()
    later = hooked.receiver.received[1]
    assert verified(later, new.text)
    with pytest.raises(WebhookVerificationError):
        verified(later, hooked.secret)


def test_hanging_endpoint_times_out_and_does_not_stop_others(hooked: Hooked) -> None:
    with hanging_server() as server:
        slow = connect(hooked.store, hooked.receiver, url=f"http://127.0.0.1:{server.port}/")
        for number in range(6):
            hooked.publish(number)
        deliver(replace(RULES, timeout=0.3))
        rows = list(WebhookDelivery.select().where(WebhookDelivery.endpoint == slow.endpoint_id))
        assert {(row.status, row.last_status_code, row.last_error) for row in rows} == {
            ("pending", None, "timed_out")
        }
    assert len(hooked.receiver.received) == 6


def test_failing_endpoint_has_one_thread_and_leaves_some_to_others(hooked: Hooked) -> None:
    hooked.publish(1)
    hooked.publish(2)
    WebhookEndpoint.update(failing_since=SQL("now()")).execute()
    assert claim_delivery([], includes_failing=False) is None
    first = claim_delivery([], includes_failing=True)
    assert first is not None
    assert first.is_failing
    assert claim_delivery([hooked.endpoint_id], includes_failing=True) is None


def test_private_address_is_refused_outside_development(hooked: Hooked) -> None:
    hooked.publish()
    deliver(replace(RULES, allow_private=False))
    assert hooked.receiver.received == []
    assert (only_delivery().status, only_delivery().last_error) == ("pending", "address_refused")


def test_attempt_lost_between_claim_and_answer_is_made_again(hooked: Hooked) -> None:
    hooked.publish()
    lost = claim_delivery([], includes_failing=True)
    assert lost is not None
    assert deliver() == 0, "another worker sends it at the same time"
    assert 0 < seconds_until_due() <= LEASE.total_seconds()
    make_due()
    assert deliver() == 1
    assert len(hooked.receiver.received) == 1
    record_attempt(lost, Attempt(500), 0, JOB)
    assert only_delivery().status == "delivered", "the lost worker's result comes too late"


def test_late_result_of_a_lost_worker_does_not_touch_the_attempt_that_followed(hooked: Hooked) -> None:
    hooked.publish()
    lost = claim_delivery([], includes_failing=True)
    make_due()
    newer = claim_delivery([], includes_failing=True)
    assert lost is not None
    assert newer is not None
    record_attempt(lost, Attempt(500), 0, JOB)
    assert (only_delivery().last_status_code, hooked.endpoint.failing_since) == (None, None)
    record_attempt(newer, Attempt(200), 0, JOB)
    assert only_delivery().status == "delivered"


def test_one_endpoint_gets_few_requests_at_once(hooked: Hooked) -> None:
    lock, at_once_now, most = threading.Lock(), 0, 0

    def answer(_: object) -> tuple[int, dict[str, str]]:
        nonlocal at_once_now, most
        with lock:
            at_once_now += 1
            most = max(most, at_once_now)
        time.sleep(0.05)
        with lock:
            at_once_now -= 1
        return 200, {}

    hooked.receiver.answer = answer
    for number in range(12):
        hooked.publish(number)
    assert deliver() == 12
    assert most <= 4


def test_workers_at_once_deliver_each_event_once(hooked: Hooked) -> None:
    for number in range(30):
        hooked.publish(number)

    assert at_once([lambda: deliver_webhooks(RULES, JOB)] * 3) == []
    numbers = [json.loads(each.body)["data"]["number"] for each in hooked.receiver.received]
    assert sorted(numbers) == list(range(30))


def test_replay_sends_the_same_event_again(hooked: Hooked) -> None:
    hooked.publish()
    deliver()
    replay_delivery(hooked.store.id, only_delivery().id, ACTOR)
    assert deliver() == 1
    first, second = hooked.receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    disable_endpoint(hooked.store.id, hooked.endpoint_id, "admin", ACTOR)
    with pytest.raises(EndpointDisabled):
        replay_delivery(hooked.store.id, only_delivery().id, ACTOR)


def test_test_event_reaches_an_endpoint_whatever_it_chose(hooked: Hooked) -> None:
    send_test_event(hooked.store.id, hooked.endpoint_id, ACTOR)
    deliver()
    body = verified(hooked.receiver.received[0], hooked.secret)
    assert (body["type"], body["data"]["endpointId"]) == ("endpoint.test", str(hooked.endpoint_id))


def test_secret_that_cannot_be_read_fails_its_own_delivery(hooked: Hooked) -> None:
    other = connect(hooked.store, hooked.receiver, url=f"{hooked.receiver.url}?second")
    WebhookEndpoint.update(secret=b"0" * 40).where(WebhookEndpoint.id == other.endpoint_id).execute()
    hooked.publish()
    deliver()
    errors = {row.endpoint_id: row.last_error for row in WebhookDelivery.select()}
    assert errors == {hooked.endpoint_id: None, other.endpoint_id: "seal_broken"}


def test_old_events_are_removed_unless_they_wait(hooked: Hooked) -> None:
    hooked.publish(1)
    deliver()
    hooked.publish(2)
    WebhookEvent.update(created_at=SQL("now() - interval '91 days'")).execute()
    assert prune_webhooks(90) == 1
    assert only_delivery().status == "pending"


def test_server_that_trickles_its_headers_is_stopped(hooked: Hooked) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    WebhookEndpoint.update(url=f"http://127.0.0.1:{port}/").execute()
    hooked.publish()

    def trickle() -> None:
        accepted, _ = listener.accept()
        with accepted:
            accepted.recv(65_536)
            accepted.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            accepted.settimeout(0.05)
            while True:
                try:
                    accepted.sendall(b"x")
                    if accepted.recv(1) == b"":
                        return
                except TimeoutError:
                    continue
                except OSError:
                    return

    try:
        assert at_once([trickle, lambda: deliver(replace(RULES, timeout=0.5))]) == []
    finally:
        listener.close()
    assert only_delivery().last_error == "timed_out"

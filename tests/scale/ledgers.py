"""Thousands of rows in every ledger of an empty database."""

from __future__ import annotations

from contextlib import closing

import psycopg2

from portal.db import bind_database, connection
from portal.flows.demo.seed_demo import seed_demo
from portal.flows.payouts.pay_settlements import run_payouts
from tests.factories import ACTOR
from tests.flows.conftest import settings_with
from tests.scale.crowds import crowd
from tests.scale.filling import multiply_rows
from tests.support.databases import close_database
from tests.upgrades.rows import write_rows

_SHOPS, COPIES = 5, 1_500
# One row of each ledger that the shops above do not write.
_MORE = """
INSERT INTO notifications (user_id, kind, dedupe_key, read_at)
    SELECT id, 'referral_reward_minted', 'minted:' || id, CASE WHEN id % 2 = 0 THEN now() END FROM users;
INSERT INTO mail_outbox (to_address, kind, expires_at, status, sent_at)
    SELECT 'reader' || id || '@example.com', 'test', now() + interval '1 day', 'sent', now() FROM users;
INSERT INTO user_sessions (user_id, token_hash) SELECT id, md5(id::text) || md5(id::text) FROM users;
INSERT INTO store_events (store_id, kind, verified, outcome, order_reference, explanation)
    SELECT 1, 'order', true, 'created', order_reference, '{}' FROM orders;
INSERT INTO webhook_endpoints (store_id, url, types, secret)
    VALUES (1, 'https://shop.example/hook', '{order.paid}', 'x');
INSERT INTO webhook_events (webhook_id, store_id, type, payload, order_reference)
    SELECT 'msg_' || id, 1, 'order.attributed', '{}', order_reference FROM orders;
INSERT INTO webhook_deliveries (endpoint_id, event_id, type, status)
    SELECT (SELECT min(id) FROM webhook_endpoints), id, type, 'delivered' FROM webhook_events;
"""


def fill_every_ledger(url: str, crowds: bool = True) -> None:
    """Write the rows of some shops, copy them 1,500 times and let the server count them.

    With `crowds`, some people and shops have a thousand of what others have a few.
    """
    bind_database(url)
    settings = settings_with(database_url=url)
    with closing(psycopg2.connect(url)) as session, session, session.cursor() as cursor:
        for tag in range(1, _SHOPS + 1):
            write_rows(cursor, tag)
    with connection():
        seed_demo(settings)
        run_payouts(settings, ACTOR)
    close_database()
    with closing(psycopg2.connect(url)) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(_MORE)
            multiply_rows(cursor, COPIES)
            if crowds:
                crowd(cursor)

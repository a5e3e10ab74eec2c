"""`flask secrets reseal` and DATA_KEY: stored secrets outlive a change of the portal's keys."""

from __future__ import annotations

import pyotp
import pytest

from models import Store
from portal.accounts import (
    SecondFactorWrong,
    begin_enrolment,
    check_second_factor,
    enable_second_factor,
    enrolment_secret,
)
from portal.db import Actor, connection, query
from portal.lib.sealing import SealBroken
from portal.stores import customer_keys, rotate_webhook_secret, set_store_api, webhook_secrets
from portal.webhooks import create_endpoint
from portal.webhooks.rules import EVENT_TYPES
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_store, make_user

ACTOR = Actor("test")
OLD, NEW = "the key of the years before this one", "the key of the years after that one"


def test_stored_secrets_are_sealed_with_another_key(make_portal: MakePortal, database: str) -> None:
    with connection():
        user = make_user()
        begin_enrolment(user.id, OLD)
        secret = enrolment_secret(user.id, OLD) or ""
        store = make_store()
        webhook_secret = rotate_webhook_secret(store.id, OLD, ACTOR)
        set_store_api(store.id, "https://shop.example", {"key": "k"}, OLD, ACTOR)
        create_endpoint(
            store.id, "https://shop.example/hook", [EVENT_TYPES[0]], ACTOR, key=OLD, allow_private=True
        )
    app = make_portal(secret_key="another key that only signs sessions", data_key=NEW)

    output = invoke(app, "doctor").output
    assert (
        "1 second factors cannot be read, 2 secrets of stores cannot be read, 1 secrets of webhook" in output
    )
    wrong = invoke(app, "secrets", "reseal", "--previous-stdin", typed="a mistyped key\n")
    assert (wrong.exit_code, "4 open with neither key" in wrong.output) == (1, True), wrong.output
    assert "present key" in invoke(app, "secrets", "reseal", "--previous-stdin", typed=f"{NEW}\n").output
    for changed, before in ((4, 0), (0, 4)):
        result = invoke(app, "secrets", "reseal", "--previous-stdin", typed=f"{OLD}\n")
        assert (result.exit_code, result.output) == (
            0, f"{changed} sealed with the present key now, {before} before.\n",
        )  # fmt: skip
    assert "secrets      ok" in invoke(app, "doctor").output
    with connection():
        assert enrolment_secret(user.id, NEW) == secret
        assert webhook_secrets(Store.get_by_id(store.id), NEW) == (webhook_secret,)
        with pytest.raises(SealBroken):
            enrolment_secret(user.id, OLD)
        assert query("SELECT data FROM event_log WHERE event = 'secrets_resealed'") == [
            ({"changed": 4, "unchanged": 0, "unreadable": 0},)
        ]


def test_a_data_key_keeps_what_the_earlier_secret_key_stored(make_portal: MakePortal, database: str) -> None:
    """The settings decide it: recovery codes, second factors and customers are found by `stored_key`."""
    before = make_portal(secret_key=OLD).extensions["portal"].settings
    after = make_portal(secret_key=NEW, data_key=OLD).extensions["portal"].settings
    lost = make_portal(secret_key=NEW).extensions["portal"].settings
    with connection():
        user = make_user()
        begin_enrolment(user.id, before.stored_key)
        code = pyotp.TOTP(enrolment_secret(user.id, before.stored_key) or "").now()
        first, second = enable_second_factor(user.id, code, before.stored_key, ACTOR)[:2]
        with pytest.raises(SecondFactorWrong):
            check_second_factor(user.id, first, lost.stored_key)
        assert check_second_factor(user.id, first, after.stored_key) == "recovery"
        assert check_second_factor(user.id, second, after.stored_key) == "recovery"
    keys = [
        customer_keys(1, each.stored_key, email_sha256="a" * 64, external_id=None)
        for each in (before, after, lost)
    ]
    assert keys[0] == keys[1] != keys[2]

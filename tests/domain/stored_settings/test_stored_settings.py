"""Settings that change while the portal runs: right values, versions, and what is in force."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from models import EventLog, SettingsVersion
from portal.db import bind_database, connection
from portal.lib.colors import contrast_color, contrast_ratio
from portal.lib.errors import InputInvalid
from portal.settings import Settings
from portal.stored_settings import (
    SettingsChanged,
    SettingsFollower,
    check_settings,
    effective_settings,
    is_fixed,
    newest_settings,
    save_settings,
)
from tests.factories import ACTOR
from tests.support.databases import WorkerDatabase, close_database


def environment(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("brand_name", "  Бджола   і  мед ", "Бджола і мед"),
        ("brand_color", "#0B6E5A", "#0B6E5A"),
        ("brand_accent_color", "#777777", "#777777"),
        ("brand_accent_color", "", ""),
        ("brand_token_symbol", "MED.2", "MED.2"),
        ("offered_languages", "ru,uk", "uk,ru"),
        ("referral_consent_required", True, True),
        ("order_expires_hours", "24", 24),
    ],
)
def test_right_values_are_stored_in_one_form(name: str, value: object, stored: object) -> None:
    assert check_settings(environment(), {name: value}) == {name: stored}
    assert getattr(effective_settings(environment(), {name: stored}), name) == stored


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("brand_name", " \u200b ", "setting_invalid"),
        ("brand_name", "x" * 61, "setting_invalid"),
        ("brand_name", "a\u202eb", "character_refused"),
        ("brand_color", "0b6e5a", "setting_invalid"),
        ("brand_color", "#0b6e5a;}", "setting_invalid"),
        ("brand_color", "#777777", "color_unreadable"),
        ("brand_accent_color", "blue", "setting_invalid"),
        ("brand_token_symbol", "MED!", "setting_invalid"),
        ("brand_token_symbol", "", "setting_invalid"),
        ("offered_languages", "", "language_missing"),
        ("offered_languages", "uk,de", "setting_invalid"),
        ("order_expires_hours", "0", "setting_invalid"),
        ("order_expires_hours", "72.5", "setting_invalid"),
        ("order_expires_hours", "8761", "setting_invalid"),
    ],
)
def test_wrong_value_names_its_field(name: str, value: object, code: str) -> None:
    with pytest.raises(InputInvalid) as refused:
        check_settings(environment(), {name: value, "referral_consent_required": True})
    assert {field: error.code for field, error in refused.value.fields.items()} == {name: code}


def test_confirmation_is_refused_where_no_letter_can_be_sent() -> None:
    production = environment(
        portal_env="production",
        secret_key="k1-9f-x7" * 5,
        app_url="https://shop.example.com",
        database_url="postgresql://db/portal",
        wayforpay_merchant_account="shop",
        wayforpay_secret_key="a real secret of the shop",
    )
    with pytest.raises(InputInvalid):
        check_settings(production, {"registration_confirmation": True})
    assert check_settings(production, {"registration_confirmation": False}) == {
        "registration_confirmation": False
    }


def test_environment_comes_first() -> None:
    settings = environment(brand_name="From the server", order_expires_hours=72)
    assert is_fixed(settings, "brand_name")
    assert not is_fixed(settings, "order_expires_hours"), "the default is no decision"
    assert check_settings(settings, {"brand_name": "Other", "order_expires_hours": "9"}) == {
        "order_expires_hours": 9
    }
    stored = {
        "brand_name": "Other",
        "brand_color": "#112233",
        "app_url": "https://evil.example",
        "nothing": 1,
    }
    in_force = effective_settings(settings, stored)
    assert (in_force.brand_name, in_force.brand_color) == ("From the server", "#112233")
    assert in_force.app_url == settings.app_url
    assert effective_settings(settings, {"brand_color": "red"}).brand_color == settings.brand_color


def test_contrast_is_the_one_of_wcag() -> None:
    assert round(contrast_ratio("#000000", "#ffffff"), 2) == 21
    assert round(contrast_ratio("#777777", "#ffffff"), 2) == Decimal("4.48")
    default = environment().brand_color
    assert contrast_ratio(default, contrast_color(default)) > Decimal("4.5")


@pytest.mark.usefixtures("bound_database")
def test_versions_keep_what_was_changed() -> None:
    with connection():
        first = save_settings({"brand_name": "Bee", "order_expires_hours": 5}, 0, ACTOR)
        assert save_settings({"brand_name": "Bee"}, first.version, ACTOR) == first, "nothing changed"
        second = save_settings({"brand_name": "Hive"}, first.version, ACTOR)
        with pytest.raises(SettingsChanged):
            save_settings({"brand_name": "Late"}, first.version, ACTOR)
        assert newest_settings().settings == {"brand_name": "Hive", "order_expires_hours": 5}
        assert [row.id for row in SettingsVersion.select().order_by(SettingsVersion.id)] == [
            first.version,
            second.version,
        ]
        event = EventLog.select().order_by(EventLog.id.desc()).first()
    assert (event.event, event.data) == ("settings_saved", {"brand_name": {"from": "Bee", "to": "Hive"}})


@pytest.mark.usefixtures("bound_database")
def test_one_of_two_admins_who_save_at_once_is_asked_to_load_again() -> None:
    def save(name: str) -> bool:
        with connection():
            try:
                save_settings({"brand_name": name}, 0, ACTOR)
            except SettingsChanged:
                return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(save, ("a", "b", "c", "d"))) == [False, False, False, True]


def test_follower_applies_each_version_once(bound_database: WorkerDatabase) -> None:
    applied: list[str] = []
    follower = SettingsFollower(environment(), lambda settings: applied.append(settings.brand_name))
    follower.read()
    assert applied == []
    with connection():
        saved = save_settings({"brand_name": "Bee"}, 0, ACTOR)
    follower.read()
    follower.read()
    follower.apply(saved.version, {"brand_name": "Again"})
    assert applied == ["Bee"]
    with connection():
        save_settings({"brand_name": "Hive"}, saved.version, ACTOR)
    follower.read()
    assert applied == ["Bee", "Hive"]
    close_database()
    bind_database("postgresql://nobody:x@127.0.0.1:1/none")
    follower.read()
    bound_database.rebind()
    assert applied == ["Bee", "Hive"], "settings stay in force while the database is away"

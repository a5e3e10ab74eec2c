"""Settings that production refuses to start with: the error names the setting."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from portal.dev.anvil import ADMIN_KEY, OPERATOR_KEY
from portal.settings import Settings, SettingsInvalid, load_settings
from portal.settings.types import SECRET_LENGTHS

PRODUCTION: dict[str, Any] = {
    "_env_file": None,
    "portal_env": "production",
    "app_url": "https://shop.example",
    "secret_key": "a secret key of thirty-two characters",
    "database_url": "postgresql://portal@db/portal",
    "cron_secret": "sixteen characters",
    "wayforpay_merchant_account": "shop_example",
    "wayforpay_secret_key": "the merchant's own secret",
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_complete_settings_are_accepted() -> None:
    assert load_settings(**PRODUCTION).is_production


def test_merchant_is_needed_for_card_payments_only() -> None:
    without = {name: value for name, value in PRODUCTION.items() if not name.startswith("wayforpay_")}
    assert load_settings(**without, card_payments=False).is_production
    with pytest.raises(SettingsInvalid, match="CARD_PAYMENTS=false"):
        load_settings(**without)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_url", "http://shop.example"),
        ("secret_key", "too short"),
        ("database_url", ""),
        ("cron_secret", "x"),
        ("wayforpay_merchant_account", "test_merch_n1"),
        ("wayforpay_secret_key", "flk3409refn54t54t*FNJRET"),
        ("wayforpay_pay_url", "http://secure.wayforpay.com/pay"),
        ("wayforpay_api_url", "http://api.wayforpay.com/api"),
        ("nbu_rate_url", "http://bank.gov.ua/rates"),
        ("polygon_rpc_url", "http://rpc.example/v1"),
        ("polygon_rpc_fallback_url", "http://8.8.8.8:8545"),
        ("chain_explorer_url", "http://explorer.example"),
        ("secret_key", "x" * 64),
        ("secret_key", "abcab" * 20),
        ("secret_key", " " * 40),
        ("cron_secret", "a" * 32),
        ("metrics_token", "x"),
        ("metrics_token", "1" * 40),
        ("wayforpay_secret_key", "elevenchars"),
        ("wayforpay_secret_key", "secretsecretsecret"),
        ("referral_minter_keystore_password", "1234567"),
        ("referral_minter_keystore_password", "aaaaaaaaaa"),
        ("referral_minter_private_key", "0x" + "0" * 63 + "1"),
        ("referral_minter_private_key", ADMIN_KEY),
        ("settlement_payout_private_key", OPERATOR_KEY),
        ("deployer_private_key", ADMIN_KEY.upper().replace("0X", "0x")),
        ("deployer_private_key", "no key"),
        ("redis_url", "redis://cache.example:6379/0"),
        ("redis_url", "redis://:secret@8.8.8.8:6379/0"),
        ("database_url", "postgresql://portal:x@db.example/portal"),
        ("database_url", "postgresql://portal:x@8.8.8.8/portal?sslmode=prefer"),
        ("database_url", "postgresql://portal:x@db.example/portal?sslmode=require&sslmode=disable"),
        ("brand_logo_url", "http://logos.example/mark.png"),
        ("brand_logo_url", "//logos.example/mark.png"),
        ("brand_logo_url", "javascript:alert(1)"),
    ],
)
def test_unsafe_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=name.upper()):
        load_settings(**{**PRODUCTION, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secret_key", "87d50e5345590363e9dcf9453a4b3ad5"),
        ("metrics_token", "6a058270545ddd34"),
        ("cron_secret", ""),
        ("redis_url", "redis://cache:6379/0"),
        ("redis_url", "redis://10.0.0.7:6379/0"),
        ("redis_url", "rediss://cache.example:6379/0"),
        ("database_url", "postgresql:///portal?host=/run/postgresql"),
        ("database_url", "postgresql://portal:x@10.0.0.7/portal"),
        ("database_url", "postgresql://portal:x@db.prod.svc.cluster.local/portal"),
        ("database_url", "postgresql://portal:x@db.example/portal?sslmode=verify-full"),
    ],
)
def test_safe_value_is_accepted(name: str, value: str) -> None:
    assert load_settings(**{**PRODUCTION, name: value})


def test_every_secret_has_a_shortest_length_or_is_a_key() -> None:
    fields = {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    keys = {name for name in fields if name.endswith("_private_key")}
    # The password of the mail server is the operator's provider's choice; it is never guessed online.
    assert fields - keys - {"smtp_url"} == set(SECRET_LENGTHS)


def test_every_url_must_be_encrypted_in_production() -> None:
    urls = {name for name in Settings.model_fields if name.endswith(("_url", "_api_url"))}
    for name in urls:
        scheme = "redis" if name == "redis_url" else "smtp+plain" if name == "smtp_url" else "http"
        with pytest.raises(SettingsInvalid, match=name.upper()):
            load_settings(**{**PRODUCTION, "mail_from": "a@shop.example", name: f"{scheme}://public.example"})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8545", "http://10.0.0.7:8545", "http://geth:8545", "http://[::1]:1"]
)
def test_own_node_may_be_unencrypted(url: str) -> None:
    assert load_settings(**{**PRODUCTION, "polygon_rpc_url": url}).polygon_rpc_url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/portal",
        "https://shop.example/uk",
        "https://shop.example//portal/",
        "https://shop.example/?a=1",
        "https://shop.example?a=1",
        "https://shop.example#top",
        "https://user:secret@shop.example",
        "https://shop.example:port",
        "https://shop.example:99999",
        "https://:8000",
        "https:shop.example",
        "shop.example",
        "ftp://shop.example",
        " https://shop.example/portal",
    ],
)
@pytest.mark.parametrize("env", ["production", "development"])
def test_address_with_more_than_a_host_is_refused(url: str, env: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"^Setting APP_URL: must be [^.]+\.$"):
        load_settings(**{**PRODUCTION, "portal_env": env, "app_url": url})


@pytest.mark.parametrize(
    "url", ["https://shop.example", "https://shop.example:8443", "https://[2001:db8::1]:8443"]
)
def test_address_of_a_host_is_kept_without_the_slash(url: str) -> None:
    assert load_settings(**{**PRODUCTION, "app_url": f"{url}/"}).app_url == url


@pytest.mark.parametrize("name", ["referral_uah_per_usd", "referral_token_usd_price"])
@pytest.mark.parametrize(
    "value",
    ["0", "-1", "1e5", "NaN", "Infinity", "٤٠", "1_000", "1,234", "9" * 40, f"0.{'0' * 18}1", "forty"],
)
def test_rates_are_plain_numbers_that_their_columns_hold(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=name.upper()):
        load_settings(**{**PRODUCTION, name: value})


def test_rates_are_read_as_people_type_them() -> None:
    settings = load_settings(
        **{**PRODUCTION, "referral_uah_per_usd": "41,25", "referral_token_usd_price": "0.000001"}
    )
    assert (settings.referral_uah_per_usd, settings.referral_token_usd_price) == (
        Decimal("41.25"),
        Decimal("0.000001"),
    )


@pytest.mark.parametrize("value", ["0.001", "-1", "1e3", "NaN", "1,000", "９", "ten"])
def test_second_approval_is_an_amount_in_dollars(value: str) -> None:
    with pytest.raises(SettingsInvalid, match="REFERRAL_SECOND_APPROVAL_USD"):
        load_settings(**{**PRODUCTION, "referral_second_approval_usd": value})
    assert load_settings(
        **{**PRODUCTION, "referral_second_approval_usd": "1 000,50"}
    ).referral_second_approval_usd == Decimal("1000.50")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("database_url", "mysql://portal@db/portal", "must be a URL such as postgresql://"),
        ("database_url", "host=db dbname=portal", "must be a URL such as postgresql://"),
        ("database_url", "postgresql://portal:50%@db/portal", "must be a URL such as postgresql://"),
        ("database_direct_url", "postgresql://portal@db:99999/portal", "must have a port from 1 to 65535"),
        ("database_replica_url", "db", "must be a URL such as postgresql://"),
        ("redis_url", "redis", "must be a URL such as redis://host:6379/0"),
        ("redis_url", "redis://host:port", "must be a URL such as redis://host:6379/0"),
    ],
)
def test_malformed_address_of_a_neighbour_is_one_sentence(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"^Setting {name.upper()}: {sentence}"):
        load_settings(_env_file=None, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgresql://portal@one:5432,two:5433/portal?target_session_attrs=read-write"),
        ("database_url", "postgres:///portal?host=/run/postgresql"),
        ("redis_url", "rediss://user:password@host:6379/0?ssl_ca_certs=/ca.pem"),
        ("redis_url", "redis+sentinel://one:26379,two:26379/portal"),
    ],
)
def test_every_form_of_an_address_is_accepted(name: str, value: str) -> None:
    assert getattr(load_settings(_env_file=None, **{name: value}), name) == value


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://Tea.Example", "https://tea.example"),
        ("https://tea.example:443", "https://tea.example"),
        ("HTTPS://tea.example:8443/", "https://tea.example:8443"),
        ("https://чай.укр", "https://xn--80as4b.xn--j1amh"),
        ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
    ],
)
def test_address_is_kept_as_browsers_send_it(typed: str, origin: str) -> None:
    assert load_settings(**{**PRODUCTION, "app_url": typed}).app_url == origin


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_url", "https://tea shop.example"),
        ("app_url", "https://tea.example\\admin"),
        ("app_url", "https://*.example"),
        ("app_url", "https://tea..example"),
        ("app_url", "https://[::1"),
        ("business_timezone", "Europe"),
        ("business_timezone", "America/Argentina"),
        ("business_timezone", "Z" * 300),
        ("session_idle_hours", "99999999999999"),
        ("session_total_hours", "1000000"),
        ("step_up_minutes", "99999999999999"),
        ("sign_in_failures_per_account", "10000000000"),
        ("referral_chain_id", "9223372036854775808"),
        ("referral_price_heartbeat_seconds", "99999999999999"),
        ("referral_price_grace_seconds", "99999999999999"),
        ("referral_max_fee_gwei", "99999999999999999999"),
        ("referral_tip_gwei", "99999999999999999999"),
        ("referral_bump_after_seconds", "99999999999999"),
        ("referral_max_gas_per_reward", "99999999999999"),
        ("rate_limit_orders", "0 per minute"),
        ("rate_limit_orders", "7 per minute; 2 per second"),
        ("rate_limit_orders", "7 per 500 year"),
        ("rate_limit_orders", "99999999999999999999 per hour"),
        ("referral_minter_private_key", "f" * 32 + "0123456789abcdef" * 2),
        ("settlement_payout_private_key", "0x" + "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141"),
        ("smtp_url", "smtps://mail.example:port"),
        ("smtp_url", "smtps://mail.example:70000"),
        ("redis_url", "rediss://cache.example:70000"),
        ("wayforpay_pay_url", "https://pay.example:70000/"),
        ("polygon_rpc_url", "https://rpc example/v1"),
        ("brand_logo_url", "https://logos.example,evil.example/mark.png"),
        ("brand_name", "\u200b "),
        ("brand_name", "Tea" * 30),
        ("brand_color", "red"),
        ("brand_accent_color", "blue"),
        ("brand_token_symbol", "TEA & MILK"),
        ("mail_from", "Tea <tea@shop.example>"),
    ],
)  # fmt: skip
def test_impossible_value_is_refused_with_a_sentence(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=rf"^Setting {name.upper()}:? \w[^\n]+\.$") as refused:
        load_settings(**{**PRODUCTION, "mail_from": "a@shop.example", name: value})
    assert "pattern" not in str(refused.value)


def test_merchant_domain_is_the_portals_own_unless_it_is_set() -> None:
    assert load_settings(**PRODUCTION).wayforpay_merchant_domain == "shop.example"
    own = load_settings(**{**PRODUCTION, "wayforpay_domain": "tea.example"})
    assert own.wayforpay_merchant_domain == "tea.example"
    assert load_settings(_env_file=None).wayforpay_merchant_domain == "localhost"

"""Settings that production refuses to start with: the error names the setting."""

from __future__ import annotations

from typing import Any

import pytest

from portal.settings import Settings, SettingsInvalid, load_settings

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
        ("brand_logo_url", "http://logos.example/mark.png"),
        ("brand_logo_url", "//logos.example/mark.png"),
        ("brand_logo_url", "javascript:alert(1)"),
    ],
)
def test_unsafe_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=name.upper()):
        load_settings(**{**PRODUCTION, name: value})


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

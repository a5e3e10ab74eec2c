"""A fresh production installation, from nothing to a paid, minted, settled, refunded, exported and erased case.

By pages and commands alone: the test reads the database, and writes nothing into it.
"""

from __future__ import annotations

import io
import re
import secrets
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from models import ReferralReward, Settlement, User
from portal.app import create_app
from portal.db import connection
from portal.db.checks import run_checks
from portal.payments.providers.wayforpay.purchase import verify_purchase
from portal.settings import Settings
from tests.cli.conftest import invoke
from tests.support.fresh_installation import (
    CHAIN_ID,
    address_of,
    deploy_contract,
    deploy_token,
    empty_database,
    mined_chain,
    new_key,
    provider_callback,
    run,
)
from tests.support.production import MERCHANT_ACCOUNT, MERCHANT_SECRET
from tests.support.wallets import TestWallet
from tests.web.pages import filled_form, text_of

URL, PASSWORD = "https://localhost", "a long test password"
APPLICATIONS, TERMS = "/admin/programme/applications", "/admin/programme/terms"


@pytest.fixture
def database() -> Iterator[str]:
    with empty_database() as url:
        yield url


@pytest.fixture
def node(tmp_path: Path) -> Iterator[str]:
    with mined_chain(tmp_path / "chain") as url:
        yield url


class Person:
    """A browser over HTTPS that submits the forms which it is shown."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()
        self._client.environ_base.update({"wsgi.url_scheme": "https"})

    def get(self, path: str) -> TestResponse:
        answer = self._client.get(path, base_url=URL)
        assert answer.status_code == 200, (path, answer.status_code, answer.location)
        return answer

    def submit(self, page: str, action: str, expected: int = 303, **values: str) -> TestResponse:
        """Fill in and send the form of a page that posts to `action`."""
        shown = filled_form(self.get(page), action)
        return self._post(page, action, expected, data={**shown, **values})

    def send(self, page: str, path: str, body: object) -> Any:
        """Send JSON as the script of a page does."""
        token = re.findall(r'name="csrf-token" content="([^"]+)"', self.get(page).text)[0]
        answer = self._client.post(
            path, json=body, base_url=URL, headers={"X-CSRFToken": token, "Referer": f"{URL}{page}"}
        )
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    def register(self, name: str) -> Person:
        self.submit("/register", "/register", name=name, email=email_of(name), password=PASSWORD)
        return self

    def sign_in(self, email: str, password: str = PASSWORD) -> Person:
        self.submit("/login", "/login", email=email, password=password)
        return self

    def _post(self, page: str, action: str, expected: int, **body: Any) -> TestResponse:
        headers = {"Referer": f"{URL}{page}"}
        answer = self._client.post(action, base_url=URL, headers=headers, **body)
        assert answer.status_code == expected, (action, answer.status_code, text_of(answer))
        return answer


def email_of(name: str) -> str:
    return f"{name.lower()}@shop.example"


def settings_of(database: str, **values: Any) -> Settings:
    return Settings(
        _env_file=None,
        **{
            "portal_env": "production",
            "app_url": URL,
            "secret_key": secrets.token_hex(32),
            "database_url": database,
            "cron_secret": secrets.token_hex(32),
            "wayforpay_merchant_account": MERCHANT_ACCOUNT,
            "wayforpay_secret_key": MERCHANT_SECRET,
            "wayforpay_domain": "localhost",
            "referral_token_usd_price": "0.1",
            "referral_chain_id": CHAIN_ID,
            "referral_tip_gwei": 1,
            "scheduler_enabled": False,
            **values,
        },
    )


def deploy(app: Flask, node: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Deploy by the command, for a token that exists, and return the settings of contract and minting key."""
    deployer, minter = new_key(node), new_key(node)
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", deployer)
    token = deploy_token(node, deployer)
    proxy = deploy_contract(app, tmp_path, "--token", token, "--operator", address_of(minter))
    return {"referral_rewards_address": proxy, "referral_minter_private_key": minter}


def report(app: Flask, fields: dict[str, str], status: str) -> None:
    """Send what the provider sends of a payment."""
    body = provider_callback(fields, status)
    answer = app.test_client().post("/api/payments/wayforpay/webhook", data=body, base_url=URL)
    assert (answer.status_code, answer.get_json()["status"]) == (200, "accept")


class Case:
    """The portal of the case and the people in it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.admin, self.seller, self.referrer, self.buyer, self.regretful = (Person(app) for _ in range(5))
        self.product_id = 0

    def enter_as_admin(self) -> None:
        """Sign in, turn the second factor on, and find the checklist."""
        self.admin.sign_in(email_of("Ada"))
        factor = "/account/security/second-factor"
        self.admin.submit(factor, f"{factor}/start")
        secret = re.findall(r'id="secret"[^>]* value="([A-Z2-7]+)"', self.admin.get(factor).text)[0]
        code = pyotp.TOTP(secret).generate_otp(int(time.time()) // 30)
        codes = self.admin.submit(factor, factor, expected=200, code=code)
        assert 'href="/admin">I have saved them' in codes.text
        assert "Create a vendor" in text_of(self.admin.get("/admin"))
        self.admin.submit("/admin/settings", "/admin/settings", brand_name="Tea House")
        self.admin.submit(TERMS, TERMS, text_en="Share honestly.")

    def open_shop(self) -> None:
        """Create a vendor, who is paid at once, and the vendor's product."""
        self.seller.register("Vira")
        made = self.admin.submit(
            "/admin/vendors", "/admin/vendors", name="Tea House", owner=email_of("Vira"), tier="starter"
        )
        vendor_id = made.location.rsplit("/", 1)[1]
        terms = f"/admin/store/commissions/vendors/{vendor_id}"
        self.admin.submit(terms, terms, hold_days="0", payout_frequency="INSTANT")
        # The role ended the vendor's session.
        self.seller.sign_in(email_of("Vira"))
        new = "/vendor/products/new"
        product = {"name": "Kettle", "price": "499.00", "currency": "UAH", "stock": "5", "slug": "kettle"}
        made = self.seller.submit(new, new, vendor=vendor_id, **product)
        self.product_id = int(made.location.rsplit("/", 1)[1])

    def join(self) -> str:
        """Accept the terms, link a wallet, apply and be approved; return the share code."""
        wallet, wallets = TestWallet(), "/api/account/wallets"
        self.referrer.register("Rita")
        self.referrer.submit("/terms", "/terms", accepted="1")
        proof = {"address": wallet.address}
        message = self.referrer.send("/account/wallets", f"{wallets}/challenge", proof)["message"]
        linked = self.referrer.send("/account/wallets", wallets, {**proof, "signature": wallet.sign(message)})
        assert "code" not in linked
        self.referrer.submit("/refcodes", "/refcodes/programme/join", note="I write about tea.")
        action = re.findall(r'action="([^"]+/approve)"', self.admin.get(APPLICATIONS).text)[0]
        self.admin.submit(APPLICATIONS, action)
        return str(re.findall(r'id="link-(\w{8})"', self.referrer.get("/refcodes").text)[0])

    def buy(self, person: Person, name: str, code: str) -> dict[str, str]:
        """Arrive by a share link, register, order and pay by card; return what went to the provider."""
        person.get(f"/?ref={code}")
        person.register(name)
        person.submit("/products/kettle", "/cart", productId=str(self.product_id), quantity="1")
        leaving = person.submit("/checkout", "/checkout", expected=200, method="wayforpay")
        fields = filled_form(leaving, "https://secure.wayforpay.com/pay")
        verify_purchase(MERCHANT_SECRET, fields)
        sent = {name: values[0] for name, values in fields.items()}
        report(self.app, sent, "Approved")
        assert "Paid. Thank you!" in text_of(person.get(f"/checkout/processing/{sent['orderReference']}"))
        return sent

    def pay_out(self, reward_id: int) -> None:
        """Approve and mint a reward, and pay the due settlements."""
        self.admin.submit("/admin/refcodes", f"/admin/refcodes/{reward_id}/approve")
        run(self.app, "mint")
        payouts = "/admin/store/commissions/payouts"
        self.admin.submit(payouts, payouts)
        run(self.app, "payouts", "run")

    def leave(self, person: Person, name: str) -> None:
        """Download a person's data, then erase it."""
        copy = person.submit("/account/data", "/account/data/export", expected=200)
        with zipfile.ZipFile(io.BytesIO(copy.data)) as files:
            (account,) = [each for each in files.namelist() if each.endswith("users.json")]
            assert email_of(name) in files.read(account).decode()
        person.submit("/account/data", "/account/data/erasure")
        with connection():
            number = User.get(User.email == email_of(name)).id
        place = f"/admin/people/{number}"
        self.admin.submit(place, f"{place}/erasure/confirm", confirmed="1")
        with connection():
            erased = User.get_by_id(number)
        assert (erased.email, erased.name) == (None, f"erased-{number}")

    def audit(self, reference: str) -> None:
        page = text_of(self.admin.get(f"/admin/audit?orderReference={reference}"))
        assert "No differences found." in page


@pytest.mark.slow
def test_whole_case(database: str, node: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare = create_app(settings_of(database, polygon_rpc_url=node))
    assert invoke(bare, "doctor").exit_code == 1
    run(bare, "db", "migrate")
    contract = deploy(bare, node, monkeypatch, tmp_path)
    app = create_app(settings_of(database, polygon_rpc_url=node, referral_joining_approval=True, **contract))
    run(app, "chain", "grant-minter")
    run(app, "user", "create", email_of("Ada"), "--admin", "--password-stdin", typed=f"{PASSWORD}\n")
    case = Case(app)
    case.enter_as_admin()
    case.open_shop()
    code = case.join()
    paid = case.buy(case.buyer, "Bohdan", code)["orderReference"]
    refunded = case.buy(case.regretful, "Roman", code)
    report(app, refunded, "Refunded")
    with connection():
        rewards = {row.order_reference: row for row in ReferralReward.select()}
    assert rewards[refunded["orderReference"]].status == "rejected"
    case.pay_out(rewards[paid].id)
    with connection():
        reward = ReferralReward.get(ReferralReward.order_reference == paid)
        settlements = {row.order_reference: row.status for row in Settlement.select()}
    assert (reward.status, bool(reward.tx_hash)) == ("minted", True)
    assert settlements == {paid: "completed", refunded["orderReference"]: "cancelled"}
    case.audit(paid)
    assert "Create a vendor" not in text_of(case.admin.get("/admin"))
    case.leave(case.buyer, "Bohdan")
    case.leave(case.referrer, "Rita")
    run(app, "user", "export", email_of("Roman"), str(tmp_path / "roman.zip"))
    run(app, "user", "erase", email_of("Roman"), "--yes")
    case.audit(paid)
    run(app, "audit")
    with connection():
        assert run_checks() == {}

"""Paid events of every kind, drawn from a seed, and what they leave in the tables of a database."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from models import (
    MerchantConfig,
    Order,
    Product,
    ProgrammeCampaign,
    ProgrammeVersion,
    Refcode,
    ReferrerBonus,
    Store,
    StoreCoupon,
    StoreRate,
    StoreVendor,
    User,
)
from portal.catalogue import StockShort
from portal.chain import open_chain
from portal.codes import fold_code_results
from portal.commissions import fold_settlement_totals
from portal.db import query
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.checkout.receive_callback import CallbackRefused, receive_callback
from portal.flows.checkout.settle_inbox import settle_inbox
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.flows.stores.receive_snapshot import receive_snapshot
from portal.journal import fold_journal_balances
from portal.orders import fold_code_orders
from portal.payments import Callback, RawCallback, accept_callback, get_provider
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.rewards import fold_budgets, fold_reward_totals
from portal.stores.snapshots import OrderSnapshot
from tests.factories import (
    give_credit,
    make_code,
    make_order,
    make_payment,
    make_product,
    make_store,
    make_user,
    make_vendor,
    make_wallet,
)
from tests.flows.conftest import settings_with

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+(?:\+00:00)?")
# What differs between two runs of the same events, or is of no interest.
_RANDOM = {
    "users": ("password_hash",),
    "stores": ("public_id", "signing_secret"),
    "event_log": ("id", "actor", "actor_user_id"),
    "journal_transfers": ("id",),
    "payment_transactions": ("checked_at",),
    # Signed over references that contain the time.
    "payment_events": ("payload", "fingerprint"),
}
_IDS = {
    "order_items": ("id",),
    "payment_transactions": ("id",),
    "settlements": ("id",),
    "referral_rewards": ("id",),
    "erp_sales_assists": ("id",),
    "journal_transfers": ("source_id",),
    "event_log": ("entity_id",),
    "notifications": ("id", "dedupe_key"),
}
_LEFT_OUT = {"rail_failures", "failing_items", "applied_functions", "counted_days", "daily_figures"}


class PaidEvents:
    """People, products, vendors and stores of every kind, and the events of a seed that pay for them.

    With `in_groups` callbacks wait until something else than a callback happens, and are then applied in groups.
    """

    def __init__(self, seed: int, *, in_groups: bool = False) -> None:
        self.random = random.Random(seed)
        self.in_groups = in_groups
        self.settings = settings_with(referral_unattended_approval_usd=Decimal(40))
        self.chain = open_chain(self.settings)
        self.number = 0
        self.names: dict[str, str] = {}
        self.referrers = [self._user("referrer") for _ in range(4)]
        self.codes = [self._code(each) for each in self.referrers]
        self.codes.append(self._code(self.referrers[0], active=False))
        self.codes.append(self._code(self._user("gone", disabled_at=datetime.now(UTC))))
        vendors = [self._vendor(index) for index in range(4)]
        self.products = [self._product(vendor, index) for vendor in vendors for index in range(3)]
        self.buyers = [self._user("buyer") for _ in range(12)] + self.referrers
        self._north = vendors[3]
        self.stores = [self._store(vendors[0], wait) for wait in ("approval", "statement")]
        self.paid: list[Order] = []

    def play(self, count: int, after_each: Callable[[], None] = lambda: None) -> None:
        """Let that many events happen, the programme changing between them."""
        kinds = (self.card, self.card, self.card, self.credit, self.report, self.membership, self.refund)
        for turn in range(count):
            if turn == count // 3:
                self._change_programme(bonus=False)
            if turn == 2 * count // 3:
                self._change_programme(bonus=True)
            self.random.choice(kinds)()
            after_each()
        self.settle_waiting()

    def climb(self) -> None:
        """Let new buyers pay, so that a new referrer reaches every level."""
        code = self._code(self._user("climber"))
        for _ in range(6):
            order = self._order(self._user("fresh"), code)
            make_payment(order)
            self._callback(order.order_reference, order.total_minor)
        self.settle_waiting()

    def settle_waiting(self) -> None:
        """Apply the callbacks that wait."""
        settle_inbox(self.chain, self.settings)

    def card(self) -> None:
        order = self._order()
        make_payment(order)
        self._callback(order.order_reference, order.total_minor)
        self.paid.append(order)
        if self.random.random() < 0.1:
            self._callback(order.order_reference, order.total_minor)

    def credit(self) -> None:
        order = self._order()
        if not order.total_minor:
            return
        self.settle_waiting()
        give_credit(order.buyer, order.total_minor)
        with suppress(StockShort):
            pay_with_credit(order.id, order.buyer, self.chain, self.settings)

    def report(self) -> None:
        """Let a connected store report an order, paid or not, of one line or more, as stores do."""
        self.settle_waiting()
        store, body = self.random.choice(self.stores), self._reported_body(f"e{self._next()}")
        self._report(store, body)
        if body["status"] == "open" or self.random.random() < 0.2:
            self._report(store, {**body, "version": 2, "status": "paid", "paidAmount": self._sum_of(body)})

    def _report(self, store: Store, body: dict[str, Any]) -> None:
        applied = receive_snapshot(
            store,
            OrderSnapshot.model_validate_json(json.dumps(body)),
            kind="api.order",
            chain=self.chain,
            settings=self.settings,
            live=self.random.random() < 0.95,
        )
        assert applied.order_id is not None
        assert applied.order_reference is not None
        name = f"{body['externalId']}-{len(self.names)}"
        self.names |= {applied.order_reference: f"ref-{name}", applied.order_id: f"id-{name}"}

    def _reported_body(self, external_id: str) -> dict[str, Any]:
        draw = self.random
        body: dict[str, Any] = {
            "externalId": external_id,
            "version": 1,
            "currency": "UAH",
            "status": draw.choice(("paid", "paid", "paid", "open", "cancelled")),
            "referralCode": draw.choice([*(each.code for each in self.codes), "Unknown1", None]),
            "couponCodes": draw.choice(([], ["spring"])),
            "linkLabel": draw.choice((None, None, "blog")),
            "paidAt": draw.choice((None, *(f"2026-03-0{day}T10:00:00Z" for day in (1, 2, 3)))),
            "customer": {**self._reported_buyer(), "earlierPaidOrders": int(draw.random() < 0.1)},
            "lines": [self._reported_line(number) for number in range(draw.randint(1, 3))],
        }
        paid = "0.00" if body["status"] == "open" else self._sum_of(body)
        refund = {"id": "r1", "amount": "50.00", "lines": [{"externalId": "0", "amount": "40.00"}]}
        return {**body, "paidAmount": paid, "refunds": [refund] if draw.random() < 0.15 else []}

    def _reported_buyer(self) -> dict[str, Any]:
        number = self.random.randrange(300)
        email, referrer = f"b{number}@example.test", self.random.choice(self.referrers)
        return self.random.choice(
            (
                {"email": email},
                {"email": email},
                {"externalId": str(number)},
                {"email": email, "externalId": str(number)},
                {},
                {"email": referrer.email},
                {"email": email, "walletAddress": self.random.choice(self.codes).wallet_address},
            )
        )

    def _reported_line(self, number: int) -> dict[str, Any]:
        amount = self.random.choice(("100.00", "0.00", "1234.50"))
        return {
            "externalId": str(number),
            "sku": f"SKU-{self.random.randrange(3)}",
            "name": "Mug",
            "vendor": self.random.choice((None, None, "north", "south")),
            "quantity": self.random.randint(1, 3),
            "amount": amount,
            "tax": "20.00",
        }

    @staticmethod
    def _sum_of(body: dict[str, Any]) -> str:
        return str(sum(Decimal(line[part]) for line in body["lines"] for part in ("amount", "tax")))

    def membership(self) -> None:
        code = self.random.choice(self.codes)
        referred: dict[str, Any] = {
            "referred_by_code": code.code,
            "referred_by_user_id": code.owner_user_id,
            "referred_by_wallet": code.wallet_address,
        }
        self.settle_waiting()
        member = self._user("member", **(referred if self.random.random() < 0.8 else {}))
        form = begin_membership_payment("MEMBER", member, "en", self.settings)
        self.names[form.order_reference] = f"membership-{member.id}"
        self._callback(form.order_reference, 29_900)

    def refund(self) -> None:
        if not self.paid:
            return
        order = self.random.choice(self.paid)
        part = order.total_minor if self.random.random() < 0.5 else order.total_minor // 3
        if part:
            self._callback(order.order_reference, part, "Refunded")

    def contents(self, *, with_ids: bool = True) -> dict[str, list[str]]:
        """Return the rows of every table as texts, without times and what is drawn at random.

        `with_ids` is whether the ids of the ledgers' rows are compared, which failed attempts use up.
        """
        for fold in (
            fold_settlement_totals,
            fold_journal_balances,
            fold_code_orders,
            fold_code_results,
            fold_reward_totals,
            fold_budgets,
        ):
            fold()
        names = query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ 'yoyo'")
        return {name: self._rows(name, with_ids) for (name,) in names if name not in _LEFT_OUT}

    def _rows(self, table: str, with_ids: bool) -> list[str]:
        left_out = [*_RANDOM.get(table, ()), *(() if with_ids else _IDS.get(table, ()))]
        rows = query(f"SELECT to_jsonb(t) - %s::text[] FROM {table} t", [left_out])
        texts = (_TIME.sub("T", json.dumps(row, sort_keys=True)) for (row,) in rows)
        return sorted(self._renamed(text) for text in texts)

    def _renamed(self, text: str) -> str:
        for name, stable in self.names.items():
            text = text.replace(name, stable)
        return text

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _user(self, kind: str, **values: Any) -> User:
        number = self._next()
        user = make_user(
            f"{kind} {number}",
            email=f"{kind}{number}@paid.example.com",
            **{"email_confirmed_at": datetime.now(UTC), **values},
        )
        make_wallet(user, f"0x9a1d{number:036x}")
        return user

    def _code(self, owner: User, **values: Any) -> Refcode:
        number = self._next()
        code = "".join("23456789ABCDEFGH"[number >> shift & 15] for shift in range(0, 32, 4))
        return make_code(owner, f"0x{owner.id:020x}{number:020x}", code=code, **values)

    def _vendor(self, index: int) -> Any:
        terms: dict[str, Any] = {
            "config_hold_days": index,
            "config_payout_frequency": ("WEEKLY", "DAILY", "INSTANT", "MONTHLY")[index],
            "config_referral_percent": (None, Decimal(7), Decimal(0), None)[index],
        }
        if index == 3:
            split = {"recipientId": "p", "percent": "8.5", "description": "Partner"}
            terms |= {"config_platform_percent": Decimal(90), "config_custom_splits": [split]}
        vendor = make_vendor(name=f"Vendor {index}", store_tier=("starter", "growth")[index % 2], **terms)
        if index == 0:
            MerchantConfig.delete().where(MerchantConfig.vendor == vendor.id).execute()
        return vendor

    def _product(self, vendor: Any, index: int) -> Product:
        number = self._next()
        return make_product(
            vendor,
            slug=f"paid-product-{number}",
            name=f"Product {number}",
            price_minor=(99_99, 0, 1_234_567)[index],
            stock=(5, 1_000, 1_000)[index],
            referral_percent=self.random.choice((None, Decimal("12.5"), Decimal(0))),
        )

    def _store(self, vendor: Any, wait: str) -> Store:
        store = make_store(vendor, name=f"Store {wait}")
        Store.update(reward_waits_for=wait).where(Store.id == store.id).execute()
        StoreRate.insert(store=store.id, sku="SKU-1", referral_percent=Decimal(9)).execute()
        StoreCoupon.insert(store=store.id, coupon="spring", code=self.codes[1].code).execute()
        StoreVendor.insert(store=store.id, external_id="north", vendor=self._north.id).execute()
        return Store.get_by_id(store.id)

    def _order(self, buyer: User | None = None, code: Refcode | None = None) -> Order:
        number = self._next()
        lines = [(product, self.random.randint(1, 3)) for product in self.random.sample(self.products, 2)]
        code = code or self.random.choice([*self.codes, None])
        return make_order(
            buyer or self.random.choice(self.buyers),
            lines[: self.random.randint(1, 2)],
            code=code,
            id=f"paidorder{number}",
            order_reference=f"store_paidorder{number}_{1_700_000_000_000 + number}",
        )

    def _callback(self, reference: str, amount_minor: int, status: str = "Approved") -> None:
        fields = {
            "merchantAccount": self.settings.wayforpay_merchant_account,
            "orderReference": reference,
            "amount": f"{amount_minor // 100}.{amount_minor % 100:02d}",
            "currency": "UAH",
            "authCode": "541963",
            "cardPan": "41****8217",
            "transactionStatus": status,
            "reasonCode": "1100",
        }
        secret = self.settings.wayforpay_secret_key.get_secret_value()
        raw = RawCallback("wayforpay", json.dumps(sign_callback(secret, fields)).encode())
        if self.in_groups:
            callback = get_provider("wayforpay", self.settings).read_callback(raw)
            assert isinstance(callback, Callback)
            accept_callback("wayforpay", callback)
            return
        try:
            receive_callback(raw, self.chain, self.settings)
        except CallbackRefused:
            assert status == "Refunded" or amount_minor == 0

    def _change_programme(self, *, bonus: bool) -> None:
        self.settle_waiting()
        now = datetime.now(UTC)
        rules: dict[str, Any] = {
            "holdDays": 2,
            "approval": {"fiat": "automatic", "crypto": "automatic"},
            "bonus": "none",
            "budgetUsd": "60.00",
        }
        if bonus:
            levels = [{"referrals": count, "percent": f"{count / 4}"} for count in range(2, 7)]
            rules |= {"bonus": {"combine": "sum", "levels": levels}, "budgetUsd": "5000.00"}
            until = now + timedelta(days=9)
            ProgrammeCampaign.insert(
                name="Spring", percent=Decimal(2), starts_at=now, ends_at=until, codes=[self.codes[0].code],
                store_ids=[], budget_usd=Decimal(1000),
            ).execute()  # fmt: skip
            ReferrerBonus.insert(
                referrer_user_id=self.referrers[1].id, percent=Decimal("0.5"), starts_at=now
            ).execute()
        ProgrammeVersion.update(ends_at=now).where(ProgrammeVersion.ends_at.is_null()).execute()
        ProgrammeVersion.insert(starts_at=now, rules=rules).execute()

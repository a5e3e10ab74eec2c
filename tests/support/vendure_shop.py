"""A Vendure that runs in a process of its own, with the plugin of docs/stores/vendure."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from portal.dev.processes import pick_port

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "tests/stores/vendure"
PACKAGES = FOLDER / "node_modules"  # made by `make test-stores`
NODE = PROJECT / ".venv/node/node"
VARIANTS = {"MUG-1": "1", "POSTER-2": "2"}
_SERVER = "tests/stores/vendure/server.js"
_ADMIN = {"name": "admin", "password": "password of the tests"}
_ADDRESS = {"fullName": "Olena Test", "streetLine1": "Main 1", "city": "Kyiv", "countryCode": "UA"}
_ORDER = """{ id code state subTotal totalWithTax
  payments { id state amount refunds { id state total } } }"""
_FAILED = "... on ErrorResult { errorCode message }"


@dataclass
class Api:
    """One of the GraphQL APIs, as one visitor or administrator."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        # The server closes idle connections after five seconds, perhaps while the next request is on its way.
        self.session.headers["Connection"] = "close"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data of an answer; fail on every error."""
        answer = self.session.post(self.url, json={"query": query, "variables": variables}, timeout=30)
        content = answer.json()
        assert "errors" not in content, content
        token = answer.headers.get("vendure-auth-token")
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"
        return dict(content["data"])

    def change(self, call: str, form: str, **variables: tuple[str, Any]) -> dict[str, Any]:
        """Run one mutation, whose variables come with their types, and return its object; fail on an ErrorResult."""
        types = ", ".join(f"${name}: {kind}" for name, (kind, _) in variables.items())
        query = f"mutation Change({types}) {{ done: {call} {{ ... on {form} {_FAILED} }} }}"
        done = self.ask(query, **{name: value for name, (_, value) in variables.items()})["done"]
        assert "errorCode" not in done, done
        return dict(done)


@dataclass(frozen=True)
class VendureShop:
    """A running shop and the API of its administrator."""

    url: str
    admin: Api

    def buy(
        self, goods: dict[str, int], email: str, *, code: str = "", coupon: str = "", method: str = "card"
    ) -> str:
        """Place an order as a guest by the shop's API, and return its code when it was reported."""
        with self.reported("PaymentStateTransitionEvent"):
            return self.place(goods, email, code=code, coupon=coupon, method=method)

    def place(
        self, goods: dict[str, int], email: str, *, code: str = "", coupon: str = "", method: str = "card"
    ) -> str:
        """Place an order as `buy` does, and return at once."""
        return _place(Api(self.url + "/shop-api"), goods, email, code=code, coupon=coupon, method=method)

    def wait_for_retry(self) -> None:
        """Wait until a delivery was not accepted and has gone back into the job queue."""
        _wait_until(lambda: any(job["state"] == "RETRYING" for job in self._jobs()))

    def order(self, code: str) -> dict[str, Any]:
        """Return the shop's own figures of an order, in minor units."""
        query = (
            f"query Orders($options: OrderListOptions) {{ orders(options: $options) {{ items {_ORDER} }} }}"
        )
        [order] = self.admin.ask(query, options={"filter": {"code": {"eq": code}}})["orders"]["items"]
        return dict(order)

    def capture(self, code: str) -> None:
        """Settle the payment of an order."""
        [payment] = self.order(code)["payments"]
        with self.reported("PaymentStateTransitionEvent"):
            self.admin.change("settlePayment(id: $id)", "Payment { state }", id=("ID!", payment["id"]))

    def refund(self, code: str, amount: int) -> str:
        """Begin a refund and return its id; it is pending."""
        [payment] = self.order(code)["payments"]
        # Only the amount counts, but the shop's tables require the other two.
        parts = {"amount": amount, "shipping": 0, "adjustment": 0}
        wanted = {"paymentId": payment["id"], "reason": "broken", **parts}
        with self.reported("RefundEvent"):
            refund = self.admin.change(
                "refundOrder(input: $input)", "Refund { id state }", input=("RefundOrderInput!", wanted)
            )
        assert refund["state"] == "Pending"
        return str(refund["id"])

    def settle_refund(self, refund_id: str) -> None:
        """Settle a refund that is pending."""
        settled = {"id": refund_id, "transactionId": f"refund-{refund_id}"}
        with self.reported("RefundStateTransitionEvent"):
            self.admin.change(
                "settleRefund(input: $input)", "Refund { state }", input=("SettleRefundInput!", settled)
            )

    def cancel(self, code: str) -> None:
        """Cancel an order without refunding it."""
        wanted = {"orderId": self.order(code)["id"], "cancelShipping": True}
        with self.reported("OrderStateTransitionEvent"):
            self.admin.change(
                "cancelOrder(input: $input)", "Order { state }", input=("CancelOrderInput!", wanted)
            )

    def create_api_key(self) -> str:
        """Return a key for the administrator's API."""
        [role] = self.admin.ask("query { activeAdministrator { user { roles { id } } } }")[
            "activeAdministrator"
        ]["user"]["roles"]
        wanted = {"roleIds": [role["id"]], "translations": [{"languageCode": "en", "name": "Portal"}]}
        query = "mutation Key($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey } }"
        return str(self.admin.ask(query, input=wanted)["createApiKey"]["apiKey"])

    @contextmanager
    def reported(self, kind: str) -> Iterator[None]:
        """Wait until the plugin has delivered an event of this kind, and all others, that the block caused."""
        before = {job["id"] for job in self._jobs()}
        yield

        def is_delivered() -> bool:
            jobs = [job for job in self._jobs() if job["id"] not in before]
            assert all(job["state"] != "FAILED" for job in jobs), jobs
            return any(job["data"]["type"] == kind for job in jobs) and all(job["isSettled"] for job in jobs)

        _wait_until(is_delivered)

    def _jobs(self) -> list[dict[str, Any]]:
        query = """query Jobs($options: JobListOptions) {
          jobs(options: $options) { items { id state isSettled data error } } }"""
        options = {"filter": {"queueName": {"eq": "ring-referrals"}}, "take": 100}
        return list(self.admin.ask(query, options=options)["jobs"]["items"])


def is_vendure_installed() -> bool:
    return (PACKAGES / ".installed").exists()


@contextmanager
def open_vendure_shop(folder: Path, hook_url: str, hook_secret: str) -> Iterator[VendureShop]:
    """Compile the shop with the plugin, and serve it on loopback until the block ends."""
    _compile(folder)
    port = pick_port()
    environment = {
        "PATH": os.environ["PATH"],
        "NODE_PATH": str(PACKAGES),
        "VENDURE_DISABLE_TELEMETRY": "true",
        "SHOP_PORT": str(port),
        "SHOP_GOODS": str(FOLDER / "products.csv"),
        "RING_HOOK_URL": hook_url,
        "RING_HOOK_SECRET": hook_secret,
    }
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [NODE, folder / _SERVER], env=environment, cwd=folder, stdout=output, stderr=output
        )
    try:
        _wait_until_ready(server, log)
        url = f"http://127.0.0.1:{port}"
        admin = Api(url + "/admin-api")
        login = "login(username: $name, password: $password)"
        admin.change(
            login, "CurrentUser { id }", **{name: ("String!", value) for name, value in _ADMIN.items()}
        )
        yield VendureShop(url, admin)
    finally:
        server.terminate()
        server.wait(20)


def _compile(folder: Path) -> None:
    compiler = PACKAGES / "typescript/bin/tsc"
    done = subprocess.run(
        [NODE, compiler, "-p", FOLDER, "--outDir", folder], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline, "The shop has not come so far."
        time.sleep(0.05)


def _wait_until_ready(server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while "ready" not in log.read_text().splitlines():
        is_starting = server.poll() is None and time.monotonic() < deadline
        assert is_starting, log.read_text()
        time.sleep(0.1)


def _place(visitor: Api, goods: dict[str, int], email: str, *, code: str, coupon: str, method: str) -> str:
    for sku, quantity in goods.items():
        visitor.change(
            "addItemToOrder(productVariantId: $id, quantity: $quantity)",
            "Order { code }",
            id=("ID!", VARIANTS[sku]),
            quantity=("Int!", quantity),
        )
    if code:
        fields = {"customFields": {"ringRef": code}}
        visitor.change(
            "setOrderCustomFields(input: $input)", "Order { code }", input=("UpdateOrderInput!", fields)
        )
    if coupon:
        visitor.change("applyCouponCode(couponCode: $code)", "Order { code }", code=("String!", coupon))
    person = {"firstName": "Olena", "lastName": "Test", "emailAddress": email}
    visitor.change(
        "setCustomerForOrder(input: $input)", "Order { code }", input=("CreateCustomerInput!", person)
    )
    visitor.change(
        "setOrderShippingAddress(input: $input)", "Order { code }", input=("CreateAddressInput!", _ADDRESS)
    )
    [post] = visitor.ask("query { eligibleShippingMethods { id } }")["eligibleShippingMethods"]
    visitor.change(
        "setOrderShippingMethod(shippingMethodId: $id)", "Order { code }", id=("[ID!]!", [post["id"]])
    )
    visitor.change("transitionOrderToState(state: $to)", "Order { code }", to=("String!", "ArrangingPayment"))
    payment = {"method": method, "metadata": {}}
    done = visitor.change(
        "addPaymentToOrder(input: $input)", "Order { code state }", input=("PaymentInput!", payment)
    )
    assert done["state"] == ("PaymentSettled" if method == "card" else "PaymentAuthorized"), done
    return str(done["code"])

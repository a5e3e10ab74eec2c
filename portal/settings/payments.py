"""Settings of payments: the payment providers, and payouts to vendors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from portal.settings.core import CoreSettings
from portal.settings.types import (
    Address,
    HttpUrl,
    PrivateKey,
    encryption_problems,
    key_problems,
    secret_problems,
)

# The provider publishes this merchant for tests; production refuses it.
TEST_MERCHANT_ACCOUNT = "test_merch_n1"
TEST_MERCHANT_SECRET = "flk3409refn54t54t*FNJRET"
WAYFORPAY_API_URL = "https://api.wayforpay.com/api"
WAYFORPAY_PAY_URL = "https://secure.wayforpay.com/pay"
_SIMULATOR_PATH = "/dev/wayforpay"


class PaymentSettings(CoreSettings):
    """How buyers pay, and how vendors are paid."""

    order_expires_hours: Annotated[int, Field(ge=1, le=8760)] = 72
    delivery_data_days: Annotated[int, Field(ge=1, le=3650)] = 90

    wayforpay_merchant_account: str = TEST_MERCHANT_ACCOUNT
    wayforpay_secret_key: SecretStr = SecretStr(TEST_MERCHANT_SECRET)
    wayforpay_domain: str = ""
    wayforpay_pay_url: HttpUrl = ""
    wayforpay_api_url: HttpUrl = WAYFORPAY_API_URL

    settlement_payout_mode: Literal["simulated", "onchain"] = "simulated"
    settlement_payout_private_key: PrivateKey = SecretStr("")
    settlement_payout_token_address: Address = ""
    settlement_payout_contract_address: Address = ""

    @property
    def wayforpay_is_simulated(self) -> bool:
        """Return whether the portal's development pages simulate WayForPay."""
        return not self.is_production and not self.wayforpay_pay_url

    @property
    def wayforpay_form_url(self) -> str:
        """Return where the browser posts a purchase form: the simulator, the configured page or the provider's own."""
        if self.wayforpay_is_simulated:
            return f"{self.app_url}{_SIMULATOR_PATH}/pay"
        return self.wayforpay_pay_url or WAYFORPAY_PAY_URL

    @property
    def wayforpay_merchant_domain(self) -> str:
        """Return the domain that the provider compares with the merchant's: in production that of the portal."""
        own = urlsplit(self.app_url).hostname if self.is_production else None
        return self.wayforpay_domain or own or "localhost"

    @property
    def wayforpay_api(self) -> str:
        """Return the address of WayForPay's JSON API: the simulator's unless another one is configured."""
        is_simulated = self.wayforpay_is_simulated and self.wayforpay_api_url == WAYFORPAY_API_URL
        return f"{self.app_url}{_SIMULATOR_PATH}/api" if is_simulated else self.wayforpay_api_url

    def _production_problems(self) -> Iterator[str]:
        yield from super()._production_problems()
        if self.wayforpay_merchant_account == TEST_MERCHANT_ACCOUNT:
            yield (
                "WAYFORPAY_MERCHANT_ACCOUNT must be your own merchant account in production;"
                " empty means the published test merchant"
            )
        if self.wayforpay_secret_key.get_secret_value() in ("", TEST_MERCHANT_SECRET):
            yield "WAYFORPAY_SECRET_KEY must be the merchant's own secret in production"
        if self.settlement_payout_mode == "onchain" and not self.settlement_payout_contract_address:
            yield (
                "SETTLEMENT_PAYOUT_MODE=onchain needs SETTLEMENT_PAYOUT_CONTRACT_ADDRESS:"
                " deploy the payout contract with `chain deploy --payouts` and set its address"
            )
        yield from key_problems(settlement_payout_private_key=self.settlement_payout_private_key)
        yield from secret_problems(wayforpay_secret_key=self.wayforpay_secret_key)
        yield from encryption_problems(
            wayforpay_pay_url=self.wayforpay_pay_url, wayforpay_api_url=self.wayforpay_api_url
        )

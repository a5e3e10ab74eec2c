"""Settings of referrals: percents, rates, attribution and approval."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from portal.settings.core import CoreSettings
from portal.settings.types import Dollars, HttpUrl, Percent, Rate, encryption_problems


class ReferralSettings(CoreSettings):
    """What a referral earns by default, and how visitors are remembered."""

    referral_reward_percent: Percent = Decimal(5)
    referral_commission_max_percent: Percent = Decimal(50)
    referral_account_fallback: bool = True
    referral_consent_required: bool = False
    referral_joining_approval: bool = False
    referral_uah_per_usd: Rate = Decimal(40)
    referral_rate_source: Literal["setting", "nbu"] = "setting"
    nbu_rate_url: HttpUrl = "https://bank.gov.ua/NBUStatService/v1/statdirectory/exchange"
    referral_second_approval_usd: Dollars = Decimal(0)
    referral_unattended_approval_usd: Dollars = Decimal(1000)
    credit_second_approval_usd: Dollars | None = None
    refund_second_approval_usd: Dollars | None = None
    payout_wallet_second_approval_usd: Dollars | None = None

    @property
    def credit_limit_usd(self) -> Decimal:
        """Return from which value in USD on a top-up of credit needs a second admin; 0 is never."""
        return self._limit(self.credit_second_approval_usd)

    @property
    def refund_limit_usd(self) -> Decimal:
        """Return from which value in USD on a refund needs a second admin; 0 is never."""
        return self._limit(self.refund_second_approval_usd)

    @property
    def payout_wallet_limit_usd(self) -> Decimal:
        """Return from which unpaid amount in USD on a new payout wallet needs a second admin; 0 is never."""
        return self._limit(self.payout_wallet_second_approval_usd)

    def _limit(self, own: Decimal | None) -> Decimal:
        return self.referral_second_approval_usd if own is None else own

    def _production_problems(self) -> Iterator[str]:
        yield from super()._production_problems()
        yield from encryption_problems(nbu_rate_url=self.nbu_rate_url)

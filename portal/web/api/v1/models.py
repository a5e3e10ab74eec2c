"""The bodies of `/api/v1` beside the order snapshot."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from portal.flows.stores.import_customers import IMPORT_MAX
from portal.stores.snapshots import (
    LINES_MAX,
    Amount,
    CustomerId,
    ExternalId,
    Moment,
    Reason,
    ShortText,
    SnapshotCustomer,
    SnapshotRefundLine,
    WalletText,
)


class _Body(BaseModel):
    """Names in camelCase; members that the portal does not know are dropped."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
    )


class RefundBody(_Body):
    """One settled refund of an order: `amount` is what the buyer got back, `lines` what it took back before tax."""

    external_id: ExternalId
    id: ExternalId
    amount: Amount
    at: Moment | None = None
    reason: Reason | None = None
    lines: Annotated[tuple[SnapshotRefundLine, ...], Field(max_length=LINES_MAX)] = ()


class AttributionBody(_Body):
    """A referral code and the buyer who may use it."""

    referral_code: ShortText
    customer: SnapshotCustomer = SnapshotCustomer()
    currency: Annotated[str, StringConstraints(min_length=3, max_length=10)] | None = None
    amount: Amount | None = None


class EarlierBuyer(_Body):
    """A buyer from before the store was connected: the SHA-256 of the lower-case e-mail, or the store's id."""

    email_hash: Annotated[str, StringConstraints(pattern="^[0-9a-fA-F]{64}$")] | None = None
    external_id: CustomerId | None = None

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.email_hash is None) == (self.external_id is None):
            raise ValueError("one_of_two")
        return self


class ReferrerCustomer(_Body):
    """The signed-in customer of the store, by the store's own name; no account is found by anything else.

    `email` is stored as a keyed hash, and only tells the customer's own purchases apart.
    """

    external_id: CustomerId
    email: Annotated[str, StringConstraints(max_length=320)] | None = None


class ReferrerBody(_Body):
    """The customer who is to see their link and results in the store.

    `walletAddress` is offered to them on the portal. Nothing is paid to it before they prove it by a signature.
    """

    customer: ReferrerCustomer
    wallet_address: WalletText | None = None


class CustomersBody(_Body):
    """Buyers from before the store was connected."""

    customers: Annotated[tuple[EarlierBuyer, ...], Field(max_length=IMPORT_MAX)]

"""The one list of tables with data about people: what is exported of each, and what erasure does to it.

A table belongs in PERSONAL_TABLES or in NOT_EXPORTED. A test compares both with the schema: it fails for a new table
that refers to people and is in neither. Erasing writes tables of many packages by this list, so that no package can
forget its part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peewee import SQL, Tuple, fn

from models import (
    AccessSignal,
    AccountLink,
    CodeAlias,
    CodeOrderTotal,
    CommissionStatement,
    CreditBalance,
    CreditEntry,
    Customer,
    EventLog,
    Export,
    LinkLabel,
    MailOutbox,
    MailPreference,
    MembershipMonth,
    MerchantConfig,
    Notification,
    Order,
    OrderCustomer,
    OrderDelivery,
    OrderFulfilment,
    OrderItem,
    PasswordResetRequest,
    PaymentEvent,
    PaymentRefund,
    PaymentTransaction,
    Payout,
    ProductImport,
    ProductImportRow,
    ProgrammeApplication,
    Proposal,
    RecoveryCode,
    Refcode,
    ReferralReward,
    ReferrerBonus,
    ReserveRelease,
    RewardDebit,
    RewardNetting,
    SalesAssist,
    SavedFilter,
    SecondFactor,
    Settlement,
    SharedSignal,
    StoreCoupon,
    StoreEvent,
    StoreOrder,
    StoreReferrer,
    TermsAcceptance,
    User,
    UserSession,
    Vendor,
    VisitDaily,
    VisitPast,
    Wallet,
    WalletChallenge,
)
from portal.db import Actor
from portal.flows.personal_data.table import Clear, Delete, Keep, Person, PersonalTable
from portal.lib.mailboxes import mailbox
from portal.stores import BUILT_IN_STORE_ID

Rows = Callable[[Person], Any]


def _is(*fields: Any) -> Rows:
    """Return the condition of rows of which one of the fields is the person."""

    def rows(person: Person) -> Any:
        condition = fields[0] == person.id
        for field in fields[1:]:
            condition |= field == person.id
        return condition

    return rows


def _in(field: Any, values: Rows) -> Rows:
    """Return the condition of rows whose field is one of a selection."""
    return lambda person: field.in_(values(person))


def _without(*columns: str) -> frozenset[str]:
    return frozenset(columns)


def _codes(person: Person) -> Any:
    return Refcode.select(Refcode.code).where(Refcode.owner == person.id)


def _vendors(person: Person) -> Any:
    return Vendor.select(Vendor.id).where(Vendor.user == person.id)


def _orders(person: Person) -> Any:
    return Order.select(Order.id).where(Order.buyer == person.id)


def _payments(person: Person) -> Any:
    """Return the references of a person's orders and memberships."""
    orders = Order.select(Order.order_reference).where(Order.buyer == person.id)
    payments = PaymentTransaction.select(PaymentTransaction.order_reference)
    return orders | payments.where(PaymentTransaction.user_id == person.id)


def _rewards(person: Person) -> Any:
    return ReferralReward.select(ReferralReward.id).where(ReferralReward.referrer_user_id == person.id)


def _applications(person: Person) -> Any:
    mine = ProgrammeApplication.select(ProgrammeApplication.id.cast("text"))
    return mine.where(ProgrammeApplication.user == person.id)


def _imports(person: Person) -> Any:
    return ProductImport.select(ProductImport.id).where(ProductImport.requested_by == person.id)


def _proposals(person: Person) -> Any:
    credit = (Proposal.kind == "credit") & (Proposal.subject == str(person.id))
    return credit | ((Proposal.kind == "refund") & Proposal.subject.in_(_payments(person)))


def events_about(person: Person) -> Any:
    """Return the condition of the events about an account, its codes, rewards, orders and payments."""
    codes, rewards = _codes(person), _rewards(person).select(ReferralReward.id.cast("text"))
    of_account = (EventLog.entity == "user") & (EventLog.entity_id == str(person.id))
    of_codes = (EventLog.entity == "refcode") & EventLog.entity_id.in_(codes)
    of_rewards = (EventLog.entity == "reward") & EventLog.entity_id.in_(rewards)
    of_credit = (EventLog.entity == "credit") & (EventLog.entity_id == str(person.id))
    of_applications = (EventLog.entity == "application") & EventLog.entity_id.in_(_applications(person))
    of_orders = (EventLog.entity == "order") & EventLog.entity_id.in_(_orders(person))
    of_payments = EventLog.entity.in_(["payment", "refund", "callback"]) & EventLog.order_reference.in_(
        _payments(person)
    )
    # One index scan for each; a condition with OR would read the whole log.
    found: Any = EventLog.select(EventLog.id).where(of_account)
    for condition in (of_codes, of_rewards, of_credit, of_applications, of_orders, of_payments):
        found = found.union_all(EventLog.select(EventLog.id).where(condition))
    return EventLog.id.in_(found)


def _is_email(field: Any) -> Rows:
    return lambda person: fn.lower(field) == fn.lower(person.email)


def _letters(person: Person) -> Any:
    # Only the reader, which several addresses share, has an index.
    to_person = (MailOutbox.reader == mailbox(person.email)) & _is_email(MailOutbox.to_address)(person)
    return (MailOutbox.user_id == person.id) | to_person


def _store_events(person: Person) -> Any:
    orders = Order.select(Order.store, Order.external_id).where(Order.buyer == person.id)
    return Tuple(StoreEvent.store, StoreEvent.external_id).in_(orders)


DELETE = Delete()
ACCOUNTING = Keep("accounting, under the pseudonym")
OF_VENDORS = Keep("goods and accounts of a vendor")
COUNTS = Keep("numbers without people")
# What stands in texts that cannot be empty.
ERASED = "erased"

# Texts that people typed; codes are written by jobs and by the portal.
_TYPED = EventLog.actor_user_id.is_null(False) | EventLog.actor.startswith("command:")
_REJECTION = EventLog.select().where(
    (EventLog.entity == "reward")
    & (EventLog.entity_id == ReferralReward.id.cast("text"))
    & (EventLog.reason == ReferralReward.failure_reason)
    & _TYPED
)
_DECIDED = PaymentEvent.outcome.is_null(False) & (
    (PaymentEvent.outcome != "unmatched") | PaymentEvent.closed_at.is_null(False)
)

# Read from the top when exporting, from the end when erasing.
PERSONAL_TABLES: tuple[PersonalTable, ...] = (
    # The account
    PersonalTable(User, _is(User.id), Keep("mark_erased leaves the pseudonym"), _without("password_hash")),
    PersonalTable(UserSession, _is(UserSession.user), DELETE, _without("token_hash")),
    PersonalTable(AccountLink, _is(AccountLink.user), DELETE, _without("key")),
    PersonalTable(PasswordResetRequest, _is_email(PasswordResetRequest.email), DELETE),
    PersonalTable(SecondFactor, _is(SecondFactor.user), DELETE, _without("sealed_secret", "last_step")),
    PersonalTable(RecoveryCode, _is(RecoveryCode.user), DELETE, _without("code_hash")),
    PersonalTable(Wallet, _is(Wallet.user), DELETE),
    PersonalTable(
        WalletChallenge, _is(WalletChallenge.user), DELETE, _without("nonce", "message", "session_key")
    ),
    PersonalTable(AccessSignal, _is(AccessSignal.user_id), DELETE, _without("hash")),
    PersonalTable(
        SharedSignal,
        _is(SharedSignal.referrer_user_id, SharedSignal.referee_user_id),
        DELETE,
        _without("referrer_user_id", "referee_user_id"),
    ),
    PersonalTable(MembershipMonth, _is(MembershipMonth.user_id), ACCOUNTING),
    PersonalTable(Export, _is(Export.requested_by), DELETE, _without("next_cursor", "content_crc")),
    PersonalTable(SavedFilter, _is(SavedFilter.user_id), DELETE),
    PersonalTable(Notification, _is(Notification.user_id), DELETE),
    PersonalTable(MailPreference, _is(MailPreference.user_id), DELETE),
    # The parameters of letters can contain a link's key.
    PersonalTable(MailOutbox, _letters, DELETE, _without("params", "reader", "dedupe_key")),
    PersonalTable(
        EventLog,
        events_about,
        (Clear(EventLog.entity == "user", reason=None, data={}), Clear(_TYPED, reason=None)),
        _without("actor_user_id"),
        name="events",
    ),
    PersonalTable(
        EventLog,
        lambda person: EventLog.actor == Actor.user(person.id).label,
        Keep("who did what, under the pseudonym"),
        _without("reason", "data"),
        name="own_changes",
    ),
    # Referrals
    PersonalTable(Refcode, _is(Refcode.owner), Keep("rewards name the code; it is deactivated")),
    PersonalTable(
        TermsAcceptance, _is(TermsAcceptance.user_id), Keep("what was agreed on, under the pseudonym")
    ),
    PersonalTable(ProgrammeApplication, _is(ProgrammeApplication.user), DELETE, _without("decided_by")),
    # A retired alias stays for a year, so that links to this person do not become links to another one.
    PersonalTable(
        CodeAlias, _in(CodeAlias.code, _codes), Clear(CodeAlias.retired_at.is_null(), retired_at=fn.now())
    ),
    PersonalTable(LinkLabel, _in(LinkLabel.code, _codes), Keep("orders have the labels of their links")),
    PersonalTable(ReferrerBonus, _is(ReferrerBonus.referrer_user_id), ACCOUNTING, _without("created_by")),
    PersonalTable(VisitDaily, _in(VisitDaily.code, _codes), COUNTS),
    PersonalTable(VisitPast, _in(VisitPast.code, _codes), COUNTS),
    PersonalTable(CodeOrderTotal, _in(CodeOrderTotal.code, _codes), COUNTS),
    PersonalTable(StoreCoupon, _in(StoreCoupon.code, _codes), Keep("a word of the store")),
    PersonalTable(
        StoreReferrer,
        _is(StoreReferrer.user, StoreReferrer.own_user),
        Clear(user=None, connected_at=None, email_key=None, stated_wallet=None),
    ),
    PersonalTable(
        ReferralReward,
        _is(ReferralReward.referrer_user_id),
        Clear((ReferralReward.status == "rejected") & fn.EXISTS(_REJECTION), failure_reason=ERASED),
        _without("referee_user_id", "approved_by"),
    ),
    PersonalTable(RewardDebit, _is(RewardDebit.referrer_user_id), ACCOUNTING),
    PersonalTable(RewardNetting, _in(RewardNetting.reward_id, _rewards), ACCOUNTING),
    PersonalTable(SalesAssist, _is(SalesAssist.referrer_user_id), ACCOUNTING),
    # Purchases
    PersonalTable(
        Customer,
        _is(Customer.user),
        # Of a connected store the key is a hash of the person's e-mail or id there.
        Clear(Customer.store != BUILT_IN_STORE_ID, key=SQL("'erased:' || id")),
    ),
    PersonalTable(
        Order,
        _is(Order.buyer),
        ACCOUNTING,
        _without("referrer_user_id", "referrer_wallet", "referral_trace"),
    ),
    PersonalTable(OrderItem, _in(OrderItem.order, _orders), ACCOUNTING),
    PersonalTable(OrderFulfilment, _in(OrderFulfilment.order, _orders), Clear(note=None)),
    PersonalTable(
        OrderDelivery,
        _in(OrderDelivery.order, _orders),
        Clear(OrderDelivery.erased_at.is_null(), name=None, phone=None, address=None, erased_at=fn.now()),
        _without("vendor_ids"),
    ),
    PersonalTable(OrderCustomer, _in(OrderCustomer.order, _orders), ACCOUNTING),
    PersonalTable(StoreOrder, _in(StoreOrder.order, _orders), ACCOUNTING, _without("payment_key")),
    PersonalTable(StoreEvent, _store_events, ACCOUNTING),
    PersonalTable(PaymentTransaction, _is(PaymentTransaction.user_id), ACCOUNTING),
    PersonalTable(
        PaymentEvent,
        _in(PaymentEvent.order_reference, _payments),
        (Clear(_DECIDED, payload=""), Clear(PaymentEvent.note.is_null(False), note=ERASED)),
        _without("fingerprint", "closed_by"),
    ),
    PersonalTable(
        PaymentRefund,
        _in(PaymentRefund.order_reference, _payments),
        Clear(reason=None),
        _without("fingerprint", "requested_by"),
    ),
    PersonalTable(CreditBalance, _is(CreditBalance.user_id), ACCOUNTING),
    PersonalTable(
        CreditEntry, _is(CreditEntry.user_id), Clear(CreditEntry.order_reference.is_null(), reason=ERASED)
    ),
    PersonalTable(
        Proposal,
        _proposals,
        Clear(reason=ERASED, decision_reason=None),
        _without("proposed_by", "decided_by"),
    ),
    # What a person sells. An account that owns a vendor is not erased.
    PersonalTable(Vendor, _is(Vendor.user), OF_VENDORS),
    PersonalTable(MerchantConfig, _in(MerchantConfig.vendor, _vendors), OF_VENDORS),
    PersonalTable(Settlement, _in(Settlement.vendor, _vendors), OF_VENDORS),
    PersonalTable(Payout, _in(Payout.vendor, _vendors), OF_VENDORS),
    PersonalTable(ReserveRelease, _in(ReserveRelease.vendor, _vendors), OF_VENDORS, _without("created_by")),
    PersonalTable(CommissionStatement, _in(CommissionStatement.vendor, _vendors), OF_VENDORS),
    PersonalTable(ProductImport, _is(ProductImport.requested_by), OF_VENDORS),
    PersonalTable(ProductImportRow, _in(ProductImportRow.import_id, _imports), OF_VENDORS),
)

_STAFF = "names the admin who did something; own_changes has what a person did"
_GOODS = "goods, keys and stores of a vendor: business data without people; exported at the vendor's pages"
_CHAIN = "public on the chain; the reward or payout has its transaction"
_SUMS = "sums of exported rows"

# Tables that refer to people, or to what belongs to them, and are left out; with the reason.
NOT_EXPORTED: dict[str, str] = {
    "sign_in_failures": "kept for an hour under a hash of what was typed; the addresses may be of strangers",
    "rail_failures": "technical causes, without data of people",
    "mint_jobs": _STAFF,
    "mint_job_items": _STAFF,
    "programme_terms": _STAFF,
    "reward_approvals": _STAFF,
    "payout_batches": _STAFF,
    "programme_versions": _STAFF,
    "programme_campaigns": _STAFF,
    "settings_versions": _STAFF,
    "stock_movements": _GOODS,
    "products": _GOODS,
    "product_slugs": _GOODS,
    "product_pictures": _GOODS,
    "back_orders": _GOODS,
    "commission_structures": _GOODS,
    "stores": _GOODS,
    "store_keys": _GOODS,
    "store_vendors": _GOODS,
    "store_rates": _GOODS,
    "webhook_endpoints": _GOODS,
    "webhook_events": "codes, references and amounts of exported orders and rewards",
    "webhook_deliveries": "attempts to send webhook_events",
    "chain_transactions": _CHAIN,
    "chain_attempts": _CHAIN,
    "chain_transaction_items": _CHAIN,
    "chain_audit": _CHAIN,
    "foreign_payments": _CHAIN,
    "journal_transfers": "the double-entry form of exported ledgers",
    "code_order_deltas": _SUMS,
    "reward_totals": _SUMS,
    "reward_total_deltas": _SUMS,
    "reward_hint_counts": "how many hints an admin sees; the hints are in shared_signals",
    "settlement_totals": _SUMS,
    "settlement_total_deltas": _SUMS,
    "payout_items": _SUMS,
    "commission_statement_items": _SUMS,
    "export_pieces": "copies of rows of ledgers, for a day; deleted with exports",
}

"""The Peewee models of all tables: columns without behaviour.

`sql/*.sql` is the source of constraints and indexes; a test compares these columns with the
migrated database. A foreign key's raw value is annotated beside it for the type checker.
Money is `*_minor` beside `currency`, tokens are integer wei, times are aware UTC.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from peewee import (
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DatabaseProxy,
    DateField,
    DecimalField,
    DeferredForeignKey,
    Field,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)
from playhouse.postgres_ext import ArrayField, BinaryJSONField, DateTimeTZField, IdentityField

database = DatabaseProxy()


class WeiField(Field):
    """Store an integer of token base units as numeric(78,0) and read it back as int."""

    field_type = "NUMERIC(78, 0)"

    def db_value(self, value: int | None) -> Decimal | None:
        return None if value is None else Decimal(value)

    def python_value(self, value: Decimal | None) -> int | None:
        return None if value is None else int(value)


class PercentField(DecimalField):
    """Store a percent with six decimals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=9, decimal_places=6, **options)


class ExactField(DecimalField):
    """Store a decimal with eighteen places: USD values and token prices."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=38, decimal_places=18, **options)


class ExactSumField(DecimalField):
    """Store a sum of many decimals with eighteen places."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=58, decimal_places=18, **options)


class Table(Model):
    """Bind a table to the one database of the process."""

    class Meta:
        database = database
        legacy_table_names = False


class StatusTable(Table):
    """A table whose rows have a status; every transition goes through `portal.db.move_status`."""

    id: Any
    status: Any


# ------------------------------------------------------------------ accounts


class User(Table):
    id = IdentityField()
    email = TextField(null=True)
    name = TextField()
    password_hash = TextField(null=True)
    role = TextField()
    locale = TextField()
    membership_tier = TextField()
    membership_until = DateTimeTZField(null=True)
    referred_by_code = TextField(null=True)
    referred_by_user_id = BigIntegerField(null=True)
    referred_by_wallet = TextField(null=True)
    referred_at = DateTimeTZField(null=True)
    created_at = DateTimeTZField()
    email_confirmed_at = DateTimeTZField(null=True)
    disabled_at = DateTimeTZField(null=True)
    erased_at = DateTimeTZField(null=True)
    erasure_requested_at = DateTimeTZField(null=True)
    erasure_requested_by = BigIntegerField(null=True)

    class Meta:
        table_name = "users"


class UserSession(Table):
    user_id: int
    id = IdentityField()
    user = ForeignKeyField(User, column_name="user_id", index=False)
    token_hash = TextField()
    awaits_second_factor = BooleanField()
    browser = TextField()
    system = TextField()
    network = TextField()
    created_at = DateTimeTZField()
    last_seen_at = DateTimeTZField()
    confirmed_at = DateTimeTZField()
    ended_at = DateTimeTZField(null=True)
    ended_why = TextField(null=True)

    class Meta:
        table_name = "user_sessions"


class SignInFailure(Table):
    id = IdentityField()
    account = TextField()
    address = TextField()
    is_known_place = BooleanField()
    at = DateTimeTZField()

    class Meta:
        table_name = "sign_in_failures"


class AccountLink(Table):
    user_id: int
    id = IdentityField()
    key = TextField()
    purpose = TextField()
    user = ForeignKeyField(User, column_name="user_id", index=False)
    session_id = BigIntegerField(null=True)
    email = TextField()
    created_at = DateTimeTZField()
    expires_at = DateTimeTZField()
    used_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "account_links"


class PasswordResetRequest(Table):
    id = IdentityField()
    email = TextField()
    created_at = DateTimeTZField()

    class Meta:
        table_name = "password_reset_requests"


class SecondFactor(Table):
    user_id: int
    user = ForeignKeyField(User, column_name="user_id", primary_key=True)
    sealed_secret = BlobField()
    enabled_at = DateTimeTZField(null=True)
    last_step = BigIntegerField(null=True)
    failures = IntegerField()
    blocked_until = DateTimeTZField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "second_factors"


class RecoveryCode(Table):
    user_id: int
    id = IdentityField()
    user = ForeignKeyField(User, column_name="user_id", index=False)
    code_hash = TextField()
    is_keyed = BooleanField()
    created_at = DateTimeTZField()
    used_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "recovery_codes"


class Wallet(Table):
    user_id: int
    address = TextField(primary_key=True)
    user = ForeignKeyField(User, column_name="user_id", backref="wallets", index=False)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "wallets"


class WalletChallenge(Table):
    user_id: int | None
    id = IdentityField()
    nonce = TextField()
    purpose = TextField()
    user = ForeignKeyField(User, column_name="user_id", null=True, index=False)
    session_key = TextField(null=True)
    address = TextField()
    message = TextField()
    created_at = DateTimeTZField()
    expires_at = DateTimeTZField()
    used_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "wallet_challenges"


class SignalSalt(Table):
    period = IntegerField(primary_key=True)
    salt = BlobField()

    class Meta:
        table_name = "signal_salts"


class AccessSignal(Table):
    period = IntegerField()
    kind = TextField()
    hash = BlobField()
    user_id = BigIntegerField()

    class Meta:
        table_name = "access_signals"
        primary_key = CompositeKey("period", "kind", "hash", "user_id")


class SharedSignal(Table):
    referrer_user_id = BigIntegerField()
    referee_user_id = BigIntegerField()
    kind = TextField()
    found_at = DateTimeTZField()

    class Meta:
        table_name = "shared_signals"
        primary_key = CompositeKey("referee_user_id", "referrer_user_id", "kind")


class MembershipMonth(Table):
    order_reference = TextField(primary_key=True)
    user_id = BigIntegerField()
    tier = TextField()
    starts_at = DateTimeTZField()
    ends_at = DateTimeTZField()
    created_at = DateTimeTZField()
    revoked_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "membership_months"


class SavedFilter(Table):
    id = IdentityField()
    user_id = BigIntegerField()
    page = TextField()
    name = TextField()
    query = TextField()
    created_at = DateTimeTZField()

    class Meta:
        table_name = "saved_filters"


# ------------------------------------------------------------------ codes


class Refcode(Table):
    owner_user_id: int
    code = TextField(primary_key=True)
    owner = ForeignKeyField(User, column_name="owner_user_id", index=False)
    wallet_address = TextField()
    store_referrer_id = BigIntegerField(null=True)
    active = BooleanField()
    visits_total = BigIntegerField()
    last_visit_at = DateTimeTZField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "refcodes"


class CodeAlias(Table):
    """A readable name of a code; `reading` is its form without look-alike characters."""

    id = IdentityField()
    name = TextField(column_name="alias")
    reading = TextField()
    code = TextField()
    created_at = DateTimeTZField()
    retired_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "code_aliases"


class LinkLabel(Table):
    """Where the links of a code are shared, with the visits from there."""

    code = TextField()
    label = TextField()
    visits_total = BigIntegerField(default=0)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "link_labels"
        primary_key = CompositeKey("code", "label")


class CodeResult(Table):
    """Orders and rewards of a code by label; without a label under ''."""

    code = TextField()
    label = TextField()
    order_count = BigIntegerField()
    paid_count = BigIntegerField()
    earned_wei = WeiField()
    minted_wei = WeiField()

    class Meta:
        table_name = "code_results"
        primary_key = CompositeKey("code", "label")


class CodeResultDelta(Table):
    id = IdentityField()
    code = TextField()
    label = TextField()
    order_count = BigIntegerField()
    paid_count = BigIntegerField()
    earned_wei = WeiField()
    minted_wei = WeiField()

    class Meta:
        table_name = "code_result_deltas"


# ------------------------------------------------------------------ visits


class VisitDaily(Table):
    code = TextField()
    day = DateField()
    visits = BigIntegerField()

    class Meta:
        table_name = "visit_daily"
        primary_key = CompositeKey("code", "day")


class VisitPast(Table):
    """Daily counts moved out of `visit_daily`, only read for comparisons."""

    code = TextField()
    day = DateField()
    visits = BigIntegerField()

    class Meta:
        table_name = "visit_past"
        primary_key = CompositeKey("code", "day")


class PlatformVisits(Table):
    """Visits of all codes by day, in shards."""

    day = DateField()
    shard = SmallIntegerField()
    visits = BigIntegerField()

    class Meta:
        table_name = "platform_visits"
        primary_key = CompositeKey("day", "shard")


# ------------------------------------------------------------------ catalogue


class Vendor(Table):
    user_id: int | None
    id = IdentityField()
    name = TextField()
    user = ForeignKeyField(User, column_name="user_id", null=True, index=False)
    store_tier = TextField()
    created_at = DateTimeTZField()
    active = BooleanField()

    class Meta:
        table_name = "vendors"


class Product(Table):
    vendor_id: int
    commission_structure_id: int | None
    id = IdentityField()
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", index=False)
    slug = TextField()
    name = TextField()
    description = TextField()
    price_minor = BigIntegerField()
    currency = TextField()
    stock = BigIntegerField()
    referral_percent = PercentField(null=True)
    # Declared below, with the tables of its package.
    commission_structure = DeferredForeignKey(
        "CommissionStructure", column_name="commission_structure_id", null=True, index=False
    )
    active = BooleanField()
    translations = BinaryJSONField(index=False)
    needs_delivery = BooleanField()
    created_at = DateTimeTZField()

    class Meta:
        table_name = "products"


class StockMovement(Table):
    product_id: int
    id = IdentityField()
    product = ForeignKeyField(Product, column_name="product_id", index=False)
    order_id = TextField(null=True)
    quantity = BigIntegerField()
    reason = TextField()
    referral_code = TextField(null=True)
    note = TextField(null=True)
    actor_user_id = BigIntegerField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "stock_movements"


class BackOrder(Table):
    product_id: int
    id = IdentityField()
    order_id = TextField()
    product = ForeignKeyField(Product, column_name="product_id", index=False)
    quantity = BigIntegerField()
    created_at = DateTimeTZField()

    class Meta:
        table_name = "back_orders"


class ProductSlug(Table):
    product_id: int
    slug = TextField(primary_key=True)
    product = ForeignKeyField(Product, column_name="product_id", index=False)

    class Meta:
        table_name = "product_slugs"


class ProductPicture(Table):
    product_id: int
    product = ForeignKeyField(Product, column_name="product_id", primary_key=True)
    digest = TextField()
    width = IntegerField()
    height = IntegerField()
    alt_texts = BinaryJSONField(index=False)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "product_pictures"


class PictureFile(Table):
    digest = TextField()
    size = TextField()
    content = BlobField()

    class Meta:
        table_name = "picture_files"
        primary_key = CompositeKey("digest", "size")


class ProductImport(StatusTable):
    id = IdentityField()
    requested_by = BigIntegerField(null=True)
    vendor_ids = ArrayField(BigIntegerField, null=True, index=False)
    vendor_id = BigIntegerField(null=True)
    file_name = TextField()
    content = TextField(null=True)
    status = TextField()
    total = IntegerField()
    done = IntegerField()
    created_at = DateTimeTZField()
    finished_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "product_imports"


class ProductImportRow(Table):
    import_id = BigIntegerField()
    number = IntegerField()
    slug = TextField()
    outcome = TextField()
    product_id = BigIntegerField(null=True)
    before_values = BinaryJSONField(index=False)
    after_values = BinaryJSONField(index=False)
    error = BinaryJSONField(null=True, index=False)

    class Meta:
        table_name = "product_import_rows"
        primary_key = CompositeKey("import_id", "number")


# ------------------------------------------------------------------ exports


class Export(StatusTable):
    id = IdentityField()
    requested_by = BigIntegerField()
    ledger = TextField()
    form = TextField()
    arguments = BinaryJSONField(index=False)
    status = TextField()
    total = BigIntegerField(null=True)
    done = BigIntegerField()
    next_cursor = TextField(null=True)
    pieces = IntegerField()
    stored_bytes = BigIntegerField()
    content_bytes = BigIntegerField()
    content_crc = BigIntegerField()
    failure = TextField(null=True)
    created_at = DateTimeTZField()
    finished_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "exports"


class ExportPiece(Table):
    export_id = BigIntegerField()
    number = IntegerField()
    content = BlobField()

    class Meta:
        table_name = "export_pieces"
        primary_key = CompositeKey("export_id", "number")


# ------------------------------------------------------------------ stores


class Store(Table):
    default_vendor_id: int | None
    id = IdentityField()
    public_id = TextField()
    name = TextField()
    platform = TextField()
    collected_by = TextField()
    commission_base = TextField()
    reward_waits_for = TextField()
    active = BooleanField()
    created_at = DateTimeTZField()
    default_vendor = ForeignKeyField(Vendor, column_name="default_vendor_id", null=True, index=False)
    origins = ArrayField(TextField, index=False)
    api_url = TextField(null=True)
    api_credentials = BlobField(null=True)
    webhook_secret = BlobField(null=True)
    previous_webhook_secret = BlobField(null=True)
    webhook_secret_used = BooleanField()
    signing_secret = BlobField(null=True)
    previous_signing_secret = BlobField(null=True)
    signing_secret_used = BooleanField()
    signature_required = BooleanField()
    snippet_seen_at = DateTimeTZField(null=True)
    webhook_seen_at = DateTimeTZField(null=True)
    polled_at = DateTimeTZField(null=True)
    polled_until = DateTimeTZField(null=True)
    poll_error = TextField(null=True)
    poll_failures = IntegerField(default=0)
    next_poll_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "stores"


class Customer(Table):
    store_id: int
    user_id: int | None
    id = IdentityField()
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    user = ForeignKeyField(User, column_name="user_id", null=True, index=False)
    key = TextField()
    created_at = DateTimeTZField()
    bought_before = BooleanField()

    class Meta:
        table_name = "customers"


class StoreKey(Table):
    store_id: int
    id = IdentityField()
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    mode = TextField()
    prefix = TextField()
    key_hash = TextField()
    scopes = ArrayField(TextField, index=False)
    created_by = BigIntegerField(null=True)
    created_at = DateTimeTZField()
    last_used_at = DateTimeTZField(null=True)
    revoked_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "store_keys"


class StoreEvent(Table):
    store_id: int
    id = IdentityField()
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    received_at = DateTimeTZField()
    kind = TextField()
    verified = BooleanField()
    live = BooleanField()
    outcome = TextField(null=True)
    order_reference = TextField(null=True)
    external_id = TextField(null=True)
    snapshot = BinaryJSONField(null=True)
    body_sha256 = TextField(null=True)
    explanation = BinaryJSONField()

    class Meta:
        table_name = "store_events"


class StoreVendor(Table):
    store_id: int
    vendor_id: int | None
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    external_id = TextField()
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", null=True, index=False)
    first_seen_at = DateTimeTZField()

    class Meta:
        table_name = "store_vendors"
        primary_key = CompositeKey("store", "external_id")


class StoreRate(Table):
    store_id: int
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    sku = TextField()
    referral_percent = PercentField()

    class Meta:
        table_name = "store_rates"
        primary_key = CompositeKey("store", "sku")


class StoreCoupon(Table):
    store_id: int
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    coupon = TextField()
    code = TextField()
    created_at = DateTimeTZField()

    class Meta:
        table_name = "store_coupons"
        primary_key = CompositeKey("store", "coupon")


class StoreReferrer(Table):
    store_id: int
    user_id: int | None
    own_user_id: int | None
    id = IdentityField()
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    customer = TextField()
    user = ForeignKeyField(User, column_name="user_id", null=True, index=False)
    own_user = ForeignKeyField(User, column_name="own_user_id", null=True, index=False)
    email_key = TextField(null=True)
    stated_wallet = TextField(null=True)
    created_at = DateTimeTZField()
    connected_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "store_referrers"


# ------------------------------------------------------------------ orders


class Order(StatusTable):
    store_id: int
    customer_id: int
    buyer_user_id: int | None
    # Its number in a connected store; only where a list of orders selects it.
    number: str
    id = TextField(primary_key=True)
    order_reference = TextField()
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    customer = ForeignKeyField(Customer, column_name="customer_id", index=False)
    buyer = ForeignKeyField(User, column_name="buyer_user_id", null=True, index=False)
    external_id = TextField(null=True)
    collected_by = TextField()
    status = TextField()
    total_minor = BigIntegerField()
    paid_minor = BigIntegerField()
    refunded_minor = BigIntegerField(default=0)
    currency = TextField()
    referral_code = TextField(null=True)
    link_label = TextField(null=True)
    referrer_user_id = BigIntegerField(null=True)
    referrer_wallet = TextField(null=True)
    referral_reason = TextField(null=True)
    referral_trace = BinaryJSONField()
    checkout_key = TextField(null=True)
    created_at = DateTimeTZField()
    paid_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "orders"


class StoreOrder(Table):
    order_id: str
    store_id: int
    order = ForeignKeyField(Order, column_name="order_id", primary_key=True)
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    external_id = TextField()
    number = TextField()
    version = BigIntegerField()
    payment_key = TextField(null=True)
    snapshot = BinaryJSONField()
    snapshot_sha256 = TextField()
    updated_at = DateTimeTZField()

    class Meta:
        table_name = "store_orders"


class OrderCustomer(Table):
    order_id: str
    customer_id: int
    order = ForeignKeyField(Order, column_name="order_id", index=False)
    customer = ForeignKeyField(Customer, column_name="customer_id", index=False)

    class Meta:
        table_name = "order_customers"
        primary_key = CompositeKey("customer", "order")


class OrderItem(Table):
    order_id: str
    product_id: int | None
    vendor_id: int
    id = IdentityField()
    order = ForeignKeyField(Order, column_name="order_id", backref="items", index=False)
    product = ForeignKeyField(Product, column_name="product_id", null=True, index=False)
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", index=False)
    sku = TextField()
    name = TextField()
    quantity = IntegerField()
    unit_price_minor = BigIntegerField(null=True)
    subtotal_minor = BigIntegerField()
    external_id = TextField(null=True)
    refunded_minor = BigIntegerField(default=0)
    net_minor = BigIntegerField(null=True)

    class Meta:
        table_name = "order_items"


class OrderFulfilment(StatusTable):
    """What a vendor has done with their lines of an order; no row means open."""

    order_id: str
    vendor_id: int
    id = IdentityField()
    order = ForeignKeyField(Order, column_name="order_id", index=False)
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", index=False)
    status = TextField(default="open")
    note = TextField(null=True)
    created_at = DateTimeTZField()
    updated_at = DateTimeTZField()

    class Meta:
        table_name = "order_fulfilments"


class OrderDelivery(Table):
    order_id: str
    order = ForeignKeyField(Order, column_name="order_id", primary_key=True)
    vendor_ids = ArrayField(BigIntegerField, index=False)
    name = TextField(null=True)
    phone = TextField(null=True)
    address = TextField(null=True)
    created_at = DateTimeTZField()
    erased_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "order_deliveries"


class CodeOrderTotal(Table):
    code = TextField(primary_key=True)
    orders = BigIntegerField()
    paid = BigIntegerField()
    refunded = BigIntegerField()

    class Meta:
        table_name = "code_order_totals"


class CodeOrderDelta(Table):
    id = IdentityField()
    code = TextField()
    orders = BigIntegerField()
    paid = BigIntegerField()
    refunded = BigIntegerField()

    class Meta:
        table_name = "code_order_deltas"


# ------------------------------------------------------------------ payments


class PaymentTransaction(StatusTable):
    id = IdentityField()
    order_reference = TextField()
    purpose = TextField()
    processor = TextField()
    rail = TextField()
    entity_id = TextField()
    user_id = BigIntegerField(null=True)
    amount_minor = BigIntegerField()
    currency = TextField()
    status = TextField()
    failure_reason = TextField(null=True)
    detail = BinaryJSONField()
    created_at = DateTimeTZField()
    updated_at = DateTimeTZField()
    paid_at = DateTimeTZField(null=True)
    refunded_minor = BigIntegerField(default=0)
    checked_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "payment_transactions"


class PaymentEvent(Table):
    id = IdentityField()
    provider = TextField()
    order_reference = TextField(null=True)
    authentic = BooleanField()
    outcome = TextField(null=True)
    reason = TextField(null=True)
    fingerprint = TextField(null=True)
    payload = TextField()
    received_at = DateTimeTZField()
    closed_at = DateTimeTZField(null=True)
    closed_by = BigIntegerField(null=True)
    note = TextField(null=True)

    class Meta:
        table_name = "payment_events"


class PaymentRefund(StatusTable):
    id = IdentityField()
    order_reference = TextField()
    amount_minor = BigIntegerField()
    currency = TextField()
    source = TextField()
    request_id = TextField(null=True)
    fingerprint = TextField(null=True)
    payment_event_id = BigIntegerField(null=True)
    status = TextField()
    reason = TextField(null=True)
    refusal = TextField(null=True)
    requested_by = BigIntegerField(null=True)
    created_at = DateTimeTZField()
    updated_at = DateTimeTZField()
    applied_at = DateTimeTZField(null=True)
    checked_at = DateTimeTZField(null=True)
    goods_minor = BigIntegerField(null=True)
    external_id = TextField(null=True)

    class Meta:
        table_name = "payment_refunds"


class RailFailure(Table):
    id = IdentityField()
    order_reference = TextField()
    rail = TextField()
    reason = TextField()
    attempts = IntegerField()
    created_at = DateTimeTZField()
    last_tried_at = DateTimeTZField()
    resolved_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "rail_failures"


class CreditBalance(Table):
    user_id = BigIntegerField()
    currency = TextField()
    balance_minor = BigIntegerField()

    class Meta:
        table_name = "credit_balances"
        primary_key = CompositeKey("user_id", "currency")


class CreditEntry(Table):
    id = IdentityField()
    user_id = BigIntegerField()
    amount_minor = BigIntegerField()
    currency = TextField()
    reason = TextField()
    order_reference = TextField(null=True)
    created_at = DateTimeTZField()
    refund_id = BigIntegerField(null=True)
    request_id = TextField(null=True)

    class Meta:
        table_name = "credit_entries"


# ------------------------------------------------------------------ commissions


class PlatformConfig(Table):
    id = SmallIntegerField(primary_key=True)
    referral_percent = PercentField(null=True)
    updated_at = DateTimeTZField()

    class Meta:
        table_name = "platform_config"


class MerchantConfig(Table):
    vendor_id: int
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", primary_key=True)
    platform_percent = PercentField(null=True)
    referral_percent = PercentField(null=True)
    custom_splits = BinaryJSONField()
    payout_frequency = TextField()
    hold_days = IntegerField()
    minimum_payout_minor = BigIntegerField()
    reserve_percent = PercentField()
    payout_wallet = TextField(null=True)
    updated_at = DateTimeTZField()

    class Meta:
        table_name = "merchant_configs"


class CommissionStructure(Table):
    vendor_id: int | None
    id = IdentityField()
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", null=True, index=False)
    name = TextField()
    referral_percent = PercentField(null=True)

    class Meta:
        table_name = "commission_structures"


class PayoutBatch(StatusTable):
    id = IdentityField()
    status = TextField()
    mode = TextField()
    idempotency_key = TextField(null=True)
    totals = BinaryJSONField()
    created_by = BigIntegerField(null=True)
    created_at = DateTimeTZField()
    completed_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "payout_batches"


class Settlement(StatusTable):
    vendor_id: int
    id = IdentityField()
    order_reference = TextField()
    order_id = TextField(null=True)
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", index=False)
    kind = TextField()
    amount_minor = BigIntegerField()
    currency = TextField()
    commission_minor = BigIntegerField()
    net_payout_minor = BigIntegerField()
    status = TextField()
    scheduled_for = DateTimeTZField()
    processed_at = DateTimeTZField(null=True)
    transaction_id = TextField(null=True)
    failure_reason = TextField(null=True)
    payout_batch_id = BigIntegerField(null=True)
    metadata = BinaryJSONField()
    created_at = DateTimeTZField()
    updated_at = DateTimeTZField()
    refund_id = BigIntegerField(null=True)
    collected_by = TextField()
    platform_commission_minor = BigIntegerField()
    referral_commission_minor = BigIntegerField()
    split_commissions = BinaryJSONField()

    class Meta:
        table_name = "settlements"


class CommissionStatement(StatusTable):
    vendor_id: int
    id = IdentityField()
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", index=False)
    currency = TextField()
    period_start = DateTimeTZField()
    period_end = DateTimeTZField()
    amount_minor = BigIntegerField()
    status = TextField()
    paid_reference = TextField(null=True)
    paid_at = DateTimeTZField(null=True)
    void_reason = TextField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "commission_statements"


class CommissionStatementItem(Table):
    statement_id: int
    settlement_id: int
    statement = ForeignKeyField(CommissionStatement, column_name="statement_id", backref="items", index=False)
    settlement = ForeignKeyField(Settlement, column_name="settlement_id", index=False)
    commission_minor = BigIntegerField()
    live = BooleanField()

    class Meta:
        table_name = "commission_statement_items"
        primary_key = CompositeKey("statement", "settlement")


class Payout(StatusTable):
    batch_id: int
    vendor_id: int
    id = IdentityField()
    batch = ForeignKeyField(PayoutBatch, column_name="batch_id", backref="payouts", index=False)
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", index=False)
    currency = TextField()
    net_minor = BigIntegerField()
    reserve_percent = PercentField()
    reserve_minor = BigIntegerField()
    released_minor = BigIntegerField()
    amount_minor = BigIntegerField()
    status = TextField()
    transaction_id = TextField(null=True)
    failure_reason = TextField(null=True)
    payout_wallet = TextField(null=True)
    chain_id = BigIntegerField(null=True)
    token_address = TextField(null=True)
    token_decimals = IntegerField(null=True)
    units_per_usd = ExactField(null=True)
    rate_source = TextField(null=True)
    rate_at = DateTimeTZField(null=True)
    amount_wei = WeiField(null=True)
    created_at = DateTimeTZField()
    processed_at = DateTimeTZField(null=True)
    contract_address = TextField(null=True)
    order_ref = TextField(null=True)

    class Meta:
        table_name = "payouts"


class PayoutItem(Table):
    payout_id: int
    settlement_id: int
    payout = ForeignKeyField(Payout, column_name="payout_id", backref="items", index=False)
    settlement = ForeignKeyField(Settlement, column_name="settlement_id", index=False)
    net_minor = BigIntegerField()
    live = BooleanField()

    class Meta:
        table_name = "payout_items"
        primary_key = CompositeKey("payout", "settlement")


class Installation(Table):
    id = TextField(primary_key=True)
    is_only = BooleanField()

    class Meta:
        table_name = "installation"


class ForeignPayment(Table):
    payout_id: int | None
    id = IdentityField()
    chain_id = BigIntegerField()
    contract_address = TextField()
    order_ref = TextField()
    wallet = TextField()
    amount_wei = WeiField()
    tx_hash = TextField()
    block_number = BigIntegerField()
    payout = ForeignKeyField(Payout, column_name="payout_id", null=True, index=False)
    created_at = DateTimeTZField()
    adopted_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "foreign_payments"


class ReserveRelease(Table):
    vendor_id: int
    id = IdentityField()
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", index=False)
    currency = TextField()
    amount_minor = BigIntegerField()
    reason = TextField()
    idempotency_key = TextField(null=True)
    created_by = BigIntegerField(null=True)
    created_at = DateTimeTZField()
    payout_id = BigIntegerField(null=True)

    class Meta:
        table_name = "reserve_releases"


class SettlementTotal(Table):
    vendor_id = BigIntegerField()
    currency = TextField()
    collected_by = TextField()
    status = TextField()
    due_hour = DateTimeTZField()
    reason = TextField()
    settlements = BigIntegerField()
    net_sum = WeiField()
    commission_sum = WeiField()

    class Meta:
        table_name = "settlement_totals"
        primary_key = CompositeKey("vendor_id", "currency", "collected_by", "status", "due_hour", "reason")


class SettlementTotalDelta(Table):
    id = IdentityField()
    vendor_id = BigIntegerField()
    currency = TextField()
    collected_by = TextField()
    status = TextField()
    due_hour = DateTimeTZField()
    reason = TextField()
    settlements = BigIntegerField()
    net_sum = WeiField()
    commission_sum = WeiField()

    class Meta:
        table_name = "settlement_total_deltas"


class SalesAssist(Table):
    vendor_id: int
    id = IdentityField()
    order_reference = TextField()
    order_id = TextField(null=True)
    vendor = ForeignKeyField(Vendor, column_name="vendor_id", index=False)
    referral_code = TextField()
    referrer_user_id = BigIntegerField()
    subtotal_minor = BigIntegerField()
    currency = TextField()
    created_at = DateTimeTZField()

    class Meta:
        table_name = "erp_sales_assists"


# ------------------------------------------------------------------ programme


class ProgrammeVersion(Table):
    id = IdentityField()
    starts_at = DateTimeTZField()
    ends_at = DateTimeTZField(null=True)
    rules = BinaryJSONField()
    created_by = BigIntegerField(null=True)

    class Meta:
        table_name = "programme_versions"


class ProgrammeCampaign(Table):
    id = IdentityField()
    name = TextField()
    percent = PercentField()
    starts_at = DateTimeTZField()
    ends_at = DateTimeTZField()
    codes = ArrayField(TextField, default=list, index=False)
    store_ids = ArrayField(BigIntegerField, default=list, index=False)
    budget_usd = ExactField(null=True)
    created_by = BigIntegerField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "programme_campaigns"


class ReferrerBonus(Table):
    id = IdentityField()
    referrer_user_id = BigIntegerField()
    percent = PercentField()
    starts_at = DateTimeTZField()
    ends_at = DateTimeTZField(null=True)
    created_by = BigIntegerField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "referrer_bonuses"


class ProgrammeTerms(Table):
    id = IdentityField()
    texts = BinaryJSONField(index=False)
    created_by = BigIntegerField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "programme_terms"


class TermsAcceptance(Table):
    id = IdentityField()
    user_id = BigIntegerField()
    terms_id = BigIntegerField()
    accepted_at = DateTimeTZField()
    withdrawn_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "terms_acceptances"


class ProgrammeApplication(StatusTable):
    user_id: int
    id = IdentityField()
    user = ForeignKeyField(User, column_name="user_id", index=False)
    status = TextField(default="waiting")
    note = TextField(default="")
    decision_reason = TextField(null=True)
    decided_by = BigIntegerField(null=True)
    created_at = DateTimeTZField()
    decided_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "programme_applications"


# ------------------------------------------------------------------ rewards


class ReferralReward(StatusTable):
    id = IdentityField()
    order_reference = TextField()
    order_id = TextField(null=True)
    ref_code = TextField()
    referrer_user_id = BigIntegerField()
    referrer_wallet = TextField()
    referee_user_id = BigIntegerField(null=True)
    order_total_minor = BigIntegerField()
    currency = TextField()
    reward_percent = PercentField()
    usd_value = ExactField(null=True)
    token_price_usd = ExactField(null=True)
    reward_amount_wei = WeiField(null=True)
    reward_token = TextField(null=True)
    chain_id = BigIntegerField(null=True)
    rail = TextField()
    status = TextField()
    sizing = BinaryJSONField()
    tx_hash = TextField(null=True)
    approved_by = BigIntegerField(null=True)
    approved_at = DateTimeTZField(null=True)
    failure_reason = TextField(null=True)
    created_at = DateTimeTZField()
    updated_at = DateTimeTZField()
    granted_wei = WeiField(null=True)
    netted_wei = WeiField(default=0)
    refund_due = BooleanField(default=False)
    bonus_percent = PercentField(default=0)
    programme_version_id = BigIntegerField(null=True)
    mintable_from = DateTimeTZField()
    payment_number = SmallIntegerField(default=1)
    delivered_wei = WeiField(default=0)
    waits_for_statement = BooleanField(default=False)
    campaign_id = BigIntegerField(null=True)
    campaign_usd = ExactField(null=True)
    budget_month = DateField(null=True)
    waits_for_budget = BooleanField(default=False)

    class Meta:
        table_name = "referral_rewards"


class BudgetTotal(Table):
    scope = TextField(primary_key=True)
    usd = ExactSumField()

    class Meta:
        table_name = "budget_totals"


class BudgetDelta(Table):
    id = IdentityField()
    scope = TextField()
    usd = ExactSumField()

    class Meta:
        table_name = "budget_deltas"


class RewardTotal(Table):
    referrer_user_id = BigIntegerField()
    status = TextField()
    rewards = BigIntegerField()
    amount_wei = WeiField()

    class Meta:
        table_name = "reward_totals"
        primary_key = CompositeKey("referrer_user_id", "status")


class RewardTotalDelta(Table):
    id = IdentityField()
    referrer_user_id = BigIntegerField()
    status = TextField()
    rewards = BigIntegerField()
    amount_wei = WeiField()

    class Meta:
        table_name = "reward_total_deltas"


class RewardApproval(Table):
    reward_id = BigIntegerField()
    admin_user_id = BigIntegerField()
    created_at = DateTimeTZField()

    class Meta:
        table_name = "reward_approvals"
        primary_key = CompositeKey("reward_id", "admin_user_id")


class RewardHintCount(Table):
    reward_id = BigIntegerField(primary_key=True)
    hints = SmallIntegerField()
    counted_at = DateTimeTZField()

    class Meta:
        table_name = "reward_hint_counts"


class RewardDebit(Table):
    id = IdentityField()
    reward_id = BigIntegerField()
    referrer_user_id = BigIntegerField()
    amount_wei = WeiField()
    netted_wei = WeiField(default=0)
    reason = TextField()
    order_reference = TextField()
    created_at = DateTimeTZField()

    class Meta:
        table_name = "reward_debits"


class RewardNetting(Table):
    id = IdentityField()
    debit_id = BigIntegerField()
    reward_id = BigIntegerField()
    amount_wei = WeiField()
    created_at = DateTimeTZField()
    released_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "reward_nettings"


class ExchangeRate(Table):
    source = TextField()
    currency = TextField()
    day = DateField()
    units_per_usd = ExactField()
    fetched_at = DateTimeTZField()

    class Meta:
        table_name = "exchange_rates"
        primary_key = CompositeKey("source", "currency", "day")


class MintJob(Table):
    id = IdentityField()
    kind = TextField()
    requested_by = BigIntegerField(null=True)
    retry_of = BigIntegerField(null=True)
    limit_count = IntegerField(null=True)
    status = TextField()
    stop_requested = BooleanField()
    processed = IntegerField()
    submitted = IntegerField()
    minted = IntegerField()
    failed = IntegerField()
    waiting_reason = TextField(null=True)
    created_at = DateTimeTZField()
    started_at = DateTimeTZField(null=True)
    finished_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "mint_jobs"


class MintJobItem(Table):
    job = ForeignKeyField(MintJob, column_name="job_id", backref="items", index=False)
    reward = ForeignKeyField(ReferralReward, column_name="reward_id", index=False)

    class Meta:
        table_name = "mint_job_items"
        primary_key = CompositeKey("job", "reward")


# ------------------------------------------------------------------ journal


class Currency(Table):
    code = TextField(primary_key=True)
    digits = SmallIntegerField()

    class Meta:
        table_name = "currencies"


class JournalTransfer(Table):
    id = IdentityField()
    created_at = DateTimeTZField()
    kind = TextField()
    order_reference = TextField(null=True)
    currency = TextField()
    debit_account = TextField()
    credit_account = TextField()
    amount = WeiField()
    source = TextField()
    source_id = BigIntegerField()

    class Meta:
        table_name = "journal_transfers"


class JournalBalanceDelta(Table):
    id = IdentityField()
    account = TextField()
    currency = TextField()
    amount = WeiField()

    class Meta:
        table_name = "journal_balance_deltas"


class JournalAccountBalance(Table):
    account = TextField()
    currency = TextField()
    balance = WeiField()

    class Meta:
        table_name = "journal_account_balances"
        primary_key = CompositeKey("account", "currency")


class JournalKindBalance(Table):
    kind = TextField()
    currency = TextField()
    accounts = BigIntegerField()
    balance = WeiField()

    class Meta:
        table_name = "journal_kind_balances"
        primary_key = CompositeKey("kind", "currency")


# ------------------------------------------------------------------ chain


class ChainLeader(Table):
    name = TextField(primary_key=True)
    epoch = BigIntegerField()
    taken_at = DateTimeTZField()

    class Meta:
        table_name = "chain_leaders"


class ChainTransaction(Table):
    id = IdentityField()
    chain_id = BigIntegerField()
    operator = TextField()
    nonce = BigIntegerField()
    purpose = TextField()
    to_address = TextField()
    calldata = BlobField()
    gas_limit = BigIntegerField()
    status = TextField()
    epoch = BigIntegerField()
    tx_hash = TextField(null=True)
    block_number = BigIntegerField(null=True)
    block_hash = TextField(null=True)
    gas_used = BigIntegerField(null=True)
    gas_price_wei = WeiField(null=True)
    outside_cause = TextField(null=True)
    created_at = DateTimeTZField()
    settled_at = DateTimeTZField(null=True)
    superseded_seen_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "chain_transactions"


class ChainAttempt(Table):
    id = IdentityField()
    transaction = ForeignKeyField(
        ChainTransaction, column_name="transaction_id", backref="attempts", index=False
    )
    tx_hash = TextField()
    signed_bytes = BlobField(column_name="raw")
    max_fee_wei = WeiField()
    tip_wei = WeiField()
    created_at = DateTimeTZField()
    last_sent_at = DateTimeTZField(null=True)
    sends = IntegerField()
    last_answer = TextField(null=True)

    class Meta:
        table_name = "chain_attempts"


class ChainTransactionItem(Table):
    transaction = ForeignKeyField(
        ChainTransaction, column_name="transaction_id", backref="items", index=False
    )
    position = IntegerField()
    purpose = TextField()
    item_id = BigIntegerField()
    recipient = TextField()
    amount_wei = WeiField()
    order_ref = TextField(null=True)
    open = BooleanField()

    class Meta:
        table_name = "chain_transaction_items"
        primary_key = CompositeKey("transaction", "position")


class ChainAudit(Table):
    chain_id = BigIntegerField()
    contract_address = TextField()
    first_block = BigIntegerField()
    block_number = BigIntegerField()
    block_hash = TextField()
    epoch = BigIntegerField()
    audited_at = DateTimeTZField()

    class Meta:
        table_name = "chain_audit"
        primary_key = CompositeKey("chain_id", "contract_address")


class ChainAlert(Table):
    id = IdentityField()
    kind = TextField()
    subject = TextField()
    details = BinaryJSONField()
    created_at = DateTimeTZField()
    resolved_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "chain_alerts"


class ChainState(Table):
    name = TextField(primary_key=True)
    value = BinaryJSONField()
    since = DateTimeTZField()
    updated_at = DateTimeTZField()

    class Meta:
        table_name = "chain_state"


# ------------------------------------------------------------------ mail


class MailOutbox(StatusTable):
    id = IdentityField()
    user_id = BigIntegerField(null=True)
    to_address = TextField()
    reader = TextField(null=True)
    locale = TextField()
    kind = TextField()
    params = BinaryJSONField()
    dedupe_key = TextField(null=True)
    status = TextField()
    attempts = IntegerField()
    next_attempt_at = DateTimeTZField()
    last_error = TextField(null=True)
    created_at = DateTimeTZField()
    expires_at = DateTimeTZField()
    sent_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "mail_outbox"


# ------------------------------------------------------------------ notifications


class MailPreference(Table):
    user_id = BigIntegerField()
    topic = TextField()
    wanted = BooleanField()

    class Meta:
        table_name = "mail_preferences"
        primary_key = CompositeKey("user_id", "topic")


class Notification(Table):
    id = IdentityField()
    user_id = BigIntegerField()
    kind = TextField()
    params = BinaryJSONField()
    dedupe_key = TextField()
    created_at = DateTimeTZField()
    read_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "notifications"


# ------------------------------------------------------------------ proposals


class Proposal(StatusTable):
    id = IdentityField()
    kind = TextField()
    subject = TextField()
    status = TextField()
    amount_minor = BigIntegerField(null=True)
    currency = TextField(null=True)
    wallet = TextField(null=True)
    replaced_wallet = TextField(null=True)
    usd_value = ExactField(null=True)
    reason = TextField()
    request_id = TextField()
    proposed_by = BigIntegerField()
    decided_by = BigIntegerField(null=True)
    decision_reason = TextField(null=True)
    created_at = DateTimeTZField()
    updated_at = DateTimeTZField()
    expires_at = DateTimeTZField()

    class Meta:
        table_name = "proposals"


# ------------------------------------------------------------------ webhooks


class WebhookEndpoint(Table):
    store_id: int
    id = IdentityField()
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    url = TextField()
    types = ArrayField(TextField, index=False)
    secret = BlobField()
    previous_secret = BlobField(null=True)
    previous_secret_until = DateTimeTZField(null=True)
    failing_since = DateTimeTZField(null=True)
    disabled_at = DateTimeTZField(null=True)
    disabled_reason = TextField(null=True)
    created_by = BigIntegerField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "webhook_endpoints"


class WebhookEvent(Table):
    store_id: int
    id = IdentityField()
    webhook_id = TextField()
    store = ForeignKeyField(Store, column_name="store_id", index=False)
    type = TextField()
    order_reference = TextField(null=True)
    payload = BinaryJSONField()
    created_at = DateTimeTZField()

    class Meta:
        table_name = "webhook_events"


class WebhookDelivery(StatusTable):
    endpoint_id: int
    event_id: int
    id = IdentityField()
    endpoint = ForeignKeyField(WebhookEndpoint, column_name="endpoint_id", index=False)
    event = ForeignKeyField(WebhookEvent, column_name="event_id", index=False)
    type = TextField()
    status = TextField()
    attempts = IntegerField()
    next_attempt_at = DateTimeTZField(null=True)
    last_attempt_at = DateTimeTZField(null=True)
    last_status_code = IntegerField(null=True)
    last_error = TextField(null=True)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "webhook_deliveries"


# ------------------------------------------------------------------ monitoring


class JobRun(Table):
    id = IdentityField()
    job = TextField()
    every_seconds = IntegerField()
    process = TextField()
    outcome = TextField()
    started_at = DateTimeTZField()
    finished_at = DateTimeTZField(null=True)
    duration_ms = BigIntegerField(null=True)
    error = TextField(null=True)

    class Meta:
        table_name = "job_runs"


class OperatorAlert(Table):
    id = IdentityField()
    kind = TextField()
    subject = TextField()
    is_critical = BooleanField()
    number = BigIntegerField()
    times = IntegerField()
    opened_at = DateTimeTZField()
    quiet_since = DateTimeTZField(null=True)
    closed_at = DateTimeTZField(null=True)
    reported_at = DateTimeTZField(null=True)
    owes_report = BooleanField()

    class Meta:
        table_name = "operator_alerts"


# ------------------------------------------------------------------ figures


class CountedDay(Table):
    """A day (UTC) whose figures were counted."""

    day = DateField(primary_key=True)
    counted_at = DateTimeTZField()

    class Meta:
        table_name = "counted_days"


class DailyFigure(Table):
    """What was sold, earned or minted on a day, by store and currency; amounts in minor units, or wei of TOKEN."""

    day = DateField()
    kind = TextField()
    store_id = BigIntegerField()
    currency = TextField()
    items = BigIntegerField()
    amount = WeiField()

    class Meta:
        table_name = "daily_figures"
        primary_key = CompositeKey("day", "kind", "store_id", "currency")


# ------------------------------------------------------------------ stored_settings


class SettingsVersion(Table):
    """Settings that an admin saved; the newest row is in force."""

    created_by_id: int | None
    id = IdentityField()
    settings = BinaryJSONField()
    created_by = ForeignKeyField(User, column_name="created_by", null=True, index=False)
    created_at = DateTimeTZField()

    class Meta:
        table_name = "settings_versions"


class BrandLogo(Table):
    """An uploaded logo as WebP."""

    digest = TextField(primary_key=True)
    content = BlobField()
    created_at = DateTimeTZField()

    class Meta:
        table_name = "brand_logos"


# ------------------------------------------------------------------ db


class FailingItem(Table):
    queue = TextField()
    item_id = TextField()
    attempts = IntegerField()
    reason = TextField()
    created_at = DateTimeTZField()
    last_tried_at = DateTimeTZField()
    next_attempt_at = DateTimeTZField()

    class Meta:
        table_name = "failing_items"
        primary_key = CompositeKey("queue", "item_id")


class AppliedFunctions(Table):
    id = SmallIntegerField(primary_key=True)
    content_hash = TextField()
    applied_at = DateTimeTZField()
    earlier_hashes = ArrayField(TextField, index=False)

    class Meta:
        table_name = "applied_functions"


class EventLog(Table):
    id = IdentityField()
    at = DateTimeTZField()
    actor = TextField()
    actor_user_id = BigIntegerField(null=True)
    entity = TextField()
    entity_id = TextField()
    event = TextField()
    from_status = TextField(null=True)
    to_status = TextField(null=True)
    reason = TextField(null=True)
    order_reference = TextField(null=True)
    data = BinaryJSONField()

    class Meta:
        table_name = "event_log"

-- Tables, views and triggers after all migrations and functions; sql/functions has the functions.
-- Generated: run `make schema` after changing sql/.

CREATE TYPE public.journal_line AS (
	kind text,
	debit_account text,
	credit_account text,
	amount numeric
);

CREATE TABLE public.credit_entries (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    order_reference text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    refund_id bigint,
    request_id text,
    CONSTRAINT credit_entries_amount_minor_check CHECK ((amount_minor <> 0)),
    CONSTRAINT credit_entries_request_id_check CHECK (((char_length(request_id) >= 1) AND (char_length(request_id) <= 64)))
);

CREATE TABLE public.settlements (
    id bigint NOT NULL,
    order_reference text NOT NULL,
    order_id text,
    vendor_id bigint NOT NULL,
    kind text DEFAULT 'sale'::text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    commission_minor bigint NOT NULL,
    net_payout_minor bigint NOT NULL,
    status text NOT NULL,
    scheduled_for timestamp with time zone NOT NULL,
    processed_at timestamp with time zone,
    transaction_id text,
    failure_reason text,
    payout_batch_id bigint,
    metadata jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    refund_id bigint,
    collected_by text DEFAULT 'platform'::text NOT NULL,
    platform_commission_minor bigint NOT NULL,
    referral_commission_minor bigint NOT NULL,
    split_commissions jsonb NOT NULL,
    CONSTRAINT settlements_check CHECK ((net_payout_minor = (amount_minor - commission_minor))),
    CONSTRAINT settlements_check1 CHECK (((kind = 'refund'::text) OR (status = ANY (ARRAY['held'::text, 'cancelled'::text])) OR (net_payout_minor >= 0))),
    CONSTRAINT settlements_check2 CHECK (((kind = 'sale'::text) OR ((amount_minor <= 0) AND (commission_minor <= 0)))),
    CONSTRAINT settlements_collected_by_check CHECK ((collected_by = ANY (ARRAY['platform'::text, 'store'::text]))),
    CONSTRAINT settlements_integer_splits CHECK (((jsonb_typeof(split_commissions) = 'object'::text) AND (NOT jsonb_path_exists(split_commissions, '$.*?(@.type() != "number" || @ != @.floor())'::jsonpath)))),
    CONSTRAINT settlements_kind_check CHECK ((kind = ANY (ARRAY['sale'::text, 'refund'::text]))),
    CONSTRAINT settlements_metadata_check CHECK ((metadata ? 'commissionBreakdown'::text)),
    CONSTRAINT settlements_parts_add_up CHECK (((commission_minor)::numeric = (((platform_commission_minor + referral_commission_minor))::numeric + public.split_total(split_commissions)))),
    CONSTRAINT settlements_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'held'::text, 'cancelled'::text])))
);

COMMENT ON COLUMN public.settlements.collected_by IS 'Who received the buyer''s payment: what the store received is never paid out';

CREATE TABLE public.payment_transactions (
    id bigint NOT NULL,
    order_reference text NOT NULL,
    purpose text NOT NULL,
    processor text NOT NULL,
    rail text NOT NULL,
    entity_id text NOT NULL,
    user_id bigint,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    status text DEFAULT 'created'::text NOT NULL,
    failure_reason text,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    paid_at timestamp with time zone,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    checked_at timestamp with time zone,
    CONSTRAINT payment_transactions_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT payment_transactions_check CHECK (((user_id IS NOT NULL) OR ((purpose = 'store_order'::text) AND (processor <> 'internal_credit'::text)))),
    CONSTRAINT payment_transactions_purpose_check CHECK ((purpose = ANY (ARRAY['store_order'::text, 'membership_upgrade'::text]))),
    CONSTRAINT payment_transactions_rail_check CHECK ((rail = ANY (ARRAY['merchant_redirect'::text, 'internal_credit'::text]))),
    CONSTRAINT payment_transactions_refunded_minor_check CHECK ((refunded_minor >= 0)),
    CONSTRAINT payment_transactions_status_check CHECK ((status = ANY (ARRAY['created'::text, 'redirected'::text, 'pending'::text, 'paid'::text, 'failed'::text, 'cancelled'::text, 'refunded'::text])))
);

CREATE TABLE public.payouts (
    id bigint NOT NULL,
    batch_id bigint NOT NULL,
    vendor_id bigint NOT NULL,
    currency text NOT NULL,
    net_minor bigint NOT NULL,
    reserve_percent numeric(9,6) NOT NULL,
    reserve_minor bigint NOT NULL,
    released_minor bigint DEFAULT 0 NOT NULL,
    amount_minor bigint NOT NULL,
    status text DEFAULT 'processing'::text NOT NULL,
    transaction_id text,
    failure_reason text,
    payout_wallet text,
    chain_id bigint,
    token_address text,
    token_decimals integer,
    units_per_usd numeric(38,18),
    rate_source text,
    rate_at timestamp with time zone,
    amount_wei numeric(78,0),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    processed_at timestamp with time zone,
    CONSTRAINT payouts_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT payouts_amount_wei_check CHECK ((amount_wei > (0)::numeric)),
    CONSTRAINT payouts_check CHECK ((amount_minor = ((net_minor - reserve_minor) + released_minor))),
    CONSTRAINT payouts_check1 CHECK (((status <> 'completed'::text) OR (transaction_id IS NOT NULL))),
    CONSTRAINT payouts_check2 CHECK (((status = 'failed'::text) = (failure_reason IS NOT NULL))),
    CONSTRAINT payouts_payout_wallet_check CHECK ((payout_wallet ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT payouts_released_minor_check CHECK ((released_minor >= 0)),
    CONSTRAINT payouts_reserve_minor_check CHECK ((reserve_minor >= 0)),
    CONSTRAINT payouts_reserve_percent_check CHECK (((reserve_percent >= (0)::numeric) AND (reserve_percent <= (100)::numeric))),
    CONSTRAINT payouts_status_check CHECK ((status = ANY (ARRAY['processing'::text, 'completed'::text, 'failed'::text]))),
    CONSTRAINT payouts_token_address_check CHECK ((token_address ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT payouts_token_decimals_check CHECK (((token_decimals >= 0) AND (token_decimals <= 77))),
    CONSTRAINT payouts_units_per_usd_check CHECK ((units_per_usd > (0)::numeric))
);

CREATE TABLE public.reward_debits (
    id bigint NOT NULL,
    reward_id bigint NOT NULL,
    referrer_user_id bigint NOT NULL,
    amount_wei numeric(78,0) NOT NULL,
    netted_wei numeric(78,0) DEFAULT 0 NOT NULL,
    reason text NOT NULL,
    order_reference text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT reward_debits_amount_wei_check CHECK ((amount_wei > (0)::numeric)),
    CONSTRAINT reward_debits_check CHECK ((netted_wei <= amount_wei)),
    CONSTRAINT reward_debits_netted_wei_check CHECK ((netted_wei >= (0)::numeric))
);

CREATE TABLE public.referral_rewards (
    id bigint NOT NULL,
    order_reference text NOT NULL,
    order_id text,
    ref_code text NOT NULL,
    referrer_user_id bigint NOT NULL,
    referrer_wallet text NOT NULL,
    referee_user_id bigint,
    order_total_minor bigint NOT NULL,
    currency text NOT NULL,
    reward_percent numeric(9,6) NOT NULL,
    usd_value numeric(38,18),
    token_price_usd numeric(38,18),
    reward_amount_wei numeric(78,0),
    reward_token text,
    chain_id bigint,
    rail text NOT NULL,
    status text NOT NULL,
    sizing jsonb DEFAULT '{}'::jsonb NOT NULL,
    tx_hash text,
    approved_by bigint,
    approved_at timestamp with time zone,
    failure_reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    granted_wei numeric(78,0),
    netted_wei numeric(78,0) DEFAULT 0 NOT NULL,
    refund_due boolean DEFAULT false NOT NULL,
    bonus_percent numeric(9,6) DEFAULT 0 NOT NULL,
    programme_version_id bigint,
    mintable_from timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT referral_rewards_bonus_percent_check CHECK (((bonus_percent >= (0)::numeric) AND (bonus_percent <= (100)::numeric))),
    CONSTRAINT referral_rewards_check CHECK (((status <> ALL (ARRAY['pending_approval'::text, 'approved'::text, 'minting'::text, 'minted'::text])) OR (reward_amount_wei IS NOT NULL))),
    CONSTRAINT referral_rewards_check1 CHECK (((status <> 'minted'::text) OR (tx_hash IS NOT NULL))),
    CONSTRAINT referral_rewards_check2 CHECK (((status <> ALL (ARRAY['failed'::text, 'rejected'::text])) OR (failure_reason IS NOT NULL))),
    CONSTRAINT referral_rewards_check3 CHECK (((referee_user_id IS NULL) OR (referee_user_id <> referrer_user_id))),
    CONSTRAINT referral_rewards_granted_wei_check CHECK ((granted_wei > (0)::numeric)),
    CONSTRAINT referral_rewards_netted_wei_check CHECK ((netted_wei >= (0)::numeric)),
    CONSTRAINT referral_rewards_order_total_minor_check CHECK ((order_total_minor >= 0)),
    CONSTRAINT referral_rewards_rail_check CHECK ((rail = ANY (ARRAY['fiat'::text, 'crypto'::text]))),
    CONSTRAINT referral_rewards_referrer_wallet_check CHECK ((referrer_wallet ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT referral_rewards_reward_amount_wei_check CHECK ((reward_amount_wei > (0)::numeric)),
    CONSTRAINT referral_rewards_reward_percent_check CHECK (((reward_percent >= (0)::numeric) AND (reward_percent <= (100)::numeric))),
    CONSTRAINT referral_rewards_status_check CHECK ((status = ANY (ARRAY['pending_approval'::text, 'approved'::text, 'minting'::text, 'minted'::text, 'failed'::text, 'rejected'::text]))),
    CONSTRAINT referral_rewards_token_price_usd_check CHECK ((token_price_usd > (0)::numeric)),
    CONSTRAINT referral_rewards_usd_value_check CHECK ((usd_value >= (0)::numeric))
);

CREATE TABLE public.access_signals (
    period integer NOT NULL,
    kind text NOT NULL,
    hash bytea NOT NULL,
    user_id bigint NOT NULL,
    CONSTRAINT access_signals_hash_check CHECK ((octet_length(hash) = 16)),
    CONSTRAINT access_signals_kind_check CHECK ((kind = ANY (ARRAY['address'::text, 'device'::text])))
);

CREATE TABLE public.account_links (
    id bigint NOT NULL,
    key text NOT NULL,
    purpose text NOT NULL,
    user_id bigint NOT NULL,
    email text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT account_links_check CHECK ((expires_at > created_at)),
    CONSTRAINT account_links_purpose_check CHECK ((purpose = ANY (ARRAY['reset_password'::text, 'confirm_email'::text])))
);

ALTER TABLE public.account_links ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.account_links_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.applied_functions (
    id smallint DEFAULT 1 NOT NULL,
    content_hash text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT applied_functions_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT applied_functions_id_check CHECK ((id = 1))
);

CREATE TABLE public.chain_alerts (
    id bigint NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    resolved_at timestamp with time zone
);

ALTER TABLE public.chain_alerts ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.chain_alerts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.chain_attempts (
    id bigint NOT NULL,
    transaction_id bigint NOT NULL,
    tx_hash text NOT NULL,
    raw bytea NOT NULL,
    max_fee_wei numeric(78,0) NOT NULL,
    tip_wei numeric(78,0) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_sent_at timestamp with time zone,
    sends integer DEFAULT 0 NOT NULL,
    last_answer text,
    CONSTRAINT chain_attempts_tx_hash_check CHECK ((tx_hash ~ '^0x[0-9a-f]{64}$'::text))
);

ALTER TABLE public.chain_attempts ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.chain_attempts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.chain_audit (
    chain_id bigint NOT NULL,
    contract_address text NOT NULL,
    first_block bigint NOT NULL,
    block_number bigint NOT NULL,
    block_hash text NOT NULL,
    epoch bigint NOT NULL,
    audited_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.chain_leaders (
    name text NOT NULL,
    epoch bigint NOT NULL,
    taken_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT chain_leaders_epoch_check CHECK ((epoch > 0))
);

CREATE TABLE public.chain_state (
    name text NOT NULL,
    value jsonb NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.chain_transaction_items (
    transaction_id bigint NOT NULL,
    "position" integer NOT NULL,
    purpose text NOT NULL,
    item_id bigint NOT NULL,
    recipient text NOT NULL,
    amount_wei numeric(78,0) NOT NULL,
    order_ref text,
    open boolean DEFAULT true NOT NULL,
    CONSTRAINT chain_transaction_items_amount_wei_check CHECK ((amount_wei > (0)::numeric)),
    CONSTRAINT chain_transaction_items_order_ref_check CHECK ((order_ref ~ '^0x[0-9a-f]{64}$'::text)),
    CONSTRAINT chain_transaction_items_purpose_check CHECK ((purpose = ANY (ARRAY['reward'::text, 'payout'::text]))),
    CONSTRAINT chain_transaction_items_recipient_check CHECK ((recipient ~ '^0x[0-9a-f]{40}$'::text))
);

CREATE TABLE public.chain_transactions (
    id bigint NOT NULL,
    chain_id bigint NOT NULL,
    operator text NOT NULL,
    nonce bigint NOT NULL,
    purpose text NOT NULL,
    to_address text NOT NULL,
    calldata bytea NOT NULL,
    gas_limit bigint NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    epoch bigint NOT NULL,
    tx_hash text,
    block_number bigint,
    block_hash text,
    gas_used bigint,
    gas_price_wei numeric(78,0),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT chain_transactions_check CHECK (((status <> ALL (ARRAY['succeeded'::text, 'reverted'::text])) OR ((tx_hash IS NOT NULL) AND (block_number IS NOT NULL)))),
    CONSTRAINT chain_transactions_check1 CHECK (((status = 'open'::text) = (settled_at IS NULL))),
    CONSTRAINT chain_transactions_gas_limit_check CHECK ((gas_limit > 0)),
    CONSTRAINT chain_transactions_nonce_check CHECK ((nonce >= 0)),
    CONSTRAINT chain_transactions_operator_check CHECK ((operator ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT chain_transactions_purpose_check CHECK ((purpose = ANY (ARRAY['reward'::text, 'payout'::text, 'filler'::text]))),
    CONSTRAINT chain_transactions_status_check CHECK ((status = ANY (ARRAY['open'::text, 'succeeded'::text, 'reverted'::text, 'superseded'::text]))),
    CONSTRAINT chain_transactions_to_address_check CHECK ((to_address ~ '^0x[0-9a-f]{40}$'::text))
);

ALTER TABLE public.chain_transactions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.chain_transactions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.code_order_deltas (
    id bigint NOT NULL,
    code text NOT NULL,
    orders bigint NOT NULL,
    paid bigint NOT NULL,
    refunded bigint NOT NULL
);

ALTER TABLE public.code_order_deltas ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.code_order_deltas_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.code_order_totals (
    code text NOT NULL,
    orders bigint NOT NULL,
    paid bigint NOT NULL,
    refunded bigint NOT NULL
);

CREATE TABLE public.commission_structures (
    id bigint NOT NULL,
    vendor_id bigint,
    name text NOT NULL,
    referral_percent numeric(9,6),
    CONSTRAINT commission_structures_referral_percent_check CHECK (((referral_percent >= (0)::numeric) AND (referral_percent <= (100)::numeric)))
);

ALTER TABLE public.commission_structures ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.commission_structures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.credit_balances (
    user_id bigint NOT NULL,
    currency text NOT NULL,
    balance_minor bigint DEFAULT 0 NOT NULL,
    CONSTRAINT credit_balances_balance_minor_check CHECK ((balance_minor >= 0))
);

ALTER TABLE public.credit_entries ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.credit_entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.customers (
    id bigint NOT NULL,
    store_id bigint NOT NULL,
    user_id bigint,
    key text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON COLUMN public.customers.key IS 'Identifies a buyer within a store; of the built-in shop, user:<id of the account>';

ALTER TABLE public.customers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.customers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.erp_sales_assists (
    id bigint NOT NULL,
    order_reference text NOT NULL,
    order_id text,
    vendor_id bigint NOT NULL,
    referral_code text NOT NULL,
    referrer_user_id bigint NOT NULL,
    subtotal_minor bigint NOT NULL,
    currency text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.erp_sales_assists ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.erp_sales_assists_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.event_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    actor_user_id bigint,
    entity text NOT NULL,
    entity_id text NOT NULL,
    event text NOT NULL,
    from_status text,
    to_status text,
    reason text,
    order_reference text,
    data jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE public.event_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.event_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.exchange_rates (
    source text NOT NULL,
    currency text NOT NULL,
    day date NOT NULL,
    units_per_usd numeric(38,18) NOT NULL,
    fetched_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT exchange_rates_units_per_usd_check CHECK ((units_per_usd > (0)::numeric))
);

CREATE TABLE public.journal_account_balances (
    account text NOT NULL,
    currency text NOT NULL,
    balance numeric(78,0) NOT NULL
);

CREATE TABLE public.journal_balance_deltas (
    id bigint NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    amount numeric(78,0) NOT NULL
);

ALTER TABLE public.journal_balance_deltas ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.journal_balance_deltas_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.journal_balances AS
 SELECT account,
    currency,
    sum(amount) AS balance
   FROM ( SELECT journal_account_balances.account,
            journal_account_balances.currency,
            journal_account_balances.balance AS amount
           FROM public.journal_account_balances
        UNION ALL
         SELECT journal_balance_deltas.account,
            journal_balance_deltas.currency,
            journal_balance_deltas.amount
           FROM public.journal_balance_deltas) parts
  GROUP BY account, currency;

CREATE TABLE public.journal_transfers (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    kind text NOT NULL,
    order_reference text,
    currency text NOT NULL,
    debit_account text NOT NULL,
    credit_account text NOT NULL,
    amount numeric(78,0) NOT NULL,
    source text NOT NULL,
    source_id bigint NOT NULL,
    CONSTRAINT journal_transfers_amount_check CHECK ((amount > (0)::numeric)),
    CONSTRAINT journal_transfers_check CHECK ((debit_account <> credit_account))
);

ALTER TABLE public.journal_transfers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.journal_transfers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.mail_outbox (
    id bigint NOT NULL,
    user_id bigint,
    to_address text NOT NULL,
    locale text DEFAULT 'en'::text NOT NULL,
    kind text NOT NULL,
    params jsonb DEFAULT '{}'::jsonb NOT NULL,
    dedupe_key text,
    status text DEFAULT 'queued'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    CONSTRAINT mail_outbox_check CHECK (((status = 'sent'::text) = (sent_at IS NOT NULL))),
    CONSTRAINT mail_outbox_locale_check CHECK ((locale = ANY (ARRAY['en'::text, 'uk'::text, 'ru'::text]))),
    CONSTRAINT mail_outbox_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'sent'::text, 'dead'::text, 'expired'::text])))
);

ALTER TABLE public.mail_outbox ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.mail_outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.mail_preferences (
    user_id bigint NOT NULL,
    topic text NOT NULL,
    wanted boolean NOT NULL
);

CREATE TABLE public.membership_months (
    order_reference text NOT NULL,
    user_id bigint NOT NULL,
    tier text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT membership_months_check CHECK ((ends_at > starts_at)),
    CONSTRAINT membership_months_tier_check CHECK ((tier = ANY (ARRAY['MEMBER'::text, 'CONFIDENTIAL'::text])))
);

CREATE TABLE public.merchant_configs (
    vendor_id bigint NOT NULL,
    platform_percent numeric(9,6),
    referral_percent numeric(9,6),
    custom_splits jsonb DEFAULT '[]'::jsonb NOT NULL,
    payout_frequency text DEFAULT 'WEEKLY'::text NOT NULL,
    hold_days integer DEFAULT 3 NOT NULL,
    minimum_payout_minor bigint DEFAULT 0 NOT NULL,
    reserve_percent numeric(9,6) DEFAULT 0 NOT NULL,
    payout_wallet text,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT merchant_configs_custom_splits_check CHECK ((jsonb_typeof(custom_splits) = 'array'::text)),
    CONSTRAINT merchant_configs_hold_days_check CHECK (((hold_days >= 0) AND (hold_days <= 365))),
    CONSTRAINT merchant_configs_minimum_payout_minor_check CHECK ((minimum_payout_minor >= 0)),
    CONSTRAINT merchant_configs_payout_frequency_check CHECK ((payout_frequency = ANY (ARRAY['INSTANT'::text, 'DAILY'::text, 'WEEKLY'::text, 'MONTHLY'::text]))),
    CONSTRAINT merchant_configs_payout_wallet_check CHECK ((payout_wallet ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT merchant_configs_platform_percent_check CHECK (((platform_percent >= (0)::numeric) AND (platform_percent <= (100)::numeric))),
    CONSTRAINT merchant_configs_referral_percent_check CHECK (((referral_percent >= (0)::numeric) AND (referral_percent <= (100)::numeric))),
    CONSTRAINT merchant_configs_reserve_percent_check CHECK (((reserve_percent >= (0)::numeric) AND (reserve_percent <= (100)::numeric)))
);

CREATE TABLE public.mint_job_items (
    job_id bigint NOT NULL,
    reward_id bigint NOT NULL
);

CREATE TABLE public.mint_jobs (
    id bigint NOT NULL,
    kind text NOT NULL,
    requested_by bigint,
    retry_of bigint,
    limit_count integer,
    status text DEFAULT 'queued'::text NOT NULL,
    stop_requested boolean DEFAULT false NOT NULL,
    processed integer DEFAULT 0 NOT NULL,
    submitted integer DEFAULT 0 NOT NULL,
    minted integer DEFAULT 0 NOT NULL,
    failed integer DEFAULT 0 NOT NULL,
    waiting_reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT mint_jobs_check CHECK (((status = ANY (ARRAY['finished'::text, 'stopped'::text])) = (finished_at IS NOT NULL))),
    CONSTRAINT mint_jobs_kind_check CHECK ((kind = ANY (ARRAY['batch'::text, 'single'::text, 'retry'::text]))),
    CONSTRAINT mint_jobs_limit_count_check CHECK ((limit_count > 0)),
    CONSTRAINT mint_jobs_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'finished'::text, 'stopped'::text])))
);

ALTER TABLE public.mint_jobs ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.mint_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.notifications (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    params jsonb DEFAULT '{}'::jsonb NOT NULL,
    dedupe_key text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    read_at timestamp with time zone
);

ALTER TABLE public.notifications ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.notifications_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.order_items (
    id bigint NOT NULL,
    order_id text NOT NULL,
    product_id bigint,
    vendor_id bigint NOT NULL,
    name text NOT NULL,
    quantity integer NOT NULL,
    unit_price_minor bigint,
    subtotal_minor bigint NOT NULL,
    sku text NOT NULL,
    CONSTRAINT order_items_check CHECK ((subtotal_minor = (unit_price_minor * quantity))),
    CONSTRAINT order_items_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT order_items_subtotal_minor_check CHECK ((subtotal_minor >= 0)),
    CONSTRAINT order_items_unit_price_minor_check CHECK ((unit_price_minor >= 0))
);

COMMENT ON COLUMN public.order_items.product_id IS 'The product of the catalogue; null where the store reports a line of its own';

COMMENT ON COLUMN public.order_items.unit_price_minor IS 'Null where the store reports the amount of the line only';

ALTER TABLE public.order_items ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.order_items_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.orders (
    id text NOT NULL,
    order_reference text NOT NULL,
    buyer_user_id bigint,
    status text DEFAULT 'created'::text NOT NULL,
    total_minor bigint NOT NULL,
    currency text NOT NULL,
    referral_code text,
    referrer_user_id bigint,
    referrer_wallet text,
    referral_reason text,
    referral_trace jsonb DEFAULT '[]'::jsonb NOT NULL,
    checkout_key text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    paid_at timestamp with time zone,
    store_id bigint DEFAULT 1 NOT NULL,
    customer_id bigint NOT NULL,
    external_id text,
    paid_minor bigint DEFAULT 0 NOT NULL,
    link_label text,
    CONSTRAINT orders_check CHECK (((referral_code IS NULL) = (referrer_user_id IS NULL))),
    CONSTRAINT orders_check1 CHECK (((referral_code IS NULL) OR (referral_reason IS NULL))),
    CONSTRAINT orders_paid_minor_check CHECK ((paid_minor >= 0)),
    CONSTRAINT orders_referral_reason_check CHECK ((referral_reason = ANY (ARRAY['no_code'::text, 'unknown_code'::text, 'self_referral'::text, 'wallet_overlap'::text, 'not_first_purchase'::text]))),
    CONSTRAINT orders_status_check CHECK ((status = ANY (ARRAY['created'::text, 'paid'::text, 'cancelled'::text, 'refunded'::text]))),
    CONSTRAINT orders_total_minor_check CHECK ((total_minor >= 0))
);

COMMENT ON COLUMN public.orders.buyer_user_id IS 'The account that bought; null where no account of this portal did';

COMMENT ON COLUMN public.orders.total_minor IS 'The commissionable amount: the sum of the lines';

COMMENT ON COLUMN public.orders.external_id IS 'What the store calls the order';

COMMENT ON COLUMN public.orders.paid_minor IS 'What the buyer paid: 0 until the order is paid, then unchanged; refunds are counted by the payment';

CREATE TABLE public.password_reset_requests (
    id bigint NOT NULL,
    email text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.password_reset_requests ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.password_reset_requests_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.payment_events (
    id bigint NOT NULL,
    provider text NOT NULL,
    order_reference text,
    authentic boolean NOT NULL,
    outcome text,
    reason text,
    fingerprint text,
    payload text NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    closed_at timestamp with time zone,
    closed_by bigint,
    note text,
    CONSTRAINT payment_events_check CHECK ((((closed_at IS NULL) = (closed_by IS NULL)) AND ((closed_at IS NULL) = (note IS NULL)))),
    CONSTRAINT payment_events_check1 CHECK (((closed_at IS NULL) OR (outcome = 'unmatched'::text))),
    CONSTRAINT payment_events_note_check CHECK (((char_length(note) >= 1) AND (char_length(note) <= 500))),
    CONSTRAINT payment_events_outcome_check CHECK ((outcome = ANY (ARRAY['applied'::text, 'duplicate'::text, 'unmatched'::text, 'refused'::text])))
);

ALTER TABLE public.payment_events ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.payment_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.payment_refunds (
    id bigint NOT NULL,
    order_reference text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    source text NOT NULL,
    request_id text,
    fingerprint text,
    payment_event_id bigint,
    status text NOT NULL,
    reason text,
    refusal text,
    requested_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_at timestamp with time zone,
    CONSTRAINT payment_refunds_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT payment_refunds_check CHECK (((source = 'admin'::text) = (request_id IS NOT NULL))),
    CONSTRAINT payment_refunds_check1 CHECK (((status = 'applied'::text) = (applied_at IS NOT NULL))),
    CONSTRAINT payment_refunds_request_id_check CHECK (((char_length(request_id) >= 1) AND (char_length(request_id) <= 64))),
    CONSTRAINT payment_refunds_source_check CHECK ((source = ANY (ARRAY['provider'::text, 'admin'::text]))),
    CONSTRAINT payment_refunds_status_check CHECK ((status = ANY (ARRAY['requested'::text, 'waiting'::text, 'applied'::text, 'refused'::text])))
);

ALTER TABLE public.payment_refunds ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.payment_refunds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.payment_transactions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.payment_transactions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.payout_batches (
    id bigint NOT NULL,
    status text DEFAULT 'created'::text NOT NULL,
    mode text NOT NULL,
    idempotency_key text,
    totals jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    CONSTRAINT payout_batches_mode_check CHECK ((mode = ANY (ARRAY['simulated'::text, 'onchain'::text]))),
    CONSTRAINT payout_batches_status_check CHECK ((status = ANY (ARRAY['created'::text, 'processing'::text, 'completed'::text, 'partial'::text, 'failed'::text])))
);

ALTER TABLE public.payout_batches ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.payout_batches_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.payout_items (
    payout_id bigint NOT NULL,
    settlement_id bigint NOT NULL,
    net_minor bigint NOT NULL,
    live boolean DEFAULT true NOT NULL
);

ALTER TABLE public.payouts ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.payouts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.platform_config (
    id smallint DEFAULT 1 NOT NULL,
    referral_percent numeric(9,6),
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT platform_config_id_check CHECK ((id = 1)),
    CONSTRAINT platform_config_referral_percent_check CHECK (((referral_percent >= (0)::numeric) AND (referral_percent <= (100)::numeric)))
);

CREATE TABLE public.platform_visits (
    day date NOT NULL,
    shard smallint NOT NULL,
    visits bigint NOT NULL,
    CONSTRAINT platform_visits_visits_check CHECK ((visits >= 0))
)
WITH (fillfactor='50');

CREATE TABLE public.products (
    id bigint NOT NULL,
    vendor_id bigint NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    price_minor bigint NOT NULL,
    currency text NOT NULL,
    stock bigint DEFAULT 0 NOT NULL,
    referral_percent numeric(9,6),
    commission_structure_id bigint,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT products_currency_check CHECK ((currency ~ '^[A-Z]{3,5}$'::text)),
    CONSTRAINT products_price_minor_check CHECK ((price_minor >= 0)),
    CONSTRAINT products_referral_percent_check CHECK (((referral_percent >= (0)::numeric) AND (referral_percent <= (100)::numeric)))
);

ALTER TABLE public.products ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.products_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.programme_versions (
    id bigint NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    rules jsonb NOT NULL,
    created_by bigint,
    CONSTRAINT programme_versions_check CHECK ((ends_at > starts_at)),
    CONSTRAINT programme_versions_rules_check CHECK ((jsonb_typeof(rules) = 'object'::text))
);

ALTER TABLE public.programme_versions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.programme_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.rail_failures (
    id bigint NOT NULL,
    order_reference text NOT NULL,
    rail text NOT NULL,
    reason text NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_tried_at timestamp with time zone DEFAULT now() NOT NULL,
    resolved_at timestamp with time zone,
    CONSTRAINT rail_failures_rail_check CHECK ((rail = ANY (ARRAY['commission'::text, 'reward'::text])))
);

ALTER TABLE public.rail_failures ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.rail_failures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.recovery_codes (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    code_hash text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT recovery_codes_code_hash_check CHECK ((code_hash ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE public.recovery_codes ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.recovery_codes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.refcodes (
    code text NOT NULL,
    owner_user_id bigint NOT NULL,
    wallet_address text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    visits_total bigint DEFAULT 0 NOT NULL,
    last_visit_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT refcodes_code_check CHECK (((char_length(code) >= 1) AND (char_length(code) <= 64))),
    CONSTRAINT refcodes_visits_total_check CHECK ((visits_total >= 0)),
    CONSTRAINT refcodes_wallet_address_check CHECK ((wallet_address ~ '^0x[0-9a-f]{40}$'::text))
)
WITH (fillfactor='70');

ALTER TABLE public.referral_rewards ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.referral_rewards_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.reserve_releases (
    id bigint NOT NULL,
    vendor_id bigint NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    reason text NOT NULL,
    idempotency_key text,
    created_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    payout_id bigint,
    CONSTRAINT reserve_releases_amount_minor_check CHECK ((amount_minor > 0))
);

ALTER TABLE public.reserve_releases ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.reserve_releases_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.reward_approvals (
    reward_id bigint NOT NULL,
    admin_user_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.reward_debits ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.reward_debits_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.reward_hint_counts (
    reward_id bigint NOT NULL,
    hints smallint NOT NULL,
    counted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT reward_hint_counts_hints_check CHECK ((hints >= 0))
);

CREATE TABLE public.reward_nettings (
    id bigint NOT NULL,
    debit_id bigint NOT NULL,
    reward_id bigint NOT NULL,
    amount_wei numeric(78,0) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    released_at timestamp with time zone,
    CONSTRAINT reward_nettings_amount_wei_check CHECK ((amount_wei > (0)::numeric))
);

ALTER TABLE public.reward_nettings ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.reward_nettings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.reward_total_deltas (
    id bigint NOT NULL,
    referrer_user_id bigint NOT NULL,
    status text NOT NULL,
    rewards bigint NOT NULL,
    amount_wei numeric(78,0) NOT NULL
);

ALTER TABLE public.reward_total_deltas ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.reward_total_deltas_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.reward_totals (
    referrer_user_id bigint NOT NULL,
    status text NOT NULL,
    rewards bigint NOT NULL,
    amount_wei numeric(78,0) NOT NULL
);

CREATE TABLE public.saved_filters (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    page text NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT saved_filters_name_check CHECK (((name = btrim(name)) AND ((length(name) >= 1) AND (length(name) <= 40)))),
    CONSTRAINT saved_filters_page_check CHECK ((page = ANY (ARRAY['rewards'::text, 'settlements'::text]))),
    CONSTRAINT saved_filters_query_check CHECK ((length(query) <= 4000))
);

ALTER TABLE public.saved_filters ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.saved_filters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.second_factors (
    user_id bigint NOT NULL,
    sealed_secret bytea NOT NULL,
    enabled_at timestamp with time zone,
    last_step bigint,
    failures integer DEFAULT 0 NOT NULL,
    blocked_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT second_factors_failures_check CHECK ((failures >= 0))
);

ALTER TABLE public.settlements ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.settlements_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.shared_signals (
    referrer_user_id bigint NOT NULL,
    referee_user_id bigint NOT NULL,
    kind text NOT NULL,
    found_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT shared_signals_check CHECK ((referee_user_id <> referrer_user_id)),
    CONSTRAINT shared_signals_kind_check CHECK ((kind = ANY (ARRAY['address'::text, 'device'::text])))
);

CREATE TABLE public.sign_in_failures (
    id bigint NOT NULL,
    account text NOT NULL,
    address text NOT NULL,
    is_known_place boolean DEFAULT false NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.sign_in_failures ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.sign_in_failures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.signal_salts (
    period integer NOT NULL,
    salt bytea NOT NULL,
    CONSTRAINT signal_salts_salt_check CHECK ((octet_length(salt) = 32))
);

CREATE TABLE public.stock_movements (
    id bigint NOT NULL,
    product_id bigint NOT NULL,
    order_id text,
    quantity bigint NOT NULL,
    reason text NOT NULL,
    referral_code text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT stock_movements_quantity_check CHECK ((quantity <> 0)),
    CONSTRAINT stock_movements_reason_check CHECK ((reason = ANY (ARRAY['initial'::text, 'sale'::text, 'refund'::text, 'correction'::text])))
);

ALTER TABLE public.stock_movements ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.stock_movements_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.stores (
    id bigint NOT NULL,
    public_id text NOT NULL,
    name text NOT NULL,
    platform text NOT NULL,
    collected_by text DEFAULT 'platform'::text NOT NULL,
    commission_base text DEFAULT 'net'::text NOT NULL,
    reward_waits_for text DEFAULT 'approval'::text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT stores_collected_by_check CHECK ((collected_by = ANY (ARRAY['platform'::text, 'store'::text]))),
    CONSTRAINT stores_commission_base_check CHECK ((commission_base = ANY (ARRAY['net'::text, 'gross'::text]))),
    CONSTRAINT stores_reward_waits_for_check CHECK ((reward_waits_for = ANY (ARRAY['approval'::text, 'statement'::text])))
);

COMMENT ON COLUMN public.stores.public_id IS 'Names the store in pages and scripts that anyone can read';

COMMENT ON COLUMN public.stores.collected_by IS 'Who receives the buyers'' payments';

COMMENT ON COLUMN public.stores.commission_base IS 'Whether commissions are computed from amounts before (net) or after tax (gross)';

ALTER TABLE public.stores ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.stores_id_seq
    START WITH 2
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.user_sessions (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    token_hash text NOT NULL,
    awaits_second_factor boolean DEFAULT false NOT NULL,
    browser text DEFAULT ''::text NOT NULL,
    system text DEFAULT ''::text NOT NULL,
    network text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    confirmed_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    ended_why text,
    CONSTRAINT user_sessions_check CHECK (((ended_at IS NULL) = (ended_why IS NULL))),
    CONSTRAINT user_sessions_token_hash_check CHECK ((token_hash ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE public.user_sessions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.user_sessions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.users (
    id bigint NOT NULL,
    email text,
    name text DEFAULT ''::text NOT NULL,
    password_hash text,
    role text DEFAULT 'user'::text NOT NULL,
    locale text DEFAULT 'en'::text NOT NULL,
    membership_tier text DEFAULT 'SUBSCRIBER'::text NOT NULL,
    membership_until timestamp with time zone,
    referred_by_code text,
    referred_by_user_id bigint,
    referred_by_wallet text,
    referred_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    email_confirmed_at timestamp with time zone,
    CONSTRAINT users_check CHECK (((referred_by_user_id IS NULL) OR (referred_by_user_id <> id))),
    CONSTRAINT users_locale_check CHECK ((locale = ANY (ARRAY['en'::text, 'uk'::text, 'ru'::text]))),
    CONSTRAINT users_membership_tier_check CHECK ((membership_tier = ANY (ARRAY['SUBSCRIBER'::text, 'MEMBER'::text, 'CONFIDENTIAL'::text]))),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['user'::text, 'vendor'::text, 'admin'::text])))
);

ALTER TABLE public.users ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.vendors (
    id bigint NOT NULL,
    name text NOT NULL,
    user_id bigint,
    store_tier text DEFAULT 'starter'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT vendors_store_tier_check CHECK ((store_tier = ANY (ARRAY['starter'::text, 'growth'::text, 'professional'::text, 'enterprise'::text])))
);

ALTER TABLE public.vendors ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.vendors_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.visit_daily (
    code text NOT NULL,
    day date NOT NULL,
    visits bigint NOT NULL,
    CONSTRAINT visit_daily_visits_check CHECK ((visits >= 0))
)
WITH (fillfactor='70');

CREATE TABLE public.visit_past (
    code text NOT NULL,
    day date NOT NULL,
    visits bigint NOT NULL,
    CONSTRAINT visit_past_visits_check CHECK ((visits >= 0))
);

CREATE TABLE public.wallet_challenges (
    id bigint NOT NULL,
    nonce text NOT NULL,
    purpose text NOT NULL,
    user_id bigint,
    session_key text,
    address text NOT NULL,
    message text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT wallet_challenges_address_check CHECK ((address ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT wallet_challenges_check CHECK ((expires_at > created_at)),
    CONSTRAINT wallet_challenges_nonce_check CHECK ((nonce ~ '^[A-Za-z0-9]{8,64}$'::text)),
    CONSTRAINT wallet_challenges_purpose_check CHECK ((purpose = ANY (ARRAY['link'::text, 'sign_in'::text, 'confirm'::text]))),
    CONSTRAINT wallet_challenges_session_check CHECK (((purpose = 'sign_in'::text) = (session_key IS NOT NULL))),
    CONSTRAINT wallet_challenges_user_check CHECK (((purpose = ANY (ARRAY['link'::text, 'confirm'::text])) = (user_id IS NOT NULL)))
);

ALTER TABLE public.wallet_challenges ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallet_challenges_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.wallets (
    address text NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT wallets_address_check CHECK ((address ~ '^0x[0-9a-f]{40}$'::text))
);

ALTER TABLE ONLY public.access_signals
    ADD CONSTRAINT access_signals_pkey PRIMARY KEY (period, kind, hash, user_id);

ALTER TABLE ONLY public.account_links
    ADD CONSTRAINT account_links_key_key UNIQUE (key);

ALTER TABLE ONLY public.account_links
    ADD CONSTRAINT account_links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.applied_functions
    ADD CONSTRAINT applied_functions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.chain_alerts
    ADD CONSTRAINT chain_alerts_kind_subject_key UNIQUE (kind, subject);

ALTER TABLE ONLY public.chain_alerts
    ADD CONSTRAINT chain_alerts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.chain_attempts
    ADD CONSTRAINT chain_attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.chain_attempts
    ADD CONSTRAINT chain_attempts_tx_hash_key UNIQUE (tx_hash);

ALTER TABLE ONLY public.chain_audit
    ADD CONSTRAINT chain_audit_pkey PRIMARY KEY (chain_id, contract_address);

ALTER TABLE ONLY public.chain_leaders
    ADD CONSTRAINT chain_leaders_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.chain_state
    ADD CONSTRAINT chain_state_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.chain_transaction_items
    ADD CONSTRAINT chain_transaction_items_pkey PRIMARY KEY (transaction_id, "position");

ALTER TABLE ONLY public.chain_transactions
    ADD CONSTRAINT chain_transactions_chain_id_operator_nonce_key UNIQUE (chain_id, operator, nonce);

ALTER TABLE ONLY public.chain_transactions
    ADD CONSTRAINT chain_transactions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.code_order_deltas
    ADD CONSTRAINT code_order_deltas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.code_order_totals
    ADD CONSTRAINT code_order_totals_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.commission_structures
    ADD CONSTRAINT commission_structures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credit_balances
    ADD CONSTRAINT credit_balances_pkey PRIMARY KEY (user_id, currency);

ALTER TABLE ONLY public.credit_entries
    ADD CONSTRAINT credit_entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credit_entries
    ADD CONSTRAINT credit_entries_refund_id_key UNIQUE (refund_id);

ALTER TABLE ONLY public.credit_entries
    ADD CONSTRAINT credit_entries_request_id_key UNIQUE (request_id);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_store_id_id_key UNIQUE (store_id, id);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_store_id_key_key UNIQUE (store_id, key);

ALTER TABLE ONLY public.erp_sales_assists
    ADD CONSTRAINT erp_sales_assists_order_reference_vendor_id_key UNIQUE (order_reference, vendor_id);

ALTER TABLE ONLY public.erp_sales_assists
    ADD CONSTRAINT erp_sales_assists_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.event_log
    ADD CONSTRAINT event_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.exchange_rates
    ADD CONSTRAINT exchange_rates_pkey PRIMARY KEY (source, currency, day);

ALTER TABLE ONLY public.journal_account_balances
    ADD CONSTRAINT journal_account_balances_pkey PRIMARY KEY (account, currency);

ALTER TABLE ONLY public.journal_balance_deltas
    ADD CONSTRAINT journal_balance_deltas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.journal_transfers
    ADD CONSTRAINT journal_transfers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mail_outbox
    ADD CONSTRAINT mail_outbox_dedupe_key_key UNIQUE (dedupe_key);

ALTER TABLE ONLY public.mail_outbox
    ADD CONSTRAINT mail_outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mail_preferences
    ADD CONSTRAINT mail_preferences_pkey PRIMARY KEY (user_id, topic);

ALTER TABLE ONLY public.membership_months
    ADD CONSTRAINT membership_months_pkey PRIMARY KEY (order_reference);

ALTER TABLE ONLY public.merchant_configs
    ADD CONSTRAINT merchant_configs_pkey PRIMARY KEY (vendor_id);

ALTER TABLE ONLY public.mint_job_items
    ADD CONSTRAINT mint_job_items_pkey PRIMARY KEY (job_id, reward_id);

ALTER TABLE ONLY public.mint_jobs
    ADD CONSTRAINT mint_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_dedupe_key_key UNIQUE (dedupe_key);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_order_id_product_id_key UNIQUE (order_id, product_id);

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_order_reference_key UNIQUE (order_reference);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_store_id_external_id_key UNIQUE (store_id, external_id);

ALTER TABLE ONLY public.password_reset_requests
    ADD CONSTRAINT password_reset_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_events
    ADD CONSTRAINT payment_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_refunds
    ADD CONSTRAINT payment_refunds_fingerprint_key UNIQUE (fingerprint);

ALTER TABLE ONLY public.payment_refunds
    ADD CONSTRAINT payment_refunds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_refunds
    ADD CONSTRAINT payment_refunds_request_id_key UNIQUE (request_id);

ALTER TABLE ONLY public.payment_transactions
    ADD CONSTRAINT payment_transactions_order_reference_key UNIQUE (order_reference);

ALTER TABLE ONLY public.payment_transactions
    ADD CONSTRAINT payment_transactions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payout_batches
    ADD CONSTRAINT payout_batches_idempotency_key_key UNIQUE (idempotency_key);

ALTER TABLE ONLY public.payout_batches
    ADD CONSTRAINT payout_batches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payout_items
    ADD CONSTRAINT payout_items_pkey PRIMARY KEY (payout_id, settlement_id);

ALTER TABLE ONLY public.payouts
    ADD CONSTRAINT payouts_batch_id_vendor_id_currency_key UNIQUE (batch_id, vendor_id, currency);

ALTER TABLE ONLY public.payouts
    ADD CONSTRAINT payouts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.platform_config
    ADD CONSTRAINT platform_config_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.platform_visits
    ADD CONSTRAINT platform_visits_pkey PRIMARY KEY (day, shard);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_tstzrange_excl EXCLUDE USING gist (tstzrange(starts_at, ends_at) WITH &&);

ALTER TABLE ONLY public.rail_failures
    ADD CONSTRAINT rail_failures_order_reference_rail_key UNIQUE (order_reference, rail);

ALTER TABLE ONLY public.rail_failures
    ADD CONSTRAINT rail_failures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_code_hash_key UNIQUE (user_id, code_hash);

ALTER TABLE ONLY public.refcodes
    ADD CONSTRAINT refcodes_owner_user_id_wallet_address_key UNIQUE (owner_user_id, wallet_address);

ALTER TABLE ONLY public.refcodes
    ADD CONSTRAINT refcodes_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_order_reference_key UNIQUE (order_reference);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.reserve_releases
    ADD CONSTRAINT reserve_releases_idempotency_key_key UNIQUE (idempotency_key);

ALTER TABLE ONLY public.reserve_releases
    ADD CONSTRAINT reserve_releases_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.reward_approvals
    ADD CONSTRAINT reward_approvals_pkey PRIMARY KEY (reward_id, admin_user_id);

ALTER TABLE ONLY public.reward_debits
    ADD CONSTRAINT reward_debits_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.reward_hint_counts
    ADD CONSTRAINT reward_hint_counts_pkey PRIMARY KEY (reward_id);

ALTER TABLE ONLY public.reward_nettings
    ADD CONSTRAINT reward_nettings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.reward_total_deltas
    ADD CONSTRAINT reward_total_deltas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.reward_totals
    ADD CONSTRAINT reward_totals_pkey PRIMARY KEY (referrer_user_id, status);

ALTER TABLE ONLY public.saved_filters
    ADD CONSTRAINT saved_filters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.saved_filters
    ADD CONSTRAINT saved_filters_user_id_page_name_key UNIQUE (user_id, page, name);

ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.settlements
    ADD CONSTRAINT settlements_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.shared_signals
    ADD CONSTRAINT shared_signals_pkey PRIMARY KEY (referee_user_id, referrer_user_id, kind);

ALTER TABLE ONLY public.sign_in_failures
    ADD CONSTRAINT sign_in_failures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.signal_salts
    ADD CONSTRAINT signal_salts_pkey PRIMARY KEY (period);

ALTER TABLE ONLY public.stock_movements
    ADD CONSTRAINT stock_movements_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_public_id_key UNIQUE (public_id);

ALTER TABLE ONLY public.user_sessions
    ADD CONSTRAINT user_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_sessions
    ADD CONSTRAINT user_sessions_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.vendors
    ADD CONSTRAINT vendors_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.visit_daily
    ADD CONSTRAINT visit_daily_pkey PRIMARY KEY (code, day);

ALTER TABLE ONLY public.visit_past
    ADD CONSTRAINT visit_past_pkey PRIMARY KEY (code, day);

ALTER TABLE ONLY public.wallet_challenges
    ADD CONSTRAINT wallet_challenges_nonce_key UNIQUE (nonce);

ALTER TABLE ONLY public.wallet_challenges
    ADD CONSTRAINT wallet_challenges_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.wallets
    ADD CONSTRAINT wallets_pkey PRIMARY KEY (address);

CREATE INDEX account_links_expires ON public.account_links USING btree (expires_at);

CREATE INDEX account_links_user ON public.account_links USING btree (user_id, purpose, created_at);

CREATE INDEX chain_alerts_open ON public.chain_alerts USING btree (created_at DESC) WHERE (resolved_at IS NULL);

CREATE INDEX chain_attempts_transaction ON public.chain_attempts USING btree (transaction_id, id);

CREATE INDEX chain_transaction_items_item ON public.chain_transaction_items USING btree (purpose, item_id, transaction_id);

CREATE UNIQUE INDEX chain_transaction_items_one_open ON public.chain_transaction_items USING btree (purpose, item_id) WHERE open;

CREATE INDEX chain_transaction_items_order_ref ON public.chain_transaction_items USING btree (order_ref) WHERE (order_ref IS NOT NULL);

CREATE INDEX chain_transactions_block ON public.chain_transactions USING btree (chain_id, block_number) WHERE (block_number IS NOT NULL);

CREATE INDEX chain_transactions_open ON public.chain_transactions USING btree (chain_id, purpose, nonce) WHERE (status = 'open'::text);

CREATE INDEX code_order_deltas_code ON public.code_order_deltas USING btree (code);

CREATE UNIQUE INDEX credit_entries_one_debit ON public.credit_entries USING btree (order_reference) WHERE ((order_reference IS NOT NULL) AND (amount_minor < 0));

CREATE INDEX credit_entries_user ON public.credit_entries USING btree (user_id, id DESC);

CREATE INDEX customers_user ON public.customers USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX erp_sales_assists_referrer ON public.erp_sales_assists USING btree (referrer_user_id, id);

CREATE INDEX event_log_entity ON public.event_log USING btree (entity, entity_id, id);

CREATE INDEX event_log_order_reference ON public.event_log USING btree (order_reference, id) WHERE (order_reference IS NOT NULL);

CREATE INDEX journal_transfers_credit ON public.journal_transfers USING btree (credit_account, id DESC);

CREATE INDEX journal_transfers_debit ON public.journal_transfers USING btree (debit_account, id DESC);

CREATE INDEX journal_transfers_reference ON public.journal_transfers USING btree (order_reference, id) WHERE (order_reference IS NOT NULL);

CREATE INDEX mail_outbox_queued ON public.mail_outbox USING btree (next_attempt_at, id) WHERE (status = 'queued'::text);

CREATE INDEX mail_outbox_user ON public.mail_outbox USING btree (user_id, id DESC);

CREATE INDEX membership_months_user ON public.membership_months USING btree (user_id, ends_at);

CREATE INDEX mint_job_items_reward ON public.mint_job_items USING btree (reward_id, job_id DESC);

CREATE INDEX mint_jobs_running ON public.mint_jobs USING btree (id) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX notifications_unread ON public.notifications USING btree (user_id) WHERE (read_at IS NULL);

CREATE INDEX notifications_user ON public.notifications USING btree (user_id, id DESC);

CREATE INDEX orders_buyer ON public.orders USING btree (buyer_user_id, created_at DESC);

CREATE UNIQUE INDEX orders_checkout_key ON public.orders USING btree (buyer_user_id, checkout_key) WHERE (checkout_key IS NOT NULL);

CREATE INDEX orders_customer ON public.orders USING btree (store_id, customer_id, paid_at);

CREATE INDEX orders_referral_code ON public.orders USING btree (referral_code) WHERE (referral_code IS NOT NULL);

CREATE INDEX payment_events_forged ON public.payment_events USING btree (received_at) WHERE ((outcome = 'refused'::text) AND (NOT authentic));

CREATE INDEX payment_events_open ON public.payment_events USING btree (id) WHERE ((outcome = 'unmatched'::text) AND (closed_at IS NULL));

CREATE INDEX payment_events_outcome ON public.payment_events USING btree (outcome, id);

CREATE INDEX payment_events_reference ON public.payment_events USING btree (order_reference, id);

CREATE INDEX payment_events_waiting ON public.payment_events USING btree (id) WHERE (outcome IS NULL);

CREATE INDEX payment_refunds_reference ON public.payment_refunds USING btree (order_reference, id);

CREATE INDEX payment_refunds_requested ON public.payment_refunds USING btree (created_at, id) WHERE (status = 'requested'::text);

CREATE INDEX payment_transactions_entity ON public.payment_transactions USING btree (purpose, entity_id);

CREATE INDEX payment_transactions_open ON public.payment_transactions USING btree (created_at) WHERE (status = ANY (ARRAY['redirected'::text, 'pending'::text]));

CREATE INDEX payment_transactions_refunded ON public.payment_transactions USING btree (order_reference) WHERE (refunded_minor > 0);

CREATE INDEX payment_transactions_superseded ON public.payment_transactions USING btree (created_at) WHERE (failure_reason = 'superseded'::text);

CREATE UNIQUE INDEX payout_items_one_live ON public.payout_items USING btree (settlement_id) WHERE live;

CREATE INDEX payouts_open ON public.payouts USING btree (id) WHERE (status = 'processing'::text);

CREATE UNIQUE INDEX payouts_transaction ON public.payouts USING btree (transaction_id) WHERE (status = 'completed'::text);

CREATE INDEX payouts_vendor ON public.payouts USING btree (vendor_id, id DESC);

CREATE INDEX products_vendor ON public.products USING btree (vendor_id);

CREATE INDEX referral_rewards_approved ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'approved'::text);

CREATE INDEX referral_rewards_code_time ON public.referral_rewards USING btree (ref_code, created_at, id);

CREATE INDEX referral_rewards_failed ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'failed'::text);

CREATE INDEX referral_rewards_minted ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'minted'::text);

CREATE INDEX referral_rewards_minting ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'minting'::text);

CREATE INDEX referral_rewards_pending ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'pending_approval'::text);

CREATE INDEX referral_rewards_referrer ON public.referral_rewards USING btree (referrer_user_id, created_at DESC, id DESC);

CREATE INDEX referral_rewards_refund_due ON public.referral_rewards USING btree (id) WHERE refund_due;

CREATE INDEX referral_rewards_rejected ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'rejected'::text);

CREATE INDEX referral_rewards_to_mint ON public.referral_rewards USING btree (created_at, id) WHERE ((status = 'approved'::text) AND (NOT refund_due) AND (reward_amount_wei > (0)::numeric) AND (referrer_wallet <> ''::text));

CREATE INDEX referral_rewards_wallet ON public.referral_rewards USING btree (referrer_wallet, created_at, id);

CREATE INDEX reserve_releases_waiting ON public.reserve_releases USING btree (vendor_id, currency) WHERE (payout_id IS NULL);

CREATE INDEX reward_debits_open ON public.reward_debits USING btree (referrer_user_id, id) WHERE (netted_wei < amount_wei);

CREATE INDEX reward_debits_referrer ON public.reward_debits USING btree (referrer_user_id, id);

CREATE INDEX reward_debits_reward ON public.reward_debits USING btree (reward_id);

CREATE INDEX reward_hint_counts_some ON public.reward_hint_counts USING btree (reward_id) WHERE (hints > 0);

CREATE INDEX reward_nettings_debit ON public.reward_nettings USING btree (debit_id, id);

CREATE INDEX reward_nettings_reward ON public.reward_nettings USING btree (reward_id, id);

CREATE INDEX reward_total_deltas_referrer ON public.reward_total_deltas USING btree (referrer_user_id);

CREATE INDEX settlements_batch ON public.settlements USING btree (payout_batch_id, id) WHERE (payout_batch_id IS NOT NULL);

CREATE INDEX settlements_due ON public.settlements USING btree (scheduled_for, id) WHERE (status = 'pending'::text);

CREATE INDEX settlements_newest ON public.settlements USING btree (created_at DESC, id DESC);

CREATE UNIQUE INDEX settlements_one_refund ON public.settlements USING btree (refund_id, vendor_id) WHERE (refund_id IS NOT NULL);

CREATE UNIQUE INDEX settlements_one_sale ON public.settlements USING btree (order_reference, vendor_id) WHERE (kind = 'sale'::text);

CREATE INDEX settlements_reference ON public.settlements USING btree (order_reference);

CREATE INDEX settlements_status ON public.settlements USING btree (status, id DESC);

CREATE INDEX settlements_vendor ON public.settlements USING btree (vendor_id, created_at DESC, id DESC);

CREATE INDEX sign_in_failures_account ON public.sign_in_failures USING btree (account, at);

CREATE INDEX sign_in_failures_at ON public.sign_in_failures USING btree (at);

CREATE UNIQUE INDEX stock_movements_once ON public.stock_movements USING btree (order_id, product_id, reason) WHERE (reason = ANY (ARRAY['sale'::text, 'refund'::text]));

CREATE INDEX stock_movements_product ON public.stock_movements USING btree (product_id, id);

CREATE INDEX user_sessions_known ON public.user_sessions USING btree (user_id, network);

CREATE INDEX user_sessions_last_seen ON public.user_sessions USING btree (last_seen_at);

CREATE INDEX user_sessions_open ON public.user_sessions USING btree (user_id, last_seen_at DESC) WHERE (ended_at IS NULL);

CREATE UNIQUE INDEX users_email ON public.users USING btree (lower(email));

CREATE INDEX users_referred ON public.users USING btree (referred_by_code, referred_at) WHERE (referred_by_code IS NOT NULL);

CREATE INDEX vendors_user ON public.vendors USING btree (user_id);

CREATE INDEX visit_daily_day ON public.visit_daily USING btree (day);

CREATE INDEX visit_past_day ON public.visit_past USING btree (day);

CREATE INDEX wallet_challenges_address ON public.wallet_challenges USING btree (address, purpose, id DESC);

CREATE INDEX wallet_challenges_expires ON public.wallet_challenges USING btree (expires_at);

CREATE INDEX wallets_user ON public.wallets USING btree (user_id);

CREATE TRIGGER credit_entries_append_only BEFORE DELETE OR UPDATE ON public.credit_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER credit_entries_journal AFTER INSERT ON public.credit_entries FOR EACH ROW EXECUTE FUNCTION public.journal_credit_entry();

CREATE TRIGGER event_log_append_only BEFORE DELETE OR UPDATE ON public.event_log FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER journal_transfers_append_only BEFORE DELETE OR UPDATE ON public.journal_transfers FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER journal_transfers_note_insert AFTER INSERT ON public.journal_transfers REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_journal_balances();

CREATE TRIGGER order_items_fill BEFORE INSERT ON public.order_items FOR EACH ROW WHEN ((new.sku IS NULL)) EXECUTE FUNCTION public.fill_order_item();

CREATE TRIGGER orders_fill BEFORE INSERT OR UPDATE OF paid_at ON public.orders FOR EACH ROW EXECUTE FUNCTION public.fill_order();

CREATE TRIGGER orders_note_delete AFTER DELETE ON public.orders REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_code_orders();

CREATE TRIGGER orders_note_insert AFTER INSERT ON public.orders REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_code_orders();

CREATE TRIGGER orders_note_update AFTER UPDATE ON public.orders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_code_orders();

CREATE TRIGGER payment_transactions_journal AFTER INSERT OR UPDATE OF paid_at, refunded_minor, amount_minor ON public.payment_transactions FOR EACH ROW EXECUTE FUNCTION public.journal_payment();

CREATE TRIGGER payouts_journal AFTER UPDATE OF status ON public.payouts FOR EACH ROW EXECUTE FUNCTION public.journal_payout();

CREATE TRIGGER referral_rewards_journal AFTER INSERT OR DELETE OR UPDATE OF status, reward_amount_wei, netted_wei ON public.referral_rewards FOR EACH ROW EXECUTE FUNCTION public.journal_reward();

CREATE TRIGGER referral_rewards_note_delete AFTER DELETE ON public.referral_rewards REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_reward_totals();

CREATE TRIGGER referral_rewards_note_insert AFTER INSERT ON public.referral_rewards REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_reward_totals();

CREATE TRIGGER referral_rewards_note_update AFTER UPDATE ON public.referral_rewards REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_reward_totals();

CREATE TRIGGER reward_debits_journal AFTER INSERT ON public.reward_debits FOR EACH ROW EXECUTE FUNCTION public.journal_reward_debit();

CREATE TRIGGER settlements_journal AFTER INSERT OR DELETE OR UPDATE OF status, net_payout_minor, commission_minor, platform_commission_minor, referral_commission_minor, split_commissions ON public.settlements FOR EACH ROW EXECUTE FUNCTION public.journal_settlement();

CREATE TRIGGER stock_movements_append_only BEFORE DELETE OR UPDATE ON public.stock_movements FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER users_keep_first_referrer BEFORE UPDATE ON public.users FOR EACH ROW WHEN (((old.referred_by_code IS NOT NULL) AND ((new.referred_by_code IS DISTINCT FROM old.referred_by_code) OR (new.referred_by_user_id IS DISTINCT FROM old.referred_by_user_id) OR (new.referred_by_wallet IS DISTINCT FROM old.referred_by_wallet)))) EXECUTE FUNCTION public.keep_first_referrer();

ALTER TABLE ONLY public.access_signals
    ADD CONSTRAINT access_signals_period_fkey FOREIGN KEY (period) REFERENCES public.signal_salts(period) ON DELETE CASCADE;

ALTER TABLE ONLY public.access_signals
    ADD CONSTRAINT access_signals_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.account_links
    ADD CONSTRAINT account_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.chain_attempts
    ADD CONSTRAINT chain_attempts_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES public.chain_transactions(id);

ALTER TABLE ONLY public.chain_transaction_items
    ADD CONSTRAINT chain_transaction_items_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES public.chain_transactions(id);

ALTER TABLE ONLY public.commission_structures
    ADD CONSTRAINT commission_structures_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.credit_balances
    ADD CONSTRAINT credit_balances_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.credit_entries
    ADD CONSTRAINT credit_entries_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES public.payment_refunds(id);

ALTER TABLE ONLY public.credit_entries
    ADD CONSTRAINT credit_entries_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.erp_sales_assists
    ADD CONSTRAINT erp_sales_assists_referrer_user_id_fkey FOREIGN KEY (referrer_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.erp_sales_assists
    ADD CONSTRAINT erp_sales_assists_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.mail_outbox
    ADD CONSTRAINT mail_outbox_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.mail_preferences
    ADD CONSTRAINT mail_preferences_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.membership_months
    ADD CONSTRAINT membership_months_order_reference_fkey FOREIGN KEY (order_reference) REFERENCES public.payment_transactions(order_reference);

ALTER TABLE ONLY public.membership_months
    ADD CONSTRAINT membership_months_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.merchant_configs
    ADD CONSTRAINT merchant_configs_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.mint_job_items
    ADD CONSTRAINT mint_job_items_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.mint_jobs(id);

ALTER TABLE ONLY public.mint_job_items
    ADD CONSTRAINT mint_job_items_reward_id_fkey FOREIGN KEY (reward_id) REFERENCES public.referral_rewards(id);

ALTER TABLE ONLY public.mint_jobs
    ADD CONSTRAINT mint_jobs_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.mint_jobs
    ADD CONSTRAINT mint_jobs_retry_of_fkey FOREIGN KEY (retry_of) REFERENCES public.mint_jobs(id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_buyer_user_id_fkey FOREIGN KEY (buyer_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_referrer_user_id_fkey FOREIGN KEY (referrer_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_store_id_customer_id_fkey FOREIGN KEY (store_id, customer_id) REFERENCES public.customers(store_id, id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

ALTER TABLE ONLY public.payment_events
    ADD CONSTRAINT payment_events_closed_by_fkey FOREIGN KEY (closed_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.payment_refunds
    ADD CONSTRAINT payment_refunds_order_reference_fkey FOREIGN KEY (order_reference) REFERENCES public.payment_transactions(order_reference);

ALTER TABLE ONLY public.payment_refunds
    ADD CONSTRAINT payment_refunds_payment_event_id_fkey FOREIGN KEY (payment_event_id) REFERENCES public.payment_events(id);

ALTER TABLE ONLY public.payment_refunds
    ADD CONSTRAINT payment_refunds_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.payment_transactions
    ADD CONSTRAINT payment_transactions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.payout_batches
    ADD CONSTRAINT payout_batches_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.payout_items
    ADD CONSTRAINT payout_items_payout_id_fkey FOREIGN KEY (payout_id) REFERENCES public.payouts(id);

ALTER TABLE ONLY public.payout_items
    ADD CONSTRAINT payout_items_settlement_id_fkey FOREIGN KEY (settlement_id) REFERENCES public.settlements(id);

ALTER TABLE ONLY public.payouts
    ADD CONSTRAINT payouts_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.payout_batches(id);

ALTER TABLE ONLY public.payouts
    ADD CONSTRAINT payouts_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_commission_structure_id_fkey FOREIGN KEY (commission_structure_id) REFERENCES public.commission_structures(id);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.refcodes
    ADD CONSTRAINT refcodes_owner_user_id_fkey FOREIGN KEY (owner_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_programme_version_id_fkey FOREIGN KEY (programme_version_id) REFERENCES public.programme_versions(id);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_referee_user_id_fkey FOREIGN KEY (referee_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_referrer_user_id_fkey FOREIGN KEY (referrer_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.reserve_releases
    ADD CONSTRAINT reserve_releases_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.reserve_releases
    ADD CONSTRAINT reserve_releases_payout_id_fkey FOREIGN KEY (payout_id) REFERENCES public.payouts(id);

ALTER TABLE ONLY public.reserve_releases
    ADD CONSTRAINT reserve_releases_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.reward_approvals
    ADD CONSTRAINT reward_approvals_admin_user_id_fkey FOREIGN KEY (admin_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.reward_approvals
    ADD CONSTRAINT reward_approvals_reward_id_fkey FOREIGN KEY (reward_id) REFERENCES public.referral_rewards(id);

ALTER TABLE ONLY public.reward_debits
    ADD CONSTRAINT reward_debits_referrer_user_id_fkey FOREIGN KEY (referrer_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.reward_debits
    ADD CONSTRAINT reward_debits_reward_id_fkey FOREIGN KEY (reward_id) REFERENCES public.referral_rewards(id);

ALTER TABLE ONLY public.reward_hint_counts
    ADD CONSTRAINT reward_hint_counts_reward_id_fkey FOREIGN KEY (reward_id) REFERENCES public.referral_rewards(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.reward_nettings
    ADD CONSTRAINT reward_nettings_debit_id_fkey FOREIGN KEY (debit_id) REFERENCES public.reward_debits(id);

ALTER TABLE ONLY public.reward_nettings
    ADD CONSTRAINT reward_nettings_reward_id_fkey FOREIGN KEY (reward_id) REFERENCES public.referral_rewards(id);

ALTER TABLE ONLY public.saved_filters
    ADD CONSTRAINT saved_filters_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.settlements
    ADD CONSTRAINT settlements_payout_batch_id_fkey FOREIGN KEY (payout_batch_id) REFERENCES public.payout_batches(id);

ALTER TABLE ONLY public.settlements
    ADD CONSTRAINT settlements_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES public.payment_refunds(id);

ALTER TABLE ONLY public.settlements
    ADD CONSTRAINT settlements_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.shared_signals
    ADD CONSTRAINT shared_signals_referee_user_id_fkey FOREIGN KEY (referee_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.shared_signals
    ADD CONSTRAINT shared_signals_referrer_user_id_fkey FOREIGN KEY (referrer_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.stock_movements
    ADD CONSTRAINT stock_movements_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.stock_movements
    ADD CONSTRAINT stock_movements_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.user_sessions
    ADD CONSTRAINT user_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_referred_by_user_id_fkey FOREIGN KEY (referred_by_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.vendors
    ADD CONSTRAINT vendors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.visit_daily
    ADD CONSTRAINT visit_daily_code_fkey FOREIGN KEY (code) REFERENCES public.refcodes(code);

ALTER TABLE ONLY public.visit_past
    ADD CONSTRAINT visit_past_code_fkey FOREIGN KEY (code) REFERENCES public.refcodes(code);

ALTER TABLE ONLY public.wallet_challenges
    ADD CONSTRAINT wallet_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.wallets
    ADD CONSTRAINT wallets_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

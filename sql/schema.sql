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
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_analyze_scale_factor='0.02');

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
    CONSTRAINT payment_transactions_rail_check CHECK ((rail = ANY (ARRAY['merchant_redirect'::text, 'internal_credit'::text]))),
    CONSTRAINT payment_transactions_refunded_minor_check CHECK ((refunded_minor >= 0)),
    CONSTRAINT payment_transactions_status_check CHECK ((status = ANY (ARRAY['created'::text, 'redirected'::text, 'pending'::text, 'paid'::text, 'failed'::text, 'cancelled'::text, 'refunded'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_analyze_scale_factor='0.02');

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
    contract_address text,
    order_ref text,
    CONSTRAINT payouts_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT payouts_amount_wei_check CHECK ((amount_wei > (0)::numeric)),
    CONSTRAINT payouts_check CHECK ((amount_minor = ((net_minor - reserve_minor) + released_minor))),
    CONSTRAINT payouts_check1 CHECK (((status <> 'completed'::text) OR (transaction_id IS NOT NULL))),
    CONSTRAINT payouts_check2 CHECK (((status = 'failed'::text) = (failure_reason IS NOT NULL))),
    CONSTRAINT payouts_contract_address_check CHECK ((contract_address ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT payouts_order_ref_check CHECK ((order_ref ~ '^0x[0-9a-f]{64}$'::text)),
    CONSTRAINT payouts_payout_wallet_check CHECK ((payout_wallet ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT payouts_reference_of_a_contract CHECK (((contract_address IS NULL) = (order_ref IS NULL))),
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
    payment_number smallint DEFAULT 1 NOT NULL,
    delivered_wei numeric(78,0) DEFAULT 0 NOT NULL,
    waits_for_statement boolean DEFAULT false NOT NULL,
    campaign_id bigint,
    campaign_usd numeric(38,18),
    budget_month date,
    waits_for_budget boolean DEFAULT false NOT NULL,
    CONSTRAINT referral_rewards_bonus_percent_check CHECK (((bonus_percent >= (0)::numeric) AND (bonus_percent <= (100)::numeric))),
    CONSTRAINT referral_rewards_check CHECK (((status <> ALL (ARRAY['pending_approval'::text, 'approved'::text, 'minting'::text, 'minted'::text])) OR (reward_amount_wei IS NOT NULL))),
    CONSTRAINT referral_rewards_check1 CHECK (((status <> 'minted'::text) OR (tx_hash IS NOT NULL))),
    CONSTRAINT referral_rewards_check2 CHECK (((status <> ALL (ARRAY['failed'::text, 'rejected'::text])) OR (failure_reason IS NOT NULL))),
    CONSTRAINT referral_rewards_check3 CHECK (((referee_user_id IS NULL) OR (referee_user_id <> referrer_user_id))),
    CONSTRAINT referral_rewards_delivered_wei_check CHECK ((delivered_wei >= (0)::numeric)),
    CONSTRAINT referral_rewards_granted_wei_check CHECK ((granted_wei > (0)::numeric)),
    CONSTRAINT referral_rewards_netted_wei_check CHECK ((netted_wei >= (0)::numeric)),
    CONSTRAINT referral_rewards_order_total_minor_check CHECK ((order_total_minor >= 0)),
    CONSTRAINT referral_rewards_payment_number_check CHECK ((payment_number >= 1)),
    CONSTRAINT referral_rewards_rail_check CHECK ((rail = ANY (ARRAY['fiat'::text, 'crypto'::text]))),
    CONSTRAINT referral_rewards_reward_amount_wei_check CHECK ((reward_amount_wei > (0)::numeric)),
    CONSTRAINT referral_rewards_reward_percent_check CHECK (((reward_percent >= (0)::numeric) AND (reward_percent <= (100)::numeric))),
    CONSTRAINT referral_rewards_status_check CHECK ((status = ANY (ARRAY['pending_approval'::text, 'approved'::text, 'minting'::text, 'minted'::text, 'failed'::text, 'rejected'::text]))),
    CONSTRAINT referral_rewards_token_price_usd_check CHECK ((token_price_usd > (0)::numeric)),
    CONSTRAINT referral_rewards_usd_value_check CHECK ((usd_value >= (0)::numeric))
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_analyze_scale_factor='0.02');

COMMENT ON COLUMN public.referral_rewards.waits_for_statement IS 'Not minted before the commission of its order is paid';

COMMENT ON COLUMN public.referral_rewards.waits_for_budget IS 'Would have been approved without an admin, but for a budget';

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
    session_id bigint,
    CONSTRAINT account_links_check CHECK ((expires_at > created_at)),
    CONSTRAINT account_links_purpose_check CHECK ((purpose = ANY (ARRAY['reset_password'::text, 'confirm_email'::text])))
);

COMMENT ON COLUMN public.account_links.session_id IS 'The session that asked for a new e-mail; null: any session of the account';

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
    earlier_hashes text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT applied_functions_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT applied_functions_id_check CHECK ((id = 1))
);

COMMENT ON COLUMN public.applied_functions.earlier_hashes IS 'The content hashes that were applied before, oldest first';

CREATE TABLE public.back_orders (
    id bigint NOT NULL,
    order_id text NOT NULL,
    product_id bigint NOT NULL,
    quantity bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT back_orders_quantity_check CHECK ((quantity > 0))
);

COMMENT ON COLUMN public.back_orders.quantity IS 'How many pieces of the order were missing when it was paid';

ALTER TABLE public.back_orders ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.back_orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.brand_logos (
    digest text NOT NULL,
    content bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT brand_logos_digest_check CHECK ((digest ~ '^[0-9a-f]{32}$'::text))
);
ALTER TABLE ONLY public.brand_logos ALTER COLUMN content SET STORAGE EXTERNAL;

COMMENT ON TABLE public.brand_logos IS 'Logos as WebP; earlier ones stay, since earlier versions of the settings name them';

CREATE TABLE public.budget_deltas (
    id bigint NOT NULL,
    scope text NOT NULL,
    usd numeric(58,18) NOT NULL
);

ALTER TABLE public.budget_deltas ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.budget_deltas_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.budget_totals (
    scope text NOT NULL,
    usd numeric(58,18) NOT NULL
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
    superseded_seen_at timestamp with time zone,
    outside_cause text,
    CONSTRAINT chain_transactions_check CHECK (((status <> ALL (ARRAY['succeeded'::text, 'reverted'::text])) OR ((tx_hash IS NOT NULL) AND (block_number IS NOT NULL)))),
    CONSTRAINT chain_transactions_check1 CHECK (((status = 'open'::text) = (settled_at IS NULL))),
    CONSTRAINT chain_transactions_gas_limit_check CHECK ((gas_limit > 0)),
    CONSTRAINT chain_transactions_nonce_check CHECK ((nonce >= 0)),
    CONSTRAINT chain_transactions_operator_check CHECK ((operator ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT chain_transactions_purpose_check CHECK ((purpose = ANY (ARRAY['reward'::text, 'payout'::text, 'filler'::text]))),
    CONSTRAINT chain_transactions_status_check CHECK ((status = ANY (ARRAY['open'::text, 'succeeded'::text, 'reverted'::text, 'superseded'::text, 'abandoned'::text]))),
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

CREATE TABLE public.code_aliases (
    id bigint NOT NULL,
    alias text NOT NULL,
    reading text NOT NULL,
    code text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT code_aliases_alias_check CHECK ((alias ~ '^[A-Z0-9-]{3,24}$'::text))
);

COMMENT ON COLUMN public.code_aliases.reading IS 'The alias without hyphens, with characters that look alike replaced by one of them';

COMMENT ON COLUMN public.code_aliases.retired_at IS 'Since when it no longer works; nobody gets it again for a year';

ALTER TABLE public.code_aliases ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.code_aliases_id_seq
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
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');

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

CREATE TABLE public.code_result_deltas (
    id bigint NOT NULL,
    code text NOT NULL,
    label text NOT NULL,
    order_count bigint NOT NULL,
    paid_count bigint NOT NULL,
    earned_wei numeric(78,0) NOT NULL,
    minted_wei numeric(78,0) NOT NULL
);

ALTER TABLE public.code_result_deltas ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.code_result_deltas_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.code_results (
    code text NOT NULL,
    label text NOT NULL,
    order_count bigint NOT NULL,
    paid_count bigint NOT NULL,
    earned_wei numeric(78,0) NOT NULL,
    minted_wei numeric(78,0) NOT NULL
);

COMMENT ON COLUMN public.code_results.earned_wei IS 'Rewards that are neither rejected nor failed';

CREATE TABLE public.commission_statement_items (
    statement_id bigint NOT NULL,
    settlement_id bigint NOT NULL,
    commission_minor bigint NOT NULL,
    live boolean DEFAULT true NOT NULL
);

COMMENT ON COLUMN public.commission_statement_items.live IS 'False once the statement is void: its settlements are free again';

CREATE TABLE public.commission_statements (
    id bigint NOT NULL,
    vendor_id bigint NOT NULL,
    currency text NOT NULL,
    period_start timestamp with time zone NOT NULL,
    period_end timestamp with time zone NOT NULL,
    amount_minor bigint NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    paid_reference text,
    paid_at timestamp with time zone,
    void_reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT commission_statements_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT commission_statements_check CHECK ((period_start < period_end)),
    CONSTRAINT commission_statements_check1 CHECK ((((status = 'paid'::text) = (paid_at IS NOT NULL)) AND ((status = 'paid'::text) = (paid_reference IS NOT NULL)))),
    CONSTRAINT commission_statements_check2 CHECK (((status = 'void'::text) = (void_reason IS NOT NULL))),
    CONSTRAINT commission_statements_status_check CHECK ((status = ANY (ARRAY['open'::text, 'paid'::text, 'void'::text])))
);

COMMENT ON TABLE public.commission_statements IS 'What a vendor owes for sales whose money the store collected';

COMMENT ON COLUMN public.commission_statements.period_end IS 'Has settlements that were written before this time';

ALTER TABLE public.commission_statements ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.commission_statements_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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

CREATE TABLE public.counted_days (
    day date NOT NULL,
    counted_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.counted_days IS 'Days (UTC) whose figures were counted, and when';

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

CREATE TABLE public.currencies (
    code text NOT NULL,
    digits smallint NOT NULL,
    CONSTRAINT currencies_code_check CHECK ((code ~ '^[A-Z]{3,4}$'::text)),
    CONSTRAINT currencies_digits_check CHECK (((digits >= 0) AND (digits <= 4)))
);

CREATE TABLE public.customers (
    id bigint NOT NULL,
    store_id bigint NOT NULL,
    user_id bigint,
    key text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    bought_before boolean DEFAULT false NOT NULL
);

COMMENT ON COLUMN public.customers.key IS 'Identifies a buyer within a store; of the built-in shop, user:<id of the account>';

COMMENT ON COLUMN public.customers.bought_before IS 'The store reported a purchase from before it was connected';

ALTER TABLE public.customers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.customers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.daily_figures (
    day date NOT NULL,
    kind text NOT NULL,
    store_id bigint DEFAULT 0 NOT NULL,
    currency text NOT NULL,
    items bigint NOT NULL,
    amount numeric(78,0) NOT NULL,
    CONSTRAINT daily_figures_items_check CHECK ((items >= 0)),
    CONSTRAINT daily_figures_kind_check CHECK ((kind = ANY (ARRAY['sales'::text, 'rewards'::text, 'minted'::text])))
);

COMMENT ON TABLE public.daily_figures IS 'sales: paid orders and what buyers paid; rewards: by the day they were earned; minted: by the day they were minted';

COMMENT ON COLUMN public.daily_figures.store_id IS '0 where the kind has no store';

COMMENT ON COLUMN public.daily_figures.amount IS 'Minor units of the currency, wei where it is TOKEN';

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
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05', autovacuum_analyze_scale_factor='0.02');

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

CREATE TABLE public.export_pieces (
    export_id bigint NOT NULL,
    number integer NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT export_pieces_number_check CHECK ((number > 0))
);

CREATE TABLE public.exports (
    id bigint NOT NULL,
    requested_by bigint NOT NULL,
    ledger text NOT NULL,
    form text NOT NULL,
    arguments jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'preparing'::text NOT NULL,
    total bigint,
    done bigint DEFAULT 0 NOT NULL,
    next_cursor text,
    pieces integer DEFAULT 0 NOT NULL,
    stored_bytes bigint DEFAULT 0 NOT NULL,
    content_bytes bigint DEFAULT 0 NOT NULL,
    content_crc bigint DEFAULT 0 NOT NULL,
    failure text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT exports_arguments_check CHECK ((jsonb_typeof(arguments) = 'object'::text)),
    CONSTRAINT exports_check CHECK (((finished_at IS NULL) = (status = 'preparing'::text))),
    CONSTRAINT exports_check1 CHECK (((failure IS NOT NULL) = (status = 'failed'::text))),
    CONSTRAINT exports_content_bytes_check CHECK ((content_bytes >= 0)),
    CONSTRAINT exports_content_crc_check CHECK (((content_crc >= 0) AND (content_crc <= '4294967295'::bigint))),
    CONSTRAINT exports_done_check CHECK ((done >= 0)),
    CONSTRAINT exports_form_check CHECK ((form = ANY (ARRAY['csv'::text, 'xlsx'::text]))),
    CONSTRAINT exports_pieces_check CHECK ((pieces >= 0)),
    CONSTRAINT exports_status_check CHECK ((status = ANY (ARRAY['preparing'::text, 'ready'::text, 'failed'::text]))),
    CONSTRAINT exports_stored_bytes_check CHECK ((stored_bytes >= 0)),
    CONSTRAINT exports_total_check CHECK ((total >= 0))
);

COMMENT ON COLUMN public.exports.failure IS 'The code of the error, for a sentence in the language of whoever reads it';

ALTER TABLE public.exports ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.exports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.failing_items (
    queue text NOT NULL,
    item_id text NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    reason text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_tried_at timestamp with time zone DEFAULT now() NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    CONSTRAINT failing_items_attempts_check CHECK ((attempts > 0))
);

CREATE TABLE public.foreign_payments (
    id bigint NOT NULL,
    chain_id bigint NOT NULL,
    contract_address text NOT NULL,
    order_ref text NOT NULL,
    wallet text NOT NULL,
    amount_wei numeric(78,0) NOT NULL,
    tx_hash text NOT NULL,
    block_number bigint NOT NULL,
    payout_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    adopted_at timestamp with time zone,
    CONSTRAINT foreign_payments_amount_wei_check CHECK ((amount_wei > (0)::numeric)),
    CONSTRAINT foreign_payments_check CHECK (((payout_id IS NULL) OR (adopted_at IS NOT NULL))),
    CONSTRAINT foreign_payments_contract_address_check CHECK ((contract_address ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT foreign_payments_order_ref_check CHECK ((order_ref ~ '^0x[0-9a-f]{64}$'::text)),
    CONSTRAINT foreign_payments_wallet_check CHECK ((wallet ~ '^0x[0-9a-f]{40}$'::text))
);

ALTER TABLE public.foreign_payments ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.foreign_payments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.installation (
    id text DEFAULT (gen_random_uuid())::text NOT NULL,
    is_only boolean DEFAULT true NOT NULL,
    CONSTRAINT installation_is_only_check CHECK (is_only)
);

CREATE TABLE public.job_runs (
    id bigint NOT NULL,
    job text NOT NULL,
    every_seconds integer NOT NULL,
    process text NOT NULL,
    outcome text DEFAULT 'running'::text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    duration_ms bigint,
    error text,
    CONSTRAINT job_runs_check CHECK (((outcome = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT job_runs_check1 CHECK (((outcome = 'failed'::text) = (error IS NOT NULL))),
    CONSTRAINT job_runs_duration_ms_check CHECK ((duration_ms >= 0)),
    CONSTRAINT job_runs_every_seconds_check CHECK ((every_seconds > 0)),
    CONSTRAINT job_runs_outcome_check CHECK ((outcome = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text, 'interrupted'::text])))
);

ALTER TABLE public.job_runs ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.job_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');

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

CREATE TABLE public.journal_kind_balances (
    kind text NOT NULL,
    currency text NOT NULL,
    accounts bigint NOT NULL,
    balance numeric(78,0) NOT NULL
);

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
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05', autovacuum_analyze_scale_factor='0.02');

ALTER TABLE public.journal_transfers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.journal_transfers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.link_labels (
    code text NOT NULL,
    label text NOT NULL,
    visits_total bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT link_labels_label_check CHECK ((label ~ '^[a-z0-9_-]{1,32}$'::text)),
    CONSTRAINT link_labels_visits_total_check CHECK ((visits_total >= 0))
);

COMMENT ON TABLE public.link_labels IS 'Where the links of a code are shared; at most 50 per code';

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
    reader text,
    CONSTRAINT mail_outbox_check CHECK (((status = 'sent'::text) = (sent_at IS NOT NULL))),
    CONSTRAINT mail_outbox_locale_check CHECK ((locale = ANY (ARRAY['en'::text, 'uk'::text, 'ru'::text]))),
    CONSTRAINT mail_outbox_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'sent'::text, 'dead'::text, 'expired'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.02');

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

CREATE TABLE public.operator_alerts (
    id bigint NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    is_critical boolean NOT NULL,
    number bigint NOT NULL,
    times integer DEFAULT 1 NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    quiet_since timestamp with time zone,
    closed_at timestamp with time zone,
    reported_at timestamp with time zone,
    owes_report boolean DEFAULT false NOT NULL,
    CONSTRAINT operator_alerts_check CHECK (((closed_at IS NULL) OR (quiet_since IS NOT NULL))),
    CONSTRAINT operator_alerts_times_check CHECK ((times > 0))
);

ALTER TABLE public.operator_alerts ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.operator_alerts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.order_customers (
    customer_id bigint NOT NULL,
    order_id text NOT NULL
);

COMMENT ON TABLE public.order_customers IS 'Whose order it is besides orders.customer_id: any of them makes a later order not the first';

CREATE TABLE public.order_deliveries (
    order_id text NOT NULL,
    vendor_ids bigint[] NOT NULL,
    name text,
    phone text,
    address text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    erased_at timestamp with time zone,
    CONSTRAINT order_deliveries_complete_or_erased CHECK (
CASE
    WHEN (erased_at IS NULL) THEN ((name IS NOT NULL) AND (phone IS NOT NULL) AND (address IS NOT NULL))
    ELSE ((name IS NULL) AND (phone IS NULL) AND (address IS NULL))
END),
    CONSTRAINT order_deliveries_vendor_ids_check CHECK ((cardinality(vendor_ids) > 0))
);

COMMENT ON TABLE public.order_deliveries IS 'Who receives the delivered lines of an order; erased some days after the order';

COMMENT ON COLUMN public.order_deliveries.vendor_ids IS 'The vendors of the lines that are delivered: nobody else of the vendors sees the row';

CREATE TABLE public.order_fulfilments (
    id bigint NOT NULL,
    order_id text NOT NULL,
    vendor_id bigint NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    note text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT order_fulfilments_status_check CHECK ((status = ANY (ARRAY['open'::text, 'delivered'::text, 'cancelled'::text, 'closed'::text])))
);

COMMENT ON TABLE public.order_fulfilments IS 'What a vendor has done with their lines of an order; without a row nothing yet';

COMMENT ON COLUMN public.order_fulfilments.status IS 'closed: cancelled by the vendor, and an admin has dealt with the money';

ALTER TABLE public.order_fulfilments ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.order_fulfilments_id_seq
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
    external_id text,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    net_minor bigint,
    CONSTRAINT order_items_check CHECK ((subtotal_minor = (unit_price_minor * quantity))),
    CONSTRAINT order_items_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT order_items_refunded_minor CHECK (((refunded_minor >= 0) AND (refunded_minor <= subtotal_minor))),
    CONSTRAINT order_items_subtotal_minor_check CHECK ((subtotal_minor >= 0)),
    CONSTRAINT order_items_unit_price_minor_check CHECK ((unit_price_minor >= 0))
);

COMMENT ON COLUMN public.order_items.product_id IS 'The product of the catalogue; null where the store reports a line of its own';

COMMENT ON COLUMN public.order_items.unit_price_minor IS 'Null where the store reports the amount of the line only';

COMMENT ON COLUMN public.order_items.external_id IS 'What the store calls the line';

COMMENT ON COLUMN public.order_items.refunded_minor IS 'How much of the line the store''s refunds named; the rest of orders.refunded_minor is shared by all lines';

COMMENT ON COLUMN public.order_items.net_minor IS 'Before tax, of a line that a store reported; null in the built-in shop and in rows of earlier releases';

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
    refunded_minor bigint DEFAULT 0 NOT NULL,
    collected_by text DEFAULT 'platform'::text NOT NULL,
    CONSTRAINT orders_check CHECK (((referral_code IS NULL) = (referrer_user_id IS NULL))),
    CONSTRAINT orders_check1 CHECK (((referral_code IS NULL) OR (referral_reason IS NULL))),
    CONSTRAINT orders_collected_by_check CHECK ((collected_by = ANY (ARRAY['platform'::text, 'store'::text]))),
    CONSTRAINT orders_paid_minor_check CHECK ((paid_minor >= 0)),
    CONSTRAINT orders_referral_reason_check CHECK ((referral_reason = ANY (ARRAY['no_code'::text, 'unknown_code'::text, 'self_referral'::text, 'wallet_overlap'::text, 'not_first_purchase'::text]))),
    CONSTRAINT orders_refunded_minor CHECK (((refunded_minor >= 0) AND (refunded_minor <= total_minor))),
    CONSTRAINT orders_status_check CHECK ((status = ANY (ARRAY['created'::text, 'paid'::text, 'cancelled'::text, 'refunded'::text]))),
    CONSTRAINT orders_total_minor_check CHECK ((total_minor >= 0))
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_analyze_scale_factor='0.02');

COMMENT ON COLUMN public.orders.buyer_user_id IS 'The account that bought; null where no account of this portal did';

COMMENT ON COLUMN public.orders.total_minor IS 'The commissionable amount: the sum of the lines';

COMMENT ON COLUMN public.orders.external_id IS 'What the store calls the order';

COMMENT ON COLUMN public.orders.paid_minor IS 'What the buyer paid: 0 until the order is paid, then unchanged; refunds are counted by the payment';

COMMENT ON COLUMN public.orders.refunded_minor IS 'How much of total_minor refunds took back';

COMMENT ON COLUMN public.orders.collected_by IS 'Who receives the payment: that of the store when the order was created';

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
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05', autovacuum_analyze_scale_factor='0.02');

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
    checked_at timestamp with time zone,
    goods_minor bigint,
    external_id text,
    CONSTRAINT payment_refunds_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT payment_refunds_check CHECK (((source = 'admin'::text) = (request_id IS NOT NULL))),
    CONSTRAINT payment_refunds_check1 CHECK (((status = 'applied'::text) = (applied_at IS NOT NULL))),
    CONSTRAINT payment_refunds_goods_minor_check CHECK ((goods_minor >= 0)),
    CONSTRAINT payment_refunds_request_id_check CHECK (((char_length(request_id) >= 1) AND (char_length(request_id) <= 64))),
    CONSTRAINT payment_refunds_source_check CHECK ((source = ANY (ARRAY['provider'::text, 'admin'::text, 'store'::text]))),
    CONSTRAINT payment_refunds_status_check CHECK ((status = ANY (ARRAY['requested'::text, 'waiting'::text, 'applied'::text, 'refused'::text])))
);

COMMENT ON COLUMN public.payment_refunds.goods_minor IS 'How much of the order''s commissionable amount went back; null where the refund is of the same amount';

COMMENT ON COLUMN public.payment_refunds.external_id IS 'What the store calls the refund it reported by itself';

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

CREATE TABLE public.picture_files (
    digest text NOT NULL,
    size text NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT picture_files_digest_check CHECK ((digest ~ '^[0-9a-f]{32}$'::text)),
    CONSTRAINT picture_files_size_check CHECK ((size = ANY (ARRAY['small'::text, 'medium'::text, 'large'::text])))
);
ALTER TABLE ONLY public.picture_files ALTER COLUMN content SET STORAGE EXTERNAL;

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

CREATE TABLE public.product_import_rows (
    import_id bigint NOT NULL,
    number integer NOT NULL,
    slug text NOT NULL,
    outcome text NOT NULL,
    product_id bigint,
    before_values jsonb DEFAULT '{}'::jsonb NOT NULL,
    after_values jsonb DEFAULT '{}'::jsonb NOT NULL,
    error jsonb,
    CONSTRAINT product_import_rows_outcome_check CHECK ((outcome = ANY (ARRAY['create'::text, 'change'::text, 'unchanged'::text, 'error'::text, 'created'::text, 'changed'::text, 'conflict'::text])))
);

CREATE TABLE public.product_imports (
    id bigint NOT NULL,
    requested_by bigint,
    vendor_ids bigint[],
    vendor_id bigint,
    file_name text NOT NULL,
    content text,
    status text DEFAULT 'checking'::text NOT NULL,
    total integer NOT NULL,
    done integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT product_imports_check CHECK (((done >= 0) AND (done <= total))),
    CONSTRAINT product_imports_status_check CHECK ((status = ANY (ARRAY['checking'::text, 'ready'::text, 'applying'::text, 'finished'::text, 'expired'::text]))),
    CONSTRAINT product_imports_total_check CHECK ((total > 0))
);

COMMENT ON COLUMN public.product_imports.vendor_ids IS 'The vendors whose products the file may change; null is all';

COMMENT ON COLUMN public.product_imports.vendor_id IS 'The vendor of every row; null where each row names its own';

COMMENT ON COLUMN public.product_imports.content IS 'The file as text, until the import is finished';

COMMENT ON COLUMN public.product_imports.done IS 'Rows checked, or applied, in the present status';

ALTER TABLE public.product_imports ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.product_imports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.product_pictures (
    product_id bigint NOT NULL,
    digest text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    alt_texts jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT product_pictures_alt_texts_check CHECK ((jsonb_typeof(alt_texts) = 'object'::text)),
    CONSTRAINT product_pictures_digest_check CHECK ((digest ~ '^[0-9a-f]{32}$'::text)),
    CONSTRAINT product_pictures_height_check CHECK ((height > 0)),
    CONSTRAINT product_pictures_width_check CHECK ((width > 0))
);

CREATE TABLE public.product_slugs (
    slug text NOT NULL,
    product_id bigint NOT NULL
);

COMMENT ON TABLE public.product_slugs IS 'Earlier addresses of products, which lead to the present one';

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
    translations jsonb DEFAULT '{}'::jsonb NOT NULL,
    needs_delivery boolean DEFAULT false NOT NULL,
    CONSTRAINT products_currency_check CHECK ((currency ~ '^[A-Z]{3,5}$'::text)),
    CONSTRAINT products_price_minor_check CHECK ((price_minor >= 0)),
    CONSTRAINT products_referral_percent_check CHECK (((referral_percent >= (0)::numeric) AND (referral_percent <= (100)::numeric))),
    CONSTRAINT products_translations_check CHECK ((jsonb_typeof(translations) = 'object'::text))
);

COMMENT ON COLUMN public.products.translations IS 'Name and description by language, {"uk": {"name": ..., "description": ...}}; what is missing is read from the columns';

ALTER TABLE public.products ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.products_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.programme_applications (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    status text DEFAULT 'waiting'::text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    decision_reason text,
    decided_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    decided_at timestamp with time zone,
    CONSTRAINT programme_applications_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'approved'::text, 'rejected'::text])))
);

COMMENT ON TABLE public.programme_applications IS 'Who wants to become a referrer, and what an admin decided';

ALTER TABLE public.programme_applications ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.programme_applications_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.programme_campaigns (
    id bigint NOT NULL,
    name text NOT NULL,
    percent numeric(9,6) NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    codes text[] DEFAULT '{}'::text[] NOT NULL,
    store_ids bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    budget_usd numeric(38,18),
    created_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT programme_campaigns_budget_usd_check CHECK ((budget_usd >= (0)::numeric)),
    CONSTRAINT programme_campaigns_check CHECK ((ends_at >= starts_at)),
    CONSTRAINT programme_campaigns_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT programme_campaigns_percent_check CHECK (((percent > (0)::numeric) AND (percent <= (100)::numeric)))
);

COMMENT ON COLUMN public.programme_campaigns.codes IS 'The share codes it is for; empty: all';

COMMENT ON COLUMN public.programme_campaigns.store_ids IS 'The stores it is for; empty: all';

ALTER TABLE public.programme_campaigns ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.programme_campaigns_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.programme_terms (
    id bigint NOT NULL,
    texts jsonb NOT NULL,
    created_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT programme_terms_texts_check CHECK ((jsonb_typeof(texts) = 'object'::text))
);

COMMENT ON TABLE public.programme_terms IS 'Versions of the terms; the one with the greatest id is in force';

COMMENT ON COLUMN public.programme_terms.texts IS '{language: text}; empty: the programme has no terms since then';

ALTER TABLE public.programme_terms ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.programme_terms_id_seq
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

CREATE TABLE public.proposals (
    id bigint NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    status text DEFAULT 'waiting'::text NOT NULL,
    amount_minor bigint,
    currency text,
    wallet text,
    replaced_wallet text,
    usd_value numeric(38,18),
    reason text NOT NULL,
    request_id text NOT NULL,
    proposed_by bigint NOT NULL,
    decided_by bigint,
    decision_reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT proposals_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT proposals_check CHECK (((amount_minor IS NULL) = (currency IS NULL))),
    CONSTRAINT proposals_check1 CHECK (((kind = 'payout_wallet'::text) = (amount_minor IS NULL))),
    CONSTRAINT proposals_check2 CHECK (((kind = 'payout_wallet'::text) = (wallet IS NOT NULL))),
    CONSTRAINT proposals_check3 CHECK (((status <> 'confirmed'::text) OR ((decided_by IS NOT NULL) AND (decided_by <> proposed_by)))),
    CONSTRAINT proposals_kind_check CHECK ((kind = ANY (ARRAY['credit'::text, 'refund'::text, 'payout_wallet'::text]))),
    CONSTRAINT proposals_replaced_wallet_check CHECK ((replaced_wallet ~ '^0x[0-9a-f]{40}$'::text)),
    CONSTRAINT proposals_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'confirmed'::text, 'declined'::text, 'expired'::text]))),
    CONSTRAINT proposals_wallet_check CHECK ((wallet ~ '^0x[0-9a-f]{40}$'::text))
);

ALTER TABLE public.proposals ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.proposals_id_seq
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
    is_keyed boolean DEFAULT false NOT NULL,
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
    store_referrer_id bigint,
    CONSTRAINT refcodes_code_check CHECK (((char_length(code) >= 1) AND (char_length(code) <= 64))),
    CONSTRAINT refcodes_visits_total_check CHECK ((visits_total >= 0)),
    CONSTRAINT refcodes_wallet_address_check CHECK (((wallet_address ~ '^0x[0-9a-f]{40}$'::text) OR ((wallet_address = ''::text) AND (store_referrer_id IS NOT NULL))))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.02');

ALTER TABLE public.referral_rewards ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.referral_rewards_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.referrer_bonuses (
    id bigint NOT NULL,
    referrer_user_id bigint NOT NULL,
    percent numeric(9,6) NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    created_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT referrer_bonuses_check CHECK ((ends_at >= starts_at)),
    CONSTRAINT referrer_bonuses_percent_check CHECK (((percent > (0)::numeric) AND (percent <= (100)::numeric)))
);

ALTER TABLE public.referrer_bonuses ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.referrer_bonuses_id_seq
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
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');

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

CREATE TABLE public.settings_versions (
    id bigint NOT NULL,
    settings jsonb NOT NULL,
    created_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT settings_versions_settings_check CHECK ((jsonb_typeof(settings) = 'object'::text))
);

COMMENT ON TABLE public.settings_versions IS 'The newest row is in force, for settings that the environment leaves at their defaults';

ALTER TABLE public.settings_versions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.settings_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.settlement_total_deltas (
    id bigint NOT NULL,
    vendor_id bigint NOT NULL,
    currency text NOT NULL,
    collected_by text NOT NULL,
    status text NOT NULL,
    due_hour timestamp with time zone NOT NULL,
    reason text NOT NULL,
    settlements bigint NOT NULL,
    net_sum numeric(78,0) NOT NULL,
    commission_sum numeric(78,0) NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');

ALTER TABLE public.settlement_total_deltas ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.settlement_total_deltas_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.settlement_totals (
    vendor_id bigint NOT NULL,
    currency text NOT NULL,
    collected_by text NOT NULL,
    status text NOT NULL,
    due_hour timestamp with time zone NOT NULL,
    reason text NOT NULL,
    settlements bigint NOT NULL,
    net_sum numeric(78,0) NOT NULL,
    commission_sum numeric(78,0) NOT NULL
);

COMMENT ON COLUMN public.settlement_totals.due_hour IS 'The hour in which pending sales fall due; the epoch for those of past hours and for all else';

COMMENT ON COLUMN public.settlement_totals.reason IS 'Why held settlements are held, empty for the others';

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
    note text,
    actor_user_id bigint,
    CONSTRAINT stock_movements_quantity_check CHECK ((quantity <> 0)),
    CONSTRAINT stock_movements_reason_check CHECK ((reason = ANY (ARRAY['initial'::text, 'sale'::text, 'refund'::text, 'correction'::text])))
);

COMMENT ON COLUMN public.stock_movements.note IS 'The reason of a correction, as it was typed';

ALTER TABLE public.stock_movements ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.stock_movements_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.store_coupons (
    store_id bigint NOT NULL,
    coupon text NOT NULL,
    code text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT store_coupons_coupon_check CHECK ((coupon = lower(coupon)))
);

CREATE TABLE public.store_events (
    id bigint NOT NULL,
    store_id bigint NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    kind text NOT NULL,
    verified boolean NOT NULL,
    live boolean DEFAULT true NOT NULL,
    outcome text,
    order_reference text,
    external_id text,
    snapshot jsonb,
    body_sha256 text,
    explanation jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT store_events_check CHECK ((verified OR (outcome = 'refused'::text))),
    CONSTRAINT store_events_outcome_check CHECK ((outcome = ANY (ARRAY['created'::text, 'updated'::text, 'unchanged'::text, 'stale'::text, 'test'::text, 'refused'::text, 'ignored'::text, 'held'::text])))
);

COMMENT ON COLUMN public.store_events.kind IS 'What arrived: api.order, api.refund, poll, or the platform''s name of a delivery';

COMMENT ON COLUMN public.store_events.snapshot IS 'The fields the portal knows, nothing else of the body';

COMMENT ON COLUMN public.store_events.explanation IS 'Codes and values of the sentence that explains the outcome';

ALTER TABLE public.store_events ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.store_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.store_keys (
    id bigint NOT NULL,
    store_id bigint NOT NULL,
    mode text NOT NULL,
    prefix text NOT NULL,
    key_hash text NOT NULL,
    scopes text[] NOT NULL,
    created_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT store_keys_mode_check CHECK ((mode = ANY (ARRAY['live'::text, 'test'::text]))),
    CONSTRAINT store_keys_scopes_check CHECK ((scopes <@ ARRAY['orders:write'::text, 'orders:read'::text, 'attribution:read'::text]))
);

COMMENT ON COLUMN public.store_keys.key_hash IS 'Hex SHA-256 of the key, which has 190 bits of its own';

ALTER TABLE public.store_keys ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.store_keys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.store_orders (
    order_id text NOT NULL,
    store_id bigint NOT NULL,
    external_id text NOT NULL,
    number text NOT NULL,
    version bigint NOT NULL,
    payment_key text,
    snapshot jsonb NOT NULL,
    snapshot_sha256 text NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON COLUMN public.store_orders.version IS 'Grows with each change in the store: milliseconds, or any integer';

COMMENT ON COLUMN public.store_orders.payment_key IS 'What a payment company calls the payment of the order';

CREATE TABLE public.store_rates (
    store_id bigint NOT NULL,
    sku text NOT NULL,
    referral_percent numeric(9,6) NOT NULL,
    CONSTRAINT store_rates_referral_percent_check CHECK (((referral_percent >= (0)::numeric) AND (referral_percent <= (100)::numeric)))
);

CREATE TABLE public.store_referrers (
    id bigint NOT NULL,
    store_id bigint NOT NULL,
    customer text NOT NULL,
    user_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    connected_at timestamp with time zone,
    own_user_id bigint,
    email_key text,
    stated_wallet text,
    CONSTRAINT store_referrers_check CHECK (((user_id IS NULL) = (connected_at IS NULL)))
);

COMMENT ON COLUMN public.store_referrers.customer IS 'Keyed hash of what the store calls its customer';

COMMENT ON COLUMN public.store_referrers.own_user_id IS 'The referrer before an account is connected; nobody can sign in as it';

COMMENT ON COLUMN public.store_referrers.email_key IS 'Keyed hash of the e-mail the store reported, only to refuse own purchases';

COMMENT ON COLUMN public.store_referrers.stated_wallet IS 'The wallet that the store names, offered to the owner; never paid by itself';

ALTER TABLE public.store_referrers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.store_referrers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.store_vendors (
    store_id bigint NOT NULL,
    external_id text NOT NULL,
    vendor_id bigint,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON COLUMN public.store_vendors.vendor_id IS 'Null until somebody says whose it is: its lines go to the default vendor';

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
    default_vendor_id bigint,
    origins text[] DEFAULT '{}'::text[] NOT NULL,
    api_url text,
    api_credentials bytea,
    webhook_secret bytea,
    previous_webhook_secret bytea,
    signing_secret bytea,
    signature_required boolean DEFAULT false NOT NULL,
    snippet_seen_at timestamp with time zone,
    webhook_seen_at timestamp with time zone,
    polled_at timestamp with time zone,
    polled_until timestamp with time zone,
    poll_error text,
    poll_failures integer DEFAULT 0 NOT NULL,
    next_poll_at timestamp with time zone,
    webhook_secret_used boolean DEFAULT true NOT NULL,
    signing_secret_used boolean DEFAULT true NOT NULL,
    previous_signing_secret bytea,
    CONSTRAINT stores_check CHECK (((id = 1) OR (default_vendor_id IS NOT NULL))),
    CONSTRAINT stores_collected_by_check CHECK ((collected_by = ANY (ARRAY['platform'::text, 'store'::text]))),
    CONSTRAINT stores_commission_base_check CHECK ((commission_base = ANY (ARRAY['net'::text, 'gross'::text]))),
    CONSTRAINT stores_reward_waits_for_check CHECK ((reward_waits_for = ANY (ARRAY['approval'::text, 'statement'::text])))
);

COMMENT ON COLUMN public.stores.public_id IS 'Names the store in pages and scripts that anyone can read';

COMMENT ON COLUMN public.stores.collected_by IS 'Who receives the buyers'' payments';

COMMENT ON COLUMN public.stores.commission_base IS 'Whether commissions are computed from amounts before (net) or after tax (gross)';

COMMENT ON COLUMN public.stores.default_vendor_id IS 'Who sells the lines that name no vendor, and those of an unknown one';

COMMENT ON COLUMN public.stores.origins IS 'Origins of the store''s pages, which may read the badge and show the dashboard';

COMMENT ON COLUMN public.stores.api_credentials IS 'Sealed JSON: how the portal signs in to the store''s own API';

COMMENT ON COLUMN public.stores.webhook_secret IS 'Sealed: verifies what the platform sends by itself';

COMMENT ON COLUMN public.stores.signing_secret IS 'Sealed: verifies signed requests to the API (Standard Webhooks)';

COMMENT ON COLUMN public.stores.polled_until IS 'Orders changed before this time are known from the store''s API';

COMMENT ON COLUMN public.stores.poll_failures IS 'How many rounds in a row the store''s API has failed';

COMMENT ON COLUMN public.stores.next_poll_at IS 'When an API that failed, or was not read to the end, is asked again; null otherwise';

COMMENT ON COLUMN public.stores.webhook_secret_used IS 'False while the platform still signs with the previous secret';

COMMENT ON COLUMN public.stores.signing_secret_used IS 'False while the store still signs with the previous secret';

COMMENT ON COLUMN public.stores.previous_signing_secret IS 'Sealed: still verifies signed requests until it is ended';

ALTER TABLE public.stores ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.stores_id_seq
    START WITH 2
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.terms_acceptances (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    terms_id bigint NOT NULL,
    accepted_at timestamp with time zone DEFAULT now() NOT NULL,
    withdrawn_at timestamp with time zone
);

COMMENT ON COLUMN public.terms_acceptances.withdrawn_at IS 'The first proof of the mailbox came after it';

ALTER TABLE public.terms_acceptances ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.terms_acceptances_id_seq
    START WITH 1
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
)
WITH (autovacuum_vacuum_scale_factor='0.02');

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
    disabled_at timestamp with time zone,
    erased_at timestamp with time zone,
    erasure_requested_at timestamp with time zone,
    erasure_requested_by bigint,
    CONSTRAINT users_check CHECK (((referred_by_user_id IS NULL) OR (referred_by_user_id <> id))),
    CONSTRAINT users_erasure_request CHECK (((erasure_requested_at IS NULL) = (erasure_requested_by IS NULL))),
    CONSTRAINT users_locale_check CHECK ((locale = ANY (ARRAY['en'::text, 'uk'::text, 'ru'::text]))),
    CONSTRAINT users_membership_tier_check CHECK ((membership_tier = ANY (ARRAY['SUBSCRIBER'::text, 'MEMBER'::text, 'CONFIDENTIAL'::text]))),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['user'::text, 'vendor'::text, 'admin'::text])))
);

COMMENT ON COLUMN public.users.disabled_at IS 'While set, nobody can sign in to the account and its codes attribute nothing';

COMMENT ON COLUMN public.users.erased_at IS 'When personal data was erased; null: never';

COMMENT ON COLUMN public.users.erasure_requested_at IS 'Since when the erasure of the account waits for an admin; null: it does not';

COMMENT ON COLUMN public.users.erasure_requested_by IS 'Who asked for it: the person, or an admin to whom they wrote';

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
    active boolean DEFAULT true NOT NULL,
    CONSTRAINT vendors_store_tier_check CHECK ((store_tier = ANY (ARRAY['starter'::text, 'growth'::text, 'professional'::text, 'enterprise'::text])))
);

COMMENT ON COLUMN public.vendors.active IS 'While false, nothing of the vendor is sold; what is owed to it is still paid';

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
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.02');

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

CREATE TABLE public.webhook_deliveries (
    id bigint NOT NULL,
    endpoint_id bigint NOT NULL,
    event_id bigint NOT NULL,
    type text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    last_attempt_at timestamp with time zone,
    last_status_code integer,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT webhook_deliveries_check CHECK (((status = 'pending'::text) OR (next_attempt_at IS NULL))),
    CONSTRAINT webhook_deliveries_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.02');

COMMENT ON COLUMN public.webhook_deliveries.next_attempt_at IS 'While an attempt is under way: when it counts as lost. Null: done, or the endpoint is disabled';

COMMENT ON COLUMN public.webhook_deliveries.last_error IS 'Code of what failed; null where the endpoint accepted the event';

ALTER TABLE public.webhook_deliveries ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.webhook_deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.webhook_endpoints (
    id bigint NOT NULL,
    store_id bigint NOT NULL,
    url text NOT NULL,
    types text[] NOT NULL,
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_secret_until timestamp with time zone,
    failing_since timestamp with time zone,
    disabled_at timestamp with time zone,
    disabled_reason text,
    created_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT webhook_endpoints_check CHECK (((disabled_at IS NULL) = (disabled_reason IS NULL))),
    CONSTRAINT webhook_endpoints_check1 CHECK (((previous_secret IS NULL) = (previous_secret_until IS NULL))),
    CONSTRAINT webhook_endpoints_disabled_reason_check CHECK ((disabled_reason = ANY (ARRAY['admin'::text, 'gone'::text, 'failing'::text]))),
    CONSTRAINT webhook_endpoints_types_check CHECK ((cardinality(types) > 0))
);

COMMENT ON COLUMN public.webhook_endpoints.secret IS 'Sealed: signs what is sent';

COMMENT ON COLUMN public.webhook_endpoints.previous_secret IS 'Sealed: signs too until previous_secret_until';

COMMENT ON COLUMN public.webhook_endpoints.failing_since IS 'The first failed attempt since the last one that was accepted';

ALTER TABLE public.webhook_endpoints ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.webhook_endpoints_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.webhook_events (
    id bigint NOT NULL,
    webhook_id text NOT NULL,
    store_id bigint NOT NULL,
    type text NOT NULL,
    order_reference text,
    payload jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON COLUMN public.webhook_events.webhook_id IS 'The same in every attempt and replay, so that a receiver can ignore repetitions';

COMMENT ON COLUMN public.webhook_events.payload IS 'Codes, references and amounts; no personal data';

ALTER TABLE public.webhook_events ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.webhook_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.access_signals
    ADD CONSTRAINT access_signals_pkey PRIMARY KEY (period, kind, hash, user_id);

ALTER TABLE ONLY public.account_links
    ADD CONSTRAINT account_links_key_key UNIQUE (key);

ALTER TABLE ONLY public.account_links
    ADD CONSTRAINT account_links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.applied_functions
    ADD CONSTRAINT applied_functions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.back_orders
    ADD CONSTRAINT back_orders_order_id_product_id_key UNIQUE (order_id, product_id);

ALTER TABLE ONLY public.back_orders
    ADD CONSTRAINT back_orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.brand_logos
    ADD CONSTRAINT brand_logos_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY public.budget_deltas
    ADD CONSTRAINT budget_deltas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.budget_totals
    ADD CONSTRAINT budget_totals_pkey PRIMARY KEY (scope);

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

ALTER TABLE ONLY public.code_aliases
    ADD CONSTRAINT code_aliases_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.code_order_deltas
    ADD CONSTRAINT code_order_deltas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.code_order_totals
    ADD CONSTRAINT code_order_totals_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.code_result_deltas
    ADD CONSTRAINT code_result_deltas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.code_results
    ADD CONSTRAINT code_results_pkey PRIMARY KEY (code, label);

ALTER TABLE ONLY public.commission_statement_items
    ADD CONSTRAINT commission_statement_items_pkey PRIMARY KEY (statement_id, settlement_id);

ALTER TABLE ONLY public.commission_statements
    ADD CONSTRAINT commission_statements_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.commission_structures
    ADD CONSTRAINT commission_structures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.counted_days
    ADD CONSTRAINT counted_days_pkey PRIMARY KEY (day);

ALTER TABLE ONLY public.credit_balances
    ADD CONSTRAINT credit_balances_pkey PRIMARY KEY (user_id, currency);

ALTER TABLE ONLY public.credit_entries
    ADD CONSTRAINT credit_entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credit_entries
    ADD CONSTRAINT credit_entries_refund_id_key UNIQUE (refund_id);

ALTER TABLE ONLY public.credit_entries
    ADD CONSTRAINT credit_entries_request_id_key UNIQUE (request_id);

ALTER TABLE ONLY public.currencies
    ADD CONSTRAINT currencies_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_store_id_id_key UNIQUE (store_id, id);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_store_id_key_key UNIQUE (store_id, key);

ALTER TABLE ONLY public.daily_figures
    ADD CONSTRAINT daily_figures_pkey PRIMARY KEY (day, kind, store_id, currency);

ALTER TABLE ONLY public.erp_sales_assists
    ADD CONSTRAINT erp_sales_assists_order_reference_vendor_id_key UNIQUE (order_reference, vendor_id);

ALTER TABLE ONLY public.erp_sales_assists
    ADD CONSTRAINT erp_sales_assists_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.event_log
    ADD CONSTRAINT event_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.exchange_rates
    ADD CONSTRAINT exchange_rates_pkey PRIMARY KEY (source, currency, day);

ALTER TABLE ONLY public.export_pieces
    ADD CONSTRAINT export_pieces_pkey PRIMARY KEY (export_id, number);

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.failing_items
    ADD CONSTRAINT failing_items_pkey PRIMARY KEY (queue, item_id);

ALTER TABLE ONLY public.foreign_payments
    ADD CONSTRAINT foreign_payments_chain_id_contract_address_order_ref_key UNIQUE (chain_id, contract_address, order_ref);

ALTER TABLE ONLY public.foreign_payments
    ADD CONSTRAINT foreign_payments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.installation
    ADD CONSTRAINT installation_is_only_key UNIQUE (is_only);

ALTER TABLE ONLY public.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.job_runs
    ADD CONSTRAINT job_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.journal_account_balances
    ADD CONSTRAINT journal_account_balances_pkey PRIMARY KEY (account, currency);

ALTER TABLE ONLY public.journal_balance_deltas
    ADD CONSTRAINT journal_balance_deltas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.journal_kind_balances
    ADD CONSTRAINT journal_kind_balances_pkey PRIMARY KEY (kind, currency);

ALTER TABLE ONLY public.journal_transfers
    ADD CONSTRAINT journal_transfers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.link_labels
    ADD CONSTRAINT link_labels_pkey PRIMARY KEY (code, label);

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

ALTER TABLE ONLY public.operator_alerts
    ADD CONSTRAINT operator_alerts_kind_subject_key UNIQUE (kind, subject);

ALTER TABLE ONLY public.operator_alerts
    ADD CONSTRAINT operator_alerts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.order_customers
    ADD CONSTRAINT order_customers_pkey PRIMARY KEY (customer_id, order_id);

ALTER TABLE ONLY public.order_deliveries
    ADD CONSTRAINT order_deliveries_pkey PRIMARY KEY (order_id);

ALTER TABLE ONLY public.order_fulfilments
    ADD CONSTRAINT order_fulfilments_order_id_vendor_id_key UNIQUE (order_id, vendor_id);

ALTER TABLE ONLY public.order_fulfilments
    ADD CONSTRAINT order_fulfilments_pkey PRIMARY KEY (id);

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

ALTER TABLE public.payment_transactions
    ADD CONSTRAINT payment_transactions_purpose_check CHECK ((purpose = ANY (ARRAY['store_order'::text, 'membership_upgrade'::text, 'commission_statement'::text]))) NOT VALID;

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

ALTER TABLE ONLY public.picture_files
    ADD CONSTRAINT picture_files_pkey PRIMARY KEY (digest, size);

ALTER TABLE ONLY public.platform_config
    ADD CONSTRAINT platform_config_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.platform_visits
    ADD CONSTRAINT platform_visits_pkey PRIMARY KEY (day, shard);

ALTER TABLE ONLY public.product_import_rows
    ADD CONSTRAINT product_import_rows_pkey PRIMARY KEY (import_id, number);

ALTER TABLE ONLY public.product_imports
    ADD CONSTRAINT product_imports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.product_pictures
    ADD CONSTRAINT product_pictures_pkey PRIMARY KEY (product_id);

ALTER TABLE ONLY public.product_slugs
    ADD CONSTRAINT product_slugs_pkey PRIMARY KEY (slug);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.programme_applications
    ADD CONSTRAINT programme_applications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.programme_campaigns
    ADD CONSTRAINT programme_campaigns_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.programme_terms
    ADD CONSTRAINT programme_terms_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_tstzrange_excl EXCLUDE USING gist (tstzrange(starts_at, ends_at) WITH &&);

ALTER TABLE ONLY public.proposals
    ADD CONSTRAINT proposals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.proposals
    ADD CONSTRAINT proposals_request_id_key UNIQUE (request_id);

ALTER TABLE ONLY public.rail_failures
    ADD CONSTRAINT rail_failures_order_reference_rail_key UNIQUE (order_reference, rail);

ALTER TABLE ONLY public.rail_failures
    ADD CONSTRAINT rail_failures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_code_hash_key UNIQUE (user_id, code_hash);

ALTER TABLE ONLY public.refcodes
    ADD CONSTRAINT refcodes_owner_user_id_wallet_address_key UNIQUE NULLS NOT DISTINCT (owner_user_id, wallet_address, store_referrer_id);

ALTER TABLE ONLY public.refcodes
    ADD CONSTRAINT refcodes_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.refcodes
    ADD CONSTRAINT refcodes_store_referrer_id_key UNIQUE (store_referrer_id);

ALTER TABLE public.referral_rewards
    ADD CONSTRAINT referral_rewards_campaign_usd_check CHECK ((campaign_usd >= (0)::numeric)) NOT VALID;

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_order_reference_key UNIQUE (order_reference);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_pkey PRIMARY KEY (id);

ALTER TABLE public.referral_rewards
    ADD CONSTRAINT referral_rewards_referrer_wallet_check CHECK (((referrer_wallet ~ '^0x[0-9a-f]{40}$'::text) OR ((referrer_wallet = ''::text) AND (status <> ALL (ARRAY['minting'::text, 'minted'::text]))))) NOT VALID;

ALTER TABLE ONLY public.referrer_bonuses
    ADD CONSTRAINT referrer_bonuses_int8range_tstzrange_excl EXCLUDE USING gist (int8range(referrer_user_id, referrer_user_id, '[]'::text) WITH &&, tstzrange(starts_at, ends_at) WITH &&);

ALTER TABLE ONLY public.referrer_bonuses
    ADD CONSTRAINT referrer_bonuses_pkey PRIMARY KEY (id);

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

ALTER TABLE ONLY public.settings_versions
    ADD CONSTRAINT settings_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.settlement_total_deltas
    ADD CONSTRAINT settlement_total_deltas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.settlement_totals
    ADD CONSTRAINT settlement_totals_pkey PRIMARY KEY (vendor_id, currency, collected_by, status, due_hour, reason);

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

ALTER TABLE ONLY public.store_coupons
    ADD CONSTRAINT store_coupons_pkey PRIMARY KEY (store_id, coupon);

ALTER TABLE ONLY public.store_events
    ADD CONSTRAINT store_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.store_keys
    ADD CONSTRAINT store_keys_key_hash_key UNIQUE (key_hash);

ALTER TABLE ONLY public.store_keys
    ADD CONSTRAINT store_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.store_orders
    ADD CONSTRAINT store_orders_pkey PRIMARY KEY (order_id);

ALTER TABLE ONLY public.store_orders
    ADD CONSTRAINT store_orders_store_id_external_id_key UNIQUE (store_id, external_id);

ALTER TABLE ONLY public.store_rates
    ADD CONSTRAINT store_rates_pkey PRIMARY KEY (store_id, sku);

ALTER TABLE ONLY public.store_referrers
    ADD CONSTRAINT store_referrers_own_user_id_key UNIQUE (own_user_id);

ALTER TABLE ONLY public.store_referrers
    ADD CONSTRAINT store_referrers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.store_referrers
    ADD CONSTRAINT store_referrers_store_id_customer_key UNIQUE (store_id, customer);

ALTER TABLE ONLY public.store_vendors
    ADD CONSTRAINT store_vendors_pkey PRIMARY KEY (store_id, external_id);

ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_public_id_key UNIQUE (public_id);

ALTER TABLE ONLY public.terms_acceptances
    ADD CONSTRAINT terms_acceptances_pkey PRIMARY KEY (id);

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

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_endpoint_id_event_id_key UNIQUE (endpoint_id, event_id);

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_events_webhook_id_key UNIQUE (webhook_id);

CREATE INDEX account_links_expires ON public.account_links USING btree (expires_at);

CREATE INDEX account_links_user ON public.account_links USING btree (user_id, purpose, created_at);

CREATE INDEX back_orders_product ON public.back_orders USING btree (product_id, id);

CREATE INDEX budget_deltas_scope ON public.budget_deltas USING btree (scope);

CREATE INDEX chain_alerts_open ON public.chain_alerts USING btree (created_at DESC) WHERE (resolved_at IS NULL);

CREATE INDEX chain_attempts_transaction ON public.chain_attempts USING btree (transaction_id, id);

CREATE INDEX chain_transaction_items_item ON public.chain_transaction_items USING btree (purpose, item_id, transaction_id);

CREATE UNIQUE INDEX chain_transaction_items_one_open ON public.chain_transaction_items USING btree (purpose, item_id) WHERE open;

CREATE INDEX chain_transaction_items_order_ref ON public.chain_transaction_items USING btree (order_ref) WHERE (order_ref IS NOT NULL);

CREATE INDEX chain_transactions_block ON public.chain_transactions USING btree (chain_id, block_number) WHERE (block_number IS NOT NULL);

CREATE INDEX chain_transactions_open ON public.chain_transactions USING btree (chain_id, purpose, nonce) WHERE (status = 'open'::text);

CREATE INDEX code_aliases_code ON public.code_aliases USING btree (code, created_at);

CREATE UNIQUE INDEX code_aliases_in_use ON public.code_aliases USING btree (alias) WHERE (retired_at IS NULL);

CREATE INDEX code_aliases_like_codes ON public.code_aliases USING btree (alias) WHERE ((retired_at IS NULL) AND (alias ~ '^[2-9A-Z]{8}$'::text));

CREATE UNIQUE INDEX code_aliases_of_code ON public.code_aliases USING btree (code) WHERE (retired_at IS NULL);

CREATE INDEX code_aliases_reading ON public.code_aliases USING btree (reading);

CREATE INDEX code_order_deltas_code ON public.code_order_deltas USING btree (code);

CREATE INDEX code_order_totals_paid ON public.code_order_totals USING btree (paid, code);

CREATE INDEX code_order_totals_refunds ON public.code_order_totals USING btree (refunded, code) WHERE ((refunded >= 2) AND ((refunded * 100) > (paid * 20)));

CREATE INDEX code_result_deltas_code ON public.code_result_deltas USING btree (code);

CREATE UNIQUE INDEX commission_statement_items_live ON public.commission_statement_items USING btree (settlement_id) WHERE live;

CREATE INDEX commission_statements_status ON public.commission_statements USING btree (status, id DESC);

CREATE INDEX commission_statements_vendor ON public.commission_statements USING btree (vendor_id, currency, period_end DESC);

CREATE UNIQUE INDEX credit_entries_one_debit ON public.credit_entries USING btree (order_reference) WHERE ((order_reference IS NOT NULL) AND (amount_minor < 0));

CREATE INDEX credit_entries_user ON public.credit_entries USING btree (user_id, id DESC);

CREATE INDEX customers_user ON public.customers USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX erp_sales_assists_referrer ON public.erp_sales_assists USING btree (referrer_user_id, id);

CREATE INDEX event_log_actor ON public.event_log USING btree (actor, at, id);

CREATE INDEX event_log_at ON public.event_log USING btree (at, id);

CREATE INDEX event_log_devices ON public.event_log USING btree (at) WHERE ((event = ANY (ARRAY['signed_in'::text, 'sign_in_failed'::text, 'sign_in_refused'::text])) AND (data <> '{}'::jsonb));

CREATE INDEX event_log_entity ON public.event_log USING btree (entity, entity_id, id);

CREATE INDEX event_log_entity_at ON public.event_log USING btree (entity, at, id);

CREATE INDEX event_log_event ON public.event_log USING btree (event, at, id);

CREATE INDEX event_log_order_reference ON public.event_log USING btree (order_reference, id) WHERE (order_reference IS NOT NULL);

CREATE INDEX event_log_unknown_accounts ON public.event_log USING btree (at) WHERE (entity = 'unknown_account'::text);

CREATE INDEX exports_finished ON public.exports USING btree (finished_at) WHERE (finished_at IS NOT NULL);

CREATE INDEX exports_open ON public.exports USING btree (id) WHERE (status = 'preparing'::text);

CREATE INDEX exports_requested_by ON public.exports USING btree (requested_by, id);

CREATE INDEX failing_items_newest ON public.failing_items USING btree (created_at, queue, item_id);

CREATE INDEX foreign_payments_unknown ON public.foreign_payments USING btree (id) WHERE (adopted_at IS NULL);

CREATE INDEX job_runs_job ON public.job_runs USING btree (job, id);

CREATE INDEX job_runs_job_outcome ON public.job_runs USING btree (job, outcome, id);

CREATE INDEX job_runs_outcome ON public.job_runs USING btree (outcome, id);

CREATE UNIQUE INDEX job_runs_running ON public.job_runs USING btree (job) WHERE (outcome = 'running'::text);

CREATE INDEX job_runs_started ON public.job_runs USING btree (started_at);

CREATE INDEX journal_account_balances_kind ON public.journal_account_balances USING btree (split_part(account, ':'::text, 1), currency);

CREATE INDEX journal_transfers_credit ON public.journal_transfers USING btree (credit_account, id DESC);

CREATE INDEX journal_transfers_debit ON public.journal_transfers USING btree (debit_account, id DESC);

CREATE INDEX journal_transfers_minted ON public.journal_transfers USING btree (created_at) WHERE ((credit_account = 'tokens_minted'::text) OR (debit_account = 'tokens_minted'::text));

CREATE INDEX journal_transfers_reference ON public.journal_transfers USING btree (order_reference, id) WHERE (order_reference IS NOT NULL);

CREATE INDEX mail_outbox_done ON public.mail_outbox USING btree (created_at) WHERE (status <> 'queued'::text);

CREATE INDEX mail_outbox_queued ON public.mail_outbox USING btree (next_attempt_at, id) WHERE (status = 'queued'::text);

CREATE INDEX mail_outbox_reader ON public.mail_outbox USING btree (reader, created_at);

CREATE INDEX mail_outbox_user ON public.mail_outbox USING btree (user_id, id DESC);

CREATE INDEX membership_months_user ON public.membership_months USING btree (user_id, ends_at);

CREATE INDEX mint_job_items_reward ON public.mint_job_items USING btree (reward_id, job_id DESC);

CREATE INDEX mint_jobs_running ON public.mint_jobs USING btree (id) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX notifications_created ON public.notifications USING btree (created_at);

CREATE INDEX notifications_unread ON public.notifications USING btree (user_id) WHERE (read_at IS NULL);

CREATE INDEX notifications_user ON public.notifications USING btree (user_id, id DESC);

CREATE INDEX operator_alerts_open ON public.operator_alerts USING btree (id) WHERE (closed_at IS NULL);

CREATE INDEX order_customers_order ON public.order_customers USING btree (order_id);

CREATE INDEX order_deliveries_to_erase ON public.order_deliveries USING btree (created_at) WHERE (erased_at IS NULL);

CREATE INDEX order_fulfilments_cancelled ON public.order_fulfilments USING btree (order_id) WHERE (status = 'cancelled'::text);

CREATE INDEX order_fulfilments_vendor ON public.order_fulfilments USING btree (vendor_id, order_id) WHERE (status = ANY (ARRAY['cancelled'::text, 'closed'::text]));

CREATE INDEX order_items_name ON public.order_items USING btree (lower(name), order_id);

CREATE INDEX order_items_product ON public.order_items USING btree (product_id, id);

CREATE INDEX order_items_sku ON public.order_items USING btree (sku, order_id);

CREATE INDEX order_items_vendor ON public.order_items USING btree (vendor_id, order_id);

CREATE INDEX orders_buyer ON public.orders USING btree (buyer_user_id, created_at DESC);

CREATE UNIQUE INDEX orders_checkout_key ON public.orders USING btree (buyer_user_id, checkout_key) WHERE (checkout_key IS NOT NULL);

CREATE INDEX orders_currency ON public.orders USING btree (currency, created_at, id);

CREATE INDEX orders_customer ON public.orders USING btree (store_id, customer_id, paid_at);

CREATE INDEX orders_newest ON public.orders USING btree (created_at, id);

CREATE INDEX orders_paid ON public.orders USING btree (paid_at) WHERE (paid_at IS NOT NULL);

CREATE INDEX orders_referral_code ON public.orders USING btree (referral_code, created_at, id) WHERE (referral_code IS NOT NULL);

CREATE INDEX orders_referred ON public.orders USING btree (created_at, id) WHERE (referral_code IS NOT NULL);

CREATE INDEX orders_status ON public.orders USING btree (status, created_at, id);

CREATE INDEX orders_store ON public.orders USING btree (store_id, created_at, id);

CREATE INDEX orders_unpaid ON public.orders USING btree (created_at, id) WHERE (status = 'created'::text);

CREATE INDEX payment_events_forged ON public.payment_events USING btree (received_at) WHERE ((outcome = 'refused'::text) AND (NOT authentic));

CREATE INDEX payment_events_open ON public.payment_events USING btree (id) WHERE ((outcome = 'unmatched'::text) AND (closed_at IS NULL));

CREATE INDEX payment_events_outcome ON public.payment_events USING btree (outcome, id);

CREATE INDEX payment_events_reference ON public.payment_events USING btree (order_reference, id);

CREATE INDEX payment_events_waiting ON public.payment_events USING btree (id) WHERE (outcome IS NULL);

CREATE INDEX payment_events_with_body ON public.payment_events USING btree (received_at) WHERE (payload <> ''::text);

CREATE UNIQUE INDEX payment_refunds_external ON public.payment_refunds USING btree (order_reference, external_id) WHERE (external_id IS NOT NULL);

CREATE INDEX payment_refunds_reference ON public.payment_refunds USING btree (order_reference, id);

CREATE INDEX payment_refunds_requested ON public.payment_refunds USING btree (created_at, id) WHERE (status = 'requested'::text);

CREATE INDEX payment_transactions_entity ON public.payment_transactions USING btree (purpose, entity_id);

CREATE INDEX payment_transactions_open ON public.payment_transactions USING btree (created_at) WHERE (status = ANY (ARRAY['redirected'::text, 'pending'::text]));

CREATE INDEX payment_transactions_refunded ON public.payment_transactions USING btree (order_reference) WHERE (refunded_minor > 0);

CREATE INDEX payment_transactions_superseded ON public.payment_transactions USING btree (created_at) WHERE (failure_reason = 'superseded'::text);

CREATE INDEX payment_transactions_user ON public.payment_transactions USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE UNIQUE INDEX payout_items_one_live ON public.payout_items USING btree (settlement_id) WHERE live;

CREATE INDEX payouts_open ON public.payouts USING btree (id) WHERE (status = 'processing'::text);

CREATE INDEX payouts_order_ref ON public.payouts USING btree (order_ref) WHERE (order_ref IS NOT NULL);

CREATE UNIQUE INDEX payouts_transaction ON public.payouts USING btree (transaction_id, COALESCE(order_ref, ''::text)) WHERE (status = 'completed'::text);

CREATE INDEX payouts_vendor ON public.payouts USING btree (vendor_id, id DESC);

CREATE INDEX product_import_rows_outcome ON public.product_import_rows USING btree (import_id, outcome, number);

CREATE INDEX product_imports_open ON public.product_imports USING btree (id) WHERE (status = ANY (ARRAY['checking'::text, 'applying'::text]));

CREATE INDEX product_imports_requested_by ON public.product_imports USING btree (requested_by, id);

CREATE INDEX product_pictures_digest ON public.product_pictures USING btree (digest);

CREATE INDEX product_slugs_product ON public.product_slugs USING btree (product_id);

CREATE INDEX products_alphabet_en ON public.products USING btree (public.alphabet_key(COALESCE(jsonb_extract_path_text(translations, VARIADIC ARRAY['en'::text, 'name'::text]), name), 'en'::text) COLLATE "C", id) WHERE active;

CREATE INDEX products_alphabet_ru ON public.products USING btree (public.alphabet_key(COALESCE(jsonb_extract_path_text(translations, VARIADIC ARRAY['ru'::text, 'name'::text]), name), 'ru'::text) COLLATE "C", id) WHERE active;

CREATE INDEX products_alphabet_uk ON public.products USING btree (public.alphabet_key(COALESCE(jsonb_extract_path_text(translations, VARIADIC ARRAY['uk'::text, 'name'::text]), name), 'uk'::text) COLLATE "C", id) WHERE active;

CREATE INDEX products_vendor ON public.products USING btree (vendor_id);

CREATE UNIQUE INDEX programme_applications_open ON public.programme_applications USING btree (user_id) WHERE (status <> 'rejected'::text);

CREATE INDEX programme_applications_status ON public.programme_applications USING btree (status, id);

CREATE INDEX programme_applications_user ON public.programme_applications USING btree (user_id, id);

CREATE INDEX programme_campaigns_time ON public.programme_campaigns USING btree (ends_at, starts_at);

CREATE UNIQUE INDEX proposals_one_wallet_waits ON public.proposals USING btree (subject) WHERE ((kind = 'payout_wallet'::text) AND (status = 'waiting'::text));

CREATE INDEX proposals_waiting ON public.proposals USING btree (expires_at, id) WHERE (status = 'waiting'::text);

CREATE INDEX rail_failures_open ON public.rail_failures USING btree (id) WHERE (resolved_at IS NULL);

CREATE INDEX recovery_codes_plain ON public.recovery_codes USING btree (id) WHERE (NOT is_keyed);

CREATE INDEX refcodes_inactive ON public.refcodes USING btree (created_at, code) WHERE (NOT active);

CREATE INDEX refcodes_newest ON public.refcodes USING btree (created_at, code);

CREATE INDEX refcodes_owner ON public.refcodes USING btree (owner_user_id, created_at, code);

CREATE INDEX refcodes_upper ON public.refcodes USING btree (upper(code));

CREATE INDEX refcodes_wallet ON public.refcodes USING btree (wallet_address) WHERE (wallet_address <> ''::text);

CREATE INDEX referral_rewards_approved ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'approved'::text);

CREATE INDEX referral_rewards_code_time ON public.referral_rewards USING btree (ref_code, created_at, id);

CREATE INDEX referral_rewards_failed ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'failed'::text);

CREATE INDEX referral_rewards_minted ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'minted'::text);

CREATE INDEX referral_rewards_minting ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'minting'::text);

CREATE INDEX referral_rewards_pending ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'pending_approval'::text);

CREATE INDEX referral_rewards_referrer ON public.referral_rewards USING btree (referrer_user_id, created_at DESC, id DESC);

CREATE INDEX referral_rewards_refund_due ON public.referral_rewards USING btree (id) WHERE refund_due;

CREATE INDEX referral_rewards_rejected ON public.referral_rewards USING btree (created_at, id) WHERE (status = 'rejected'::text);

CREATE INDEX referral_rewards_to_mint ON public.referral_rewards USING btree (created_at, id) WHERE ((status = 'approved'::text) AND (NOT refund_due) AND (reward_amount_wei > delivered_wei) AND (referrer_wallet <> ''::text));

CREATE INDEX referral_rewards_waiting_for_budget ON public.referral_rewards USING btree (created_at, id) WHERE waits_for_budget;

CREATE INDEX referral_rewards_wallet ON public.referral_rewards USING btree (referrer_wallet, created_at, id);

CREATE INDEX referral_rewards_without_wallet ON public.referral_rewards USING btree (ref_code) WHERE (referrer_wallet = ''::text);

CREATE INDEX referrer_bonuses_referrer ON public.referrer_bonuses USING btree (referrer_user_id, starts_at);

CREATE INDEX reserve_releases_vendor ON public.reserve_releases USING btree (vendor_id, currency);

CREATE INDEX reserve_releases_waiting ON public.reserve_releases USING btree (vendor_id, currency) WHERE (payout_id IS NULL);

CREATE INDEX reward_debits_open ON public.reward_debits USING btree (referrer_user_id, id) WHERE (netted_wei < amount_wei);

CREATE INDEX reward_debits_referrer ON public.reward_debits USING btree (referrer_user_id, id);

CREATE INDEX reward_debits_reward ON public.reward_debits USING btree (reward_id);

CREATE INDEX reward_hint_counts_some ON public.reward_hint_counts USING btree (reward_id) WHERE (hints > 0);

CREATE INDEX reward_nettings_debit ON public.reward_nettings USING btree (debit_id, id);

CREATE INDEX reward_nettings_reward ON public.reward_nettings USING btree (reward_id, id);

CREATE INDEX reward_total_deltas_referrer ON public.reward_total_deltas USING btree (referrer_user_id);

CREATE INDEX settlement_total_deltas_vendor ON public.settlement_total_deltas USING btree (vendor_id);

CREATE INDEX settlement_totals_empty ON public.settlement_totals USING btree (vendor_id) WHERE (settlements = 0);

CREATE INDEX settlement_totals_owed ON public.settlement_totals USING btree (vendor_id, currency) WHERE (collected_by = 'store'::text);

CREATE INDEX settlement_totals_pending ON public.settlement_totals USING btree (due_hour, vendor_id, currency) WHERE ((status = 'pending'::text) AND (collected_by = 'platform'::text));

CREATE INDEX settlements_batch ON public.settlements USING btree (payout_batch_id, id) WHERE (payout_batch_id IS NOT NULL);

CREATE INDEX settlements_currency ON public.settlements USING btree (currency);

CREATE INDEX settlements_due ON public.settlements USING btree (scheduled_for, id) WHERE (status = 'pending'::text);

CREATE INDEX settlements_largest_of_balance ON public.settlements USING btree (vendor_id, currency, net_payout_minor DESC, scheduled_for, id) WHERE ((status = 'pending'::text) AND (collected_by = 'platform'::text));

CREATE INDEX settlements_newest ON public.settlements USING btree (created_at DESC, id DESC);

CREATE INDEX settlements_oldest_of_balance ON public.settlements USING btree (vendor_id, currency, scheduled_for, id) WHERE ((status = 'pending'::text) AND (collected_by = 'platform'::text));

CREATE UNIQUE INDEX settlements_one_refund ON public.settlements USING btree (refund_id, vendor_id) WHERE (refund_id IS NOT NULL);

CREATE UNIQUE INDEX settlements_one_sale ON public.settlements USING btree (order_reference, vendor_id) WHERE (kind = 'sale'::text);

CREATE INDEX settlements_payable ON public.settlements USING btree (scheduled_for) INCLUDE (vendor_id, currency, kind, net_payout_minor) WHERE ((status = 'pending'::text) AND (collected_by = 'platform'::text));

CREATE INDEX settlements_reference ON public.settlements USING btree (order_reference);

CREATE INDEX settlements_status ON public.settlements USING btree (status, id DESC);

CREATE INDEX settlements_to_state ON public.settlements USING btree (vendor_id, currency, created_at) WHERE ((collected_by = 'store'::text) AND (status = 'pending'::text));

CREATE INDEX settlements_vendor ON public.settlements USING btree (vendor_id, created_at DESC, id DESC);

CREATE INDEX sign_in_failures_account ON public.sign_in_failures USING btree (account, at);

CREATE INDEX sign_in_failures_at ON public.sign_in_failures USING btree (at);

CREATE UNIQUE INDEX stock_movements_once ON public.stock_movements USING btree (order_id, product_id, reason) WHERE (reason = ANY (ARRAY['sale'::text, 'refund'::text]));

CREATE INDEX stock_movements_product ON public.stock_movements USING btree (product_id, id);

CREATE INDEX store_events_order ON public.store_events USING btree (store_id, external_id, id) WHERE (external_id IS NOT NULL);

CREATE INDEX store_events_passing ON public.store_events USING btree (received_at) WHERE (outcome = ANY (ARRAY['unchanged'::text, 'stale'::text, 'test'::text, 'refused'::text, 'ignored'::text]));

CREATE INDEX store_events_reference ON public.store_events USING btree (order_reference, id) WHERE (order_reference IS NOT NULL);

CREATE INDEX store_events_refused ON public.store_events USING btree (store_id, id) WHERE (NOT verified);

CREATE UNIQUE INDEX store_events_refused_deliveries ON public.store_events USING btree (store_id, date_trunc('minute'::text, (received_at AT TIME ZONE 'UTC'::text))) WHERE (kind = 'hook.refused'::text);

CREATE INDEX store_events_store ON public.store_events USING btree (store_id, id);

CREATE INDEX store_events_unread ON public.store_events USING btree (store_id, id) WHERE (outcome = 'refused'::text);

CREATE INDEX store_events_waiting ON public.store_events USING btree (id) WHERE (outcome IS NULL);

CREATE INDEX store_keys_store ON public.store_keys USING btree (store_id);

CREATE INDEX store_orders_external_id ON public.store_orders USING btree (external_id);

CREATE INDEX store_orders_newest ON public.store_orders USING btree (store_id, updated_at DESC, order_id);

CREATE INDEX store_orders_number ON public.store_orders USING btree (number);

CREATE INDEX store_orders_payment ON public.store_orders USING btree (store_id, payment_key) WHERE (payment_key IS NOT NULL);

CREATE INDEX store_referrers_user ON public.store_referrers USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE UNIQUE INDEX terms_acceptances_valid ON public.terms_acceptances USING btree (user_id, terms_id) WHERE (withdrawn_at IS NULL);

CREATE INDEX user_sessions_known ON public.user_sessions USING btree (user_id, network);

CREATE INDEX user_sessions_last_seen ON public.user_sessions USING btree (last_seen_at);

CREATE INDEX user_sessions_open ON public.user_sessions USING btree (user_id, last_seen_at DESC) WHERE (ended_at IS NULL);

CREATE INDEX users_admins ON public.users USING btree (id) WHERE ((role = 'admin'::text) AND (disabled_at IS NULL));

CREATE UNIQUE INDEX users_email ON public.users USING btree (lower(email));

CREATE INDEX users_erased ON public.users USING btree (id) WHERE (erased_at IS NOT NULL);

CREATE INDEX users_erasure_requested ON public.users USING btree (id) WHERE (erasure_requested_at IS NOT NULL);

CREATE INDEX users_referred ON public.users USING btree (referred_by_code, referred_at) WHERE (referred_by_code IS NOT NULL);

CREATE INDEX vendors_alphabet_en ON public.vendors USING btree (public.alphabet_key(name, 'en'::text) COLLATE "C", id);

CREATE INDEX vendors_alphabet_ru ON public.vendors USING btree (public.alphabet_key(name, 'ru'::text) COLLATE "C", id);

CREATE INDEX vendors_alphabet_uk ON public.vendors USING btree (public.alphabet_key(name, 'uk'::text) COLLATE "C", id);

CREATE INDEX vendors_user ON public.vendors USING btree (user_id);

CREATE INDEX visit_daily_day ON public.visit_daily USING btree (day);

CREATE INDEX visit_past_day ON public.visit_past USING btree (day);

CREATE INDEX wallet_challenges_address ON public.wallet_challenges USING btree (address, purpose, id DESC);

CREATE INDEX wallet_challenges_expires ON public.wallet_challenges USING btree (expires_at);

CREATE INDEX wallets_user ON public.wallets USING btree (user_id);

CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (next_attempt_at, id) WHERE (next_attempt_at IS NOT NULL);

CREATE INDEX webhook_deliveries_endpoint ON public.webhook_deliveries USING btree (endpoint_id, id);

CREATE INDEX webhook_deliveries_event ON public.webhook_deliveries USING btree (event_id);

CREATE INDEX webhook_deliveries_failed ON public.webhook_deliveries USING btree (created_at) WHERE (status = 'failed'::text);

CREATE INDEX webhook_endpoints_store ON public.webhook_endpoints USING btree (store_id);

CREATE INDEX webhook_events_created ON public.webhook_events USING btree (created_at);

CREATE TRIGGER credit_entries_append_only BEFORE DELETE OR UPDATE ON public.credit_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER credit_entries_journal AFTER INSERT ON public.credit_entries FOR EACH ROW EXECUTE FUNCTION public.journal_credit_entry();

CREATE TRIGGER event_log_append_only BEFORE DELETE OR UPDATE ON public.event_log FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER journal_account_balances_note_insert AFTER INSERT ON public.journal_account_balances REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_journal_kinds();

CREATE TRIGGER journal_account_balances_note_update AFTER UPDATE ON public.journal_account_balances REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_journal_kinds();

CREATE TRIGGER journal_transfers_append_only BEFORE DELETE OR UPDATE ON public.journal_transfers FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER journal_transfers_note_insert AFTER INSERT ON public.journal_transfers REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_journal_balances();

CREATE TRIGGER order_items_fill BEFORE INSERT ON public.order_items FOR EACH ROW WHEN ((new.sku IS NULL)) EXECUTE FUNCTION public.fill_order_item();

CREATE TRIGGER orders_fill BEFORE INSERT OR UPDATE OF paid_at ON public.orders FOR EACH ROW EXECUTE FUNCTION public.fill_order();

CREATE TRIGGER orders_fill_collected_by BEFORE INSERT ON public.orders FOR EACH ROW WHEN ((new.store_id <> 1)) EXECUTE FUNCTION public.fill_collected_by();

CREATE TRIGGER orders_label_moved AFTER UPDATE OF link_label ON public.orders FOR EACH ROW WHEN ((old.link_label IS DISTINCT FROM new.link_label)) EXECUTE FUNCTION public.move_label_results();

CREATE TRIGGER orders_note_delete AFTER DELETE ON public.orders REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_code_orders();

CREATE TRIGGER orders_note_insert AFTER INSERT ON public.orders REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_code_orders();

CREATE TRIGGER orders_note_update AFTER UPDATE ON public.orders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_code_orders();

CREATE TRIGGER orders_results_delete AFTER DELETE ON public.orders REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_order_results();

CREATE TRIGGER orders_results_insert AFTER INSERT ON public.orders REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_order_results();

CREATE TRIGGER orders_results_update AFTER UPDATE ON public.orders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_order_results();

CREATE TRIGGER payment_transactions_journal AFTER INSERT OR UPDATE OF paid_at, refunded_minor, amount_minor ON public.payment_transactions FOR EACH ROW EXECUTE FUNCTION public.journal_payment();

CREATE TRIGGER payouts_journal AFTER UPDATE OF status ON public.payouts FOR EACH ROW EXECUTE FUNCTION public.journal_payout();

CREATE TRIGGER programme_terms_append_only BEFORE DELETE OR UPDATE ON public.programme_terms FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER referral_rewards_budget_delete AFTER DELETE ON public.referral_rewards REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_budget_uses();

CREATE TRIGGER referral_rewards_budget_insert AFTER INSERT ON public.referral_rewards REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_budget_uses();

CREATE TRIGGER referral_rewards_budget_update AFTER UPDATE ON public.referral_rewards REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_budget_uses();

CREATE TRIGGER referral_rewards_journal AFTER INSERT OR DELETE OR UPDATE OF status, reward_amount_wei, netted_wei, referrer_user_id ON public.referral_rewards FOR EACH ROW EXECUTE FUNCTION public.journal_reward();

CREATE TRIGGER referral_rewards_note_delete AFTER DELETE ON public.referral_rewards REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_reward_totals();

CREATE TRIGGER referral_rewards_note_insert AFTER INSERT ON public.referral_rewards REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_reward_totals();

CREATE TRIGGER referral_rewards_note_update AFTER UPDATE ON public.referral_rewards REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_reward_totals();

CREATE TRIGGER referral_rewards_results_delete AFTER DELETE ON public.referral_rewards REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_reward_results();

CREATE TRIGGER referral_rewards_results_insert AFTER INSERT ON public.referral_rewards REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_reward_results();

CREATE TRIGGER referral_rewards_results_update AFTER UPDATE ON public.referral_rewards REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_reward_results();

CREATE TRIGGER reward_debits_journal AFTER INSERT ON public.reward_debits FOR EACH ROW EXECUTE FUNCTION public.journal_reward_debit();

CREATE TRIGGER settlements_journal AFTER INSERT OR DELETE OR UPDATE OF status, net_payout_minor, commission_minor, platform_commission_minor, referral_commission_minor, split_commissions ON public.settlements FOR EACH ROW EXECUTE FUNCTION public.journal_settlement();

CREATE TRIGGER settlements_note_delete AFTER DELETE ON public.settlements REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_settlement_totals();

CREATE TRIGGER settlements_note_insert AFTER INSERT ON public.settlements REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_settlement_totals();

CREATE TRIGGER settlements_note_update AFTER UPDATE ON public.settlements REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_settlement_totals();

CREATE TRIGGER stock_movements_append_only BEFORE DELETE OR UPDATE ON public.stock_movements FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER terms_acceptances_append_only BEFORE DELETE OR UPDATE OF id, user_id, terms_id, accepted_at ON public.terms_acceptances FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER users_keep_first_referrer BEFORE UPDATE ON public.users FOR EACH ROW WHEN (((old.referred_by_code IS NOT NULL) AND ((new.referred_by_code IS DISTINCT FROM old.referred_by_code) OR (new.referred_by_user_id IS DISTINCT FROM old.referred_by_user_id) OR (new.referred_by_wallet IS DISTINCT FROM old.referred_by_wallet)) AND (NOT ((old.email IS NOT NULL) AND (old.email_confirmed_at IS NULL) AND (new.email_confirmed_at IS NOT NULL))))) EXECUTE FUNCTION public.keep_first_referrer();

ALTER TABLE ONLY public.access_signals
    ADD CONSTRAINT access_signals_period_fkey FOREIGN KEY (period) REFERENCES public.signal_salts(period) ON DELETE CASCADE;

ALTER TABLE ONLY public.access_signals
    ADD CONSTRAINT access_signals_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.account_links
    ADD CONSTRAINT account_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.back_orders
    ADD CONSTRAINT back_orders_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.back_orders
    ADD CONSTRAINT back_orders_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.chain_attempts
    ADD CONSTRAINT chain_attempts_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES public.chain_transactions(id);

ALTER TABLE ONLY public.chain_transaction_items
    ADD CONSTRAINT chain_transaction_items_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES public.chain_transactions(id);

ALTER TABLE ONLY public.code_aliases
    ADD CONSTRAINT code_aliases_code_fkey FOREIGN KEY (code) REFERENCES public.refcodes(code);

ALTER TABLE ONLY public.commission_statement_items
    ADD CONSTRAINT commission_statement_items_settlement_id_fkey FOREIGN KEY (settlement_id) REFERENCES public.settlements(id);

ALTER TABLE ONLY public.commission_statement_items
    ADD CONSTRAINT commission_statement_items_statement_id_fkey FOREIGN KEY (statement_id) REFERENCES public.commission_statements(id);

ALTER TABLE ONLY public.commission_statements
    ADD CONSTRAINT commission_statements_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

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

ALTER TABLE ONLY public.daily_figures
    ADD CONSTRAINT daily_figures_day_fkey FOREIGN KEY (day) REFERENCES public.counted_days(day) ON DELETE CASCADE;

ALTER TABLE ONLY public.erp_sales_assists
    ADD CONSTRAINT erp_sales_assists_referrer_user_id_fkey FOREIGN KEY (referrer_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.erp_sales_assists
    ADD CONSTRAINT erp_sales_assists_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.export_pieces
    ADD CONSTRAINT export_pieces_export_id_fkey FOREIGN KEY (export_id) REFERENCES public.exports(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.foreign_payments
    ADD CONSTRAINT foreign_payments_payout_id_fkey FOREIGN KEY (payout_id) REFERENCES public.payouts(id);

ALTER TABLE ONLY public.link_labels
    ADD CONSTRAINT link_labels_code_fkey FOREIGN KEY (code) REFERENCES public.refcodes(code);

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

ALTER TABLE ONLY public.order_customers
    ADD CONSTRAINT order_customers_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id);

ALTER TABLE ONLY public.order_customers
    ADD CONSTRAINT order_customers_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.order_deliveries
    ADD CONSTRAINT order_deliveries_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.order_fulfilments
    ADD CONSTRAINT order_fulfilments_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.order_fulfilments
    ADD CONSTRAINT order_fulfilments_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

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

ALTER TABLE ONLY public.product_import_rows
    ADD CONSTRAINT product_import_rows_import_id_fkey FOREIGN KEY (import_id) REFERENCES public.product_imports(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.product_import_rows
    ADD CONSTRAINT product_import_rows_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.product_imports
    ADD CONSTRAINT product_imports_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.product_imports
    ADD CONSTRAINT product_imports_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.product_pictures
    ADD CONSTRAINT product_pictures_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.product_slugs
    ADD CONSTRAINT product_slugs_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_commission_structure_id_fkey FOREIGN KEY (commission_structure_id) REFERENCES public.commission_structures(id);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.programme_applications
    ADD CONSTRAINT programme_applications_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.programme_applications
    ADD CONSTRAINT programme_applications_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.programme_campaigns
    ADD CONSTRAINT programme_campaigns_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.programme_terms
    ADD CONSTRAINT programme_terms_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.proposals
    ADD CONSTRAINT proposals_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.proposals
    ADD CONSTRAINT proposals_proposed_by_fkey FOREIGN KEY (proposed_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.refcodes
    ADD CONSTRAINT refcodes_owner_user_id_fkey FOREIGN KEY (owner_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.refcodes
    ADD CONSTRAINT refcodes_store_referrer_id_fkey FOREIGN KEY (store_referrer_id) REFERENCES public.store_referrers(id);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES public.programme_campaigns(id) NOT VALID;

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_programme_version_id_fkey FOREIGN KEY (programme_version_id) REFERENCES public.programme_versions(id);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_referee_user_id_fkey FOREIGN KEY (referee_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.referral_rewards
    ADD CONSTRAINT referral_rewards_referrer_user_id_fkey FOREIGN KEY (referrer_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.referrer_bonuses
    ADD CONSTRAINT referrer_bonuses_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.referrer_bonuses
    ADD CONSTRAINT referrer_bonuses_referrer_user_id_fkey FOREIGN KEY (referrer_user_id) REFERENCES public.users(id);

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

ALTER TABLE ONLY public.settings_versions
    ADD CONSTRAINT settings_versions_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

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
    ADD CONSTRAINT stock_movements_actor_user_id_fkey FOREIGN KEY (actor_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.stock_movements
    ADD CONSTRAINT stock_movements_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.stock_movements
    ADD CONSTRAINT stock_movements_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);

ALTER TABLE ONLY public.store_coupons
    ADD CONSTRAINT store_coupons_code_fkey FOREIGN KEY (code) REFERENCES public.refcodes(code);

ALTER TABLE ONLY public.store_coupons
    ADD CONSTRAINT store_coupons_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

ALTER TABLE ONLY public.store_events
    ADD CONSTRAINT store_events_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

ALTER TABLE ONLY public.store_keys
    ADD CONSTRAINT store_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.store_keys
    ADD CONSTRAINT store_keys_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

ALTER TABLE ONLY public.store_orders
    ADD CONSTRAINT store_orders_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.store_orders
    ADD CONSTRAINT store_orders_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

ALTER TABLE ONLY public.store_rates
    ADD CONSTRAINT store_rates_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

ALTER TABLE ONLY public.store_referrers
    ADD CONSTRAINT store_referrers_own_user_id_fkey FOREIGN KEY (own_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.store_referrers
    ADD CONSTRAINT store_referrers_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

ALTER TABLE ONLY public.store_referrers
    ADD CONSTRAINT store_referrers_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.store_vendors
    ADD CONSTRAINT store_vendors_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

ALTER TABLE ONLY public.store_vendors
    ADD CONSTRAINT store_vendors_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.stores
    ADD CONSTRAINT stores_default_vendor_id_fkey FOREIGN KEY (default_vendor_id) REFERENCES public.vendors(id);

ALTER TABLE ONLY public.terms_acceptances
    ADD CONSTRAINT terms_acceptances_terms_id_fkey FOREIGN KEY (terms_id) REFERENCES public.programme_terms(id);

ALTER TABLE ONLY public.terms_acceptances
    ADD CONSTRAINT terms_acceptances_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.user_sessions
    ADD CONSTRAINT user_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_erasure_requested_by_fkey FOREIGN KEY (erasure_requested_by) REFERENCES public.users(id);

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

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoints(id);

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.webhook_events(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_events_store_id_fkey FOREIGN KEY (store_id) REFERENCES public.stores(id);

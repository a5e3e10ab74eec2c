-- What was sold, earned and minted on each day, counted by a job for the home of admins, and indexes for what waits there.

SET LOCAL lock_timeout = '15s';

CREATE TABLE counted_days (
    day date PRIMARY KEY,
    counted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE counted_days IS 'Days (UTC) whose figures were counted, and when';

CREATE TABLE daily_figures (
    day date NOT NULL REFERENCES counted_days (day) ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('sales', 'rewards', 'minted')),
    store_id bigint NOT NULL DEFAULT 0,
    currency text NOT NULL,
    items bigint NOT NULL CHECK (items >= 0),
    amount numeric(78,0) NOT NULL,
    PRIMARY KEY (day, kind, store_id, currency)
);
COMMENT ON TABLE daily_figures IS 'sales: paid orders and what buyers paid; rewards: by the day they were earned; minted: by the day they were minted';
COMMENT ON COLUMN daily_figures.store_id IS '0 where the kind has no store';
COMMENT ON COLUMN daily_figures.amount IS 'Minor units of the currency, wei where it is TOKEN';

CREATE INDEX orders_paid ON orders (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX journal_transfers_minted ON journal_transfers (created_at)
    WHERE credit_account = 'tokens_minted' OR debit_account = 'tokens_minted';
CREATE INDEX journal_account_balances_kind ON journal_account_balances (split_part(account, ':', 1), currency);
CREATE INDEX settlements_payable ON settlements (scheduled_for) INCLUDE (currency, net_payout_minor)
    WHERE status = 'pending' AND collected_by = 'platform';
CREATE INDEX rail_failures_open ON rail_failures (id) WHERE resolved_at IS NULL;
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (created_at) WHERE status = 'failed';

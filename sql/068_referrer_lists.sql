-- Indexes for the orders of /admin/referrers.

SET LOCAL lock_timeout = '15s';

CREATE INDEX refcodes_newest ON refcodes (created_at, code);
CREATE INDEX refcodes_inactive ON refcodes (created_at, code) WHERE NOT active;
CREATE INDEX refcodes_wallet ON refcodes (wallet_address) WHERE wallet_address <> '';
CREATE INDEX code_order_totals_paid ON code_order_totals (paid, code);
-- The condition of the risk hint: portal/flows/overviews/risk_hints.py.
CREATE INDEX code_order_totals_refunds ON code_order_totals (refunded, code) WHERE refunded >= 2 AND refunded * 100 > paid * 20;

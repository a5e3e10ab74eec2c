-- Official rates by day, kept as they were read: a reward's size can be computed again from them.

CREATE TABLE exchange_rates (
    source text NOT NULL,
    currency text NOT NULL,
    day date NOT NULL,
    units_per_usd numeric(38, 18) NOT NULL CHECK (units_per_usd > 0),
    fetched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, currency, day)
);

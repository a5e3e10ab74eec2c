-- Official daily rates, stored as read, so that the size of a reward can be recomputed.

CREATE TABLE exchange_rates (
    source text NOT NULL,
    currency text NOT NULL,
    day date NOT NULL,
    units_per_usd numeric(38, 18) NOT NULL CHECK (units_per_usd > 0),
    fetched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, currency, day)
);

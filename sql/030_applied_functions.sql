-- Which content of sql/functions this database has: it is applied again when it changes.

CREATE TABLE applied_functions (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    content_hash text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    applied_at timestamptz NOT NULL DEFAULT now()
);

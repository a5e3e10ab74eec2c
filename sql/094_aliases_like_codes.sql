-- Landings ask which aliases are spelt like a share code: few, and never a reason to read all aliases.

SET LOCAL lock_timeout = '15s';

CREATE INDEX code_aliases_like_codes ON code_aliases (alias) WHERE retired_at IS NULL AND alias ~ '^[2-9A-Z]{8}$';

-- Processes of an earlier release stay ready beside a database that has newer functions.

SET LOCAL lock_timeout = '15s';

ALTER TABLE applied_functions ADD COLUMN earlier_hashes text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN applied_functions.earlier_hashes IS 'The content hashes that were applied before, oldest first';

-- A store may say which wallet its customer uses. Nothing is minted to it before the owner proves it by a signature.

SET LOCAL lock_timeout = '15s';

ALTER TABLE store_referrers
    ADD COLUMN stated_wallet text;
COMMENT ON COLUMN store_referrers.stated_wallet IS 'The wallet that the store names, offered to the owner; never paid by itself';

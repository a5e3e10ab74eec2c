-- Letters are limited per reader. Several addresses lead to one reader: reader is the mailbox in one form, without the +tag.

SET LOCAL lock_timeout = '5s';

ALTER TABLE mail_outbox ADD COLUMN reader text;
UPDATE mail_outbox SET reader = lower(to_address);
CREATE INDEX mail_outbox_reader ON mail_outbox (reader, created_at);

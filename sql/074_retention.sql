-- What a job deletes or clears when its time is over, by age.

SET LOCAL lock_timeout = '15s';

CREATE INDEX mail_outbox_done ON mail_outbox (created_at) WHERE status <> 'queued';
CREATE INDEX notifications_created ON notifications (created_at);
CREATE INDEX payment_events_with_body ON payment_events (received_at) WHERE payload <> '';
CREATE INDEX event_log_devices ON event_log (at)
    WHERE event IN ('signed_in', 'sign_in_failed', 'sign_in_refused') AND data <> '{}';
CREATE INDEX event_log_unknown_accounts ON event_log (at) WHERE entity = 'unknown_account';

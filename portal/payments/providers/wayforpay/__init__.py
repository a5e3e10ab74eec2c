"""WayForPay: hosted payment page, signed callbacks, refunds."""

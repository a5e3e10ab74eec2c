"""WayForPay: hosted payment page, signed callbacks, status and refunds."""

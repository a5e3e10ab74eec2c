"""Events of orders, refunds and rewards for the webhook endpoints of their stores, and their delivery."""

"""The home of admins: what waits, money, figures of the last 28 days, health and alerts."""

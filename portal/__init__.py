"""A self-hosted referral portal. See docs/architecture.md."""

__version__ = "0.1.0"

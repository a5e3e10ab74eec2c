"""What connected stores report, applied to orders and both ledgers. See docs/rules/stores.md."""

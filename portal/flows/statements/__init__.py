"""Commission statements: open them, notify the vendor, record the payment. See docs/rules/statements.md."""

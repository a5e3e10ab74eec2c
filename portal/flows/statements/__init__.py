"""Commission statements: open them, tell the vendor, record the payment. See docs/rules/statements.md."""

"""What is stored about a person: exported, and erased. See docs/privacy.md."""

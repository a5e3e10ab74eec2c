"""People: search, and one page for each account."""

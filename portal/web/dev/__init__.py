"""Development-only pages: the mailbox and the simulated payment page."""

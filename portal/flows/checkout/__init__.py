"""From an order to both ledgers: ordering, paying, callbacks, settling."""

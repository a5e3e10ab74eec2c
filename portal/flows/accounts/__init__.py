"""Accounts: sign-in, wallets, security, mail, credit, code switches."""

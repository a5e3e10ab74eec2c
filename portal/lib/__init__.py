"""Pure values shared by every package: money, clock, addresses, identifiers, errors.

Standard library only: no Flask, Peewee, web3 or settings.
"""

"""Pure values shared by every room: money, clock, addresses, identifiers, errors.

Standard library only: nothing here knows of Flask, Peewee, web3 or settings.
"""

"""Imports of products, which need the catalogue and the terms of commissions."""

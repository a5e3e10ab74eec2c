"""Importing the history of a Ring deployment."""

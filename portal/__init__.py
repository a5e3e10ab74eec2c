"""The referral portal; DESIGN's house: lib, db, rooms, flows, then web, jobs and commands."""

__version__ = "0.1.0"

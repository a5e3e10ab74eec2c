"""The referral portal; DESIGN's house: lib, db, rooms, flows, then web, jobs and commands."""

"""One module per platform that turns what a store sends into order snapshots. See docs/rules/stores.md."""

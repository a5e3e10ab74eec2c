"""The reward queue and batch minting."""

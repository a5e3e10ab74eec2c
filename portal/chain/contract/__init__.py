"""The rewards contract, the token and the price oracle."""

"""Learning the networks from renders."""

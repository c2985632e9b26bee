"""The method as a memoised graph of stages."""

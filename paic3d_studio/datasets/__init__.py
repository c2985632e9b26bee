"""Characters with known truth: reading, posing and rendering them."""

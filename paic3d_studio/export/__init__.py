"""File formats a head can be written to."""

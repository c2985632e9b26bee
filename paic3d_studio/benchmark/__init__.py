"""Judging a reconstruction against the true character."""

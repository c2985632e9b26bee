"""Pointer tools as state machines, without Qt."""

"""Ranges of options."""

from __future__ import annotations

from paic3d_studio.errors import UserError


def refuse_outside(what: str, value: float, low: float, high: float) -> None:
    """Make sure that an option lies in its range, both ends included; `what` begins a sentence.

    Raises:
        UserError: it does not, or is no number.
    """
    if not low <= value <= high:
        raise UserError(f"{what}, {value:g}, is out of range.", f"Choose from {low:g} to {high:g}.")

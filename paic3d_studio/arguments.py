"""Command-line arguments: a parser whose errors are one sentence, and the types that arguments have."""

from __future__ import annotations

import argparse
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line, without the whole usage, and exits with code 2."""

    def error(self, message: str) -> NoReturn:
        """Print the message and where to read more, and exit."""
        self.exit(2, f"error: {message}. See {self.prog} --help.\n")


def place_of_face(text: str) -> dict[str, tuple[float, float]]:
    """Return the three places of `--face` as the arguments of `edits.place_face`; an argparse type.

    Raises:
        argparse.ArgumentTypeError: these are not six numbers.
    """
    try:
        numbers = [float(number) for number in text.split(",")]
        (a, b), (c, d), (e, f) = zip(numbers[0::2], numbers[1::2], strict=True)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not six numbers with commas between them") from None
    return {"right_eye": (a, b), "left_eye": (c, d), "mouth": (e, f)}


class whole:  # noqa: N801 - reads as the name of a type in the parser's messages
    """A whole number between two bounds, as an argparse type."""

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    def __call__(self, text: str) -> int:
        """Return the number.

        Raises:
            argparse.ArgumentTypeError: it is none, or out of bounds.
        """
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if not self._low <= number <= self._high:
            raise argparse.ArgumentTypeError(f"{number} is not between {self._low} and {self._high}")
        return number

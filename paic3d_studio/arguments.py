"""Command-line arguments: a parser whose errors are one sentence, and the types that arguments have."""

from __future__ import annotations

import argparse
import math
from typing import Final, NoReturn

CUTS: Final = ("neck", "collar", "shoulders", "nowhere")
"""What `--cut` may name: the keys of `core.surface.CUTS`, which is slow to import."""


TERMS: Final = {
    "avatar": ("who may act as her", ("onlyAuthor", "onlySeparatelyLicensedPerson", "everyone")),
    "commerce": ("who may use her to earn money", ("personalNonProfit", "personalProfit", "corporation")),
    "credit": ("whether the author must be named", ("required", "unnecessary")),
    "redistribution": ("whether the file may be passed on", ("prohibited", "allowed")),
    "modification": (
        "whether it may be changed, and passed on changed",
        ("prohibited", "allowModification", "allowModificationRedistribution"),
    ),
}
"""Option -> what it is about, and what it may be: `core.terms.TERM_CHOICES` without its imports."""


BATCH_TO_MEND: Final = 102
"""Exit code of `batch` for what can be mended before anything is begun; the codes up to 100 count failures."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line, without the whole usage, and exits."""

    code_to_mend: int = 2
    """The exit code then; another one for a command whose 2 means something else."""

    def error(self, message: str) -> NoReturn:
        """Print the message and where to read more, and exit."""
        self.exit(self.code_to_mend, f"error: {message}. See {self.prog} --help.\n")


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


class number:  # noqa: N801 - reads as the name of a type in the parser's messages
    """A number between two bounds, as an argparse type."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high

    def __call__(self, text: str) -> float:
        """Return the number.

        Raises:
            argparse.ArgumentTypeError: it is none, or out of bounds.
        """
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"{text!r} is no number")
        if not self._low <= value <= self._high:
            raise argparse.ArgumentTypeError(f"{text} is not between {self._low:g} and {self._high:g}")
        return value


def height_of_cut(text: str) -> str | float:
    """Return what `--cut` says: one of `CUTS`, or a height in metres; an argparse type.

    Raises:
        argparse.ArgumentTypeError: it is neither a name nor a height in millimetres between -350 and 100.
    """
    if text in CUTS:
        return text
    try:
        return number(-350, 100)(text) / 1000
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, nor one of {', '.join(CUTS)}") from None

"""What the artist says of a head she gives away: its name, her name, and what others may do with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal, get_args

from paic3d_studio.errors import UserError

AvatarPermission = Literal["onlyAuthor", "onlySeparatelyLicensedPerson", "everyone"]
CommercialUsage = Literal["personalNonProfit", "personalProfit", "corporation"]
CreditNotation = Literal["required", "unnecessary"]
Redistribution = Literal["prohibited", "allowed"]
Modification = Literal["prohibited", "allowModification", "allowModificationRedistribution"]

LONGEST: Final = 200
"""Most characters of a name or a note."""


@dataclasses.dataclass(frozen=True)
class Terms:
    """The choices of the VRM Public License 1.0, and the names that it wants; the strictest choice is the default.

    An empty `title` stands for the name of the file. `author` must be given before a VRM file is written. `notice`
    is a copyright line or another licence in the artist's own words. What is excessively violent or sexual, political,
    religious, antisocial or hateful stays prohibited.

    https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/meta.md
    """

    title: str = ""
    author: str = ""
    notice: str = ""
    avatar: AvatarPermission = "onlyAuthor"
    commerce: CommercialUsage = "personalNonProfit"
    credit: CreditNotation = "required"
    redistribution: Redistribution = "prohibited"
    modification: Modification = "prohibited"

    def __post_init__(self) -> None:
        """Refuse texts that are too long, and choices that do not exist.

        Raises:
            UserError: one is.
        """
        for name in ("title", "author", "notice"):
            text = getattr(self, name)
            if len(text) > LONGEST or not text.isprintable():
                raise UserError(f"The {name} is longer than {LONGEST} letters, or not one line of text.", "Shorten it.")
        for name, known in TERM_CHOICES.items():
            if getattr(self, name) not in known:
                raise UserError(f"There is no {name} “{getattr(self, name)}”.", f"Choose one of: {', '.join(known)}.")


TERM_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "avatar": get_args(AvatarPermission),
    "commerce": get_args(CommercialUsage),
    "credit": get_args(CreditNotation),
    "redistribution": get_args(Redistribution),
    "modification": get_args(Modification),
}
"""Field of `Terms` -> what it may be, strictest first."""

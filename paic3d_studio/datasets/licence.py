"""What a character's file says of its own terms, word for word and cut to length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

LONGEST: Final = 500
"""Characters kept of each text."""

_VRM0: Final = (
    "title", "version", "author", "contactInformation", "reference", "allowedUserName", "violentUssageName",
    "sexualUssageName", "commercialUssageName", "otherPermissionUrl", "licenseName", "otherLicenseUrl",
)  # fmt: skip
_VRM1: Final = (
    "name", "version", "authors", "copyrightInformation", "contactInformation", "references", "thirdPartyLicenses",
    "licenseUrl", "otherLicenseUrl", "avatarPermission", "allowExcessivelyViolentUsage", "allowExcessivelySexualUsage",
    "commercialUsage", "allowPoliticalOrReligiousUsage", "allowAntisocialOrHateUsage", "creditNotation",
    "allowRedistribution", "modification",
)  # fmt: skip


def licence_texts(extensions: Mapping[str, Any], *, copyright_notice: Any = None) -> dict[str, str]:
    """Return the terms in a file's VRM metadata (0.x with its own spelling, or 1.0) and its glTF copyright line.

    Nothing is interpreted: exporters often write defaults that the author never chose. Empty texts are left out.
    """
    found: dict[str, str] = {}
    for extension, keys in (("VRM", _VRM0), ("VRMC_vrm", _VRM1)):
        told = extensions.get(extension)
        meta = told.get("meta") if isinstance(told, Mapping) else None
        if isinstance(meta, Mapping):
            found |= {key: text for key in keys if (text := _text(meta.get(key)))}
    if text := _text(copyright_notice):
        found["copyright"] = text
    return found


def _text(value: Any) -> str:
    """Return a text, a list of texts or a yes-or-no as one printable line; empty for anything else."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = ", ".join(entry for entry in value[:20] if isinstance(entry, str))
    if not isinstance(value, str):
        return ""
    printable = "".join(letter if letter.isprintable() else " " for letter in value[: 2 * LONGEST])
    return " ".join(printable.split())[:LONGEST]

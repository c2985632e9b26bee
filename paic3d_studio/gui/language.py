"""The words of the window in the artist's language: English sentences in the code, catalogues beside the icons.

A catalogue is a TOML file of English = translation in `resources/translations/`. A sentence with values in it stands
there with names in braces: "Exported {name}". A word that means two things says which behind a stroke, which the window
does not show: "Back|view". Sentences that come from below the window (a `UserError`) arrive with
their values filled in; they are recognised by what stands round the values. What no catalogue knows stays English.
"""

from __future__ import annotations

import logging
import re
import string
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from paic3d_studio.paths import resources_folder

log = logging.getLogger(__name__)

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "ja": "日本語", "zh_CN": "简体中文"}
"""Name of a language, as in catalogues' file names -> what it calls itself."""

_FEWEST_LETTERS: Final = 6
"""Letters that must surround the values of a sentence before it is recognised with them filled in."""

_sentences: dict[str, str] = {}
_patterns: list[tuple[re.Pattern[str], str]] = []
_in_use = "en"


def in_use() -> str:
    """Return the language in use, a key of `LANGUAGES`."""
    return _in_use


def use(language: str) -> None:
    """Take a language; widgets that are made from now on speak it. An unknown one is English."""
    global _in_use
    _in_use = language if language in LANGUAGES else "en"
    _sentences.clear()
    _patterns.clear()
    _recognised.cache_clear()
    for english, translated in catalogue(_in_use).items():
        _sentences[english] = translated
        if names_in(english) and len(re.sub(r"\{.*?\}|\W|\d", "", english)) >= _FEWEST_LETTERS:
            _patterns.append((_pattern(english), translated))
    _patterns.sort(key=lambda pattern: -len(pattern[0].pattern))  # what says more is tried first


def wanted_language(choice: str, system: str) -> str:
    """Return the language for a choice: a key of `LANGUAGES`, or for anything else the nearest to the system's.

    Args:
        choice: what the artist chose.
        system: the system's, as Qt names it: "ja_JP".
    """
    if choice in LANGUAGES:
        return choice
    return next((name for name in LANGUAGES if system.split("_")[0] == name.split("_")[0]), "en")


def catalogue(language: str) -> dict[str, str]:
    """Return English -> translation; empty for English, and for a file that is missing or damaged."""
    file = resources_folder() / "translations" / f"{language}.toml"
    if language == "en" or not file.is_file():
        return {}
    try:
        listed = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        log.error("the translations in %s cannot be read: %s", file, error)
        return {}
    return {english: said for english, said in listed.items() if isinstance(said, str)}


def text(english: str, **values: object) -> str:
    """Return a sentence in the language in use, with its values filled in.

    Args:
        english: the sentence; names in braces stand for `values`, when there are any.
        values: by name.
    """
    known = _sentences.get(english)
    if values:
        return (known or english).format(**values)
    if known is None and _patterns:
        return _recognised(english)
    return known or _shown(english)


def said_in(other: str, english: str, /, **values: object) -> str:
    """Return a sentence in another language than the one in use, with its values filled in."""
    return catalogue(other).get(english, english).format(**values)


def names_in(sentence: str) -> set[str]:
    """Return the names in braces of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@lru_cache(maxsize=1024)
def _recognised(filled_in: str) -> str:
    """Translate a sentence whose values are filled in; values that are sentences themselves are translated as well."""
    for pattern, translated in _patterns:
        found = pattern.fullmatch(filled_in)
        if found is not None:
            return translated.format(**{name: text(value) for name, value in found.groupdict().items()})
    return _shown(filled_in)


def _shown(english: str) -> str:
    """Return a sentence without what tells it from another of the same words."""
    return english.split("|")[0] if re.search(r"\w\|[a-z]+$", english) else english


def _pattern(english: str) -> re.Pattern[str]:
    parts = []
    seen: set[str] = set()
    for literal, name, _, _ in string.Formatter().parse(english):
        parts.append(re.escape(literal))
        if name:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
            seen.add(name)
    return re.compile("".join(parts), re.DOTALL)

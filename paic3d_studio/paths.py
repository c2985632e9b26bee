"""Where resources, models and what is kept for the artist live: in a source tree or a frozen program."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

_SOURCE_TREE: Final = Path(__file__).resolve().parent.parent


def program_folder() -> Path:
    """Return the folder that holds `resources/` and `models/`.

    A frozen program unpacks them beside its executable; in a source tree they lie beside the package.
    """
    frozen = getattr(sys, "_MEIPASS", None)
    return Path(frozen) if frozen else _SOURCE_TREE


def resources_folder() -> Path:
    """Return the folder of icons, shaders, the style sheet, examples and translations."""
    return program_folder() / "resources"


def models_folder() -> Path:
    """Return the folder of the embedded weights and their manifest."""
    return program_folder() / "models"


def example_picture() -> Path:
    """Return the bundled example portrait."""
    return resources_folder() / "examples" / "example.png"


def user_folder() -> Path:
    """Return the folder for what the program keeps for the artist (settings, log); it may not exist yet.

    `PAIC3D_HOME` overrides it.
    """
    override = os.environ.get("PAIC3D_HOME")
    if override:
        return Path(override)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming")) / "PAiC-3D Studio"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "PAiC-3D Studio"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "paic3d-studio"


def imported_models_folder() -> Path:
    """Return the folder of weights that the artist imported, with their own manifest; it may not exist yet."""
    return user_folder() / "models"

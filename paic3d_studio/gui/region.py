"""Keep the rectangle that was drawn for the benchmark, beside the picture it was drawn on."""

from __future__ import annotations

from pathlib import Path

from paic3d_studio.core.region_file import Rectangle, encoded_region, region_path, region_path_beside
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.gui.document import Document
from paic3d_studio.project.file import SUFFIX


def keep_region(document: Document, *, rectangle: Rectangle) -> Path:
    """Write a rectangle, Portrait pixels, beside the open picture, and return where it lies.

    Raises:
        UserError: the picture came from no file or has no proper name, or the folder cannot be written.
    """
    origin, project = document.origin, document.project
    if origin is None or project is None:
        raise UserError(
            "This picture came from no file beside which its region of interest could be kept.", "Open it from a file."
        )
    of_project = origin.suffix.lower() == SUFFIX
    path = region_path_beside(origin.parent, name=project.picture.name) if of_project else region_path(origin)
    write_files({path: encoded_region(rectangle)})
    return path

"""The region of interest: drawn in the image panel, kept beside the picture, and no edit of the project."""

from pathlib import Path
from typing import Any

import pytest

from paic3d_studio.core.alignment import portrait_points
from paic3d_studio.core.region_file import read_region, region_path
from paic3d_studio.gui.main_window import MainWindow


def test_a_rectangle_is_kept_beside_the_picture_in_its_own_pixels(
    studio: MainWindow, pointer: Any, picture: Path
) -> None:
    before = studio.document.project
    studio.actions_by_name["tool-region"].trigger()
    assert studio.image.tool == "region"
    pointer.drag((120, 90), (400, 430))
    alignment = studio.document.session.peek("alignment")
    expected = portrait_points(alignment, points=[(120, 90), (400, 430)]).ravel()
    assert read_region(region_path(picture)) == pytest.approx(tuple(expected), abs=1.0)
    assert studio.document.project is before


def test_a_rectangle_drawn_in_a_project_lies_beside_it_under_the_pictures_name(
    studio: MainWindow, pointer: Any, picture: Path
) -> None:
    assert studio.document.project is not None
    studio.document.origin = picture.parent / "girl.PAIC3D"
    studio.image.choose_tool("region")
    pointer.drag((120, 90), (400, 430))
    assert region_path(picture.parent / studio.document.project.picture.name).is_file()
    assert not region_path(studio.document.origin).exists()


def test_a_picture_without_a_file_says_why_its_region_is_not_kept(studio: MainWindow, pointer: Any) -> None:
    studio.document.origin = None
    studio.image.choose_tool("region")
    pointer.drag((120, 90), (400, 430))
    assert studio.workspace.messages.isVisible()
    assert "no file" in studio.workspace.messages.text

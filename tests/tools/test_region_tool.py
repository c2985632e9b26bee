"""The region tool: two corners become a rectangle of the portrait, and the project stays as it is."""

from pathlib import Path

import numpy as np
import pytest

from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.core.region_file import encoded_region, read_region, region_path, region_path_beside
from paic3d_studio.errors import UserError
from paic3d_studio.tools.pointer import Scene, Touch
from paic3d_studio.tools.region_tool import RegionTool

TWICE = Scene(alignment=Alignment(np.array([[2.0, 0, 10], [0, 2.0, -20]])))


def drawn(*places: tuple[float, float]) -> RegionTool:
    tool = RegionTool()
    assert tool.press(Touch(*places[0]), scene=TWICE) is None
    for place in places[1:-1]:
        assert tool.move(Touch(*place)) is None
    assert tool.release(Touch(*places[-1])) is None
    return tool


def test_two_corners_in_any_order_are_a_rectangle_of_the_portrait() -> None:
    for places in (((110, 80), (310, 380)), ((310, 380), (200, 0), (110, 80))):
        tool = drawn(*places)
        assert tool.rectangle == (110, 80, 310, 380)
        assert tool.of_portrait == pytest.approx((50, 50, 150, 200))


def test_a_rectangle_ends_at_the_border_of_the_square() -> None:
    assert drawn((-50, 20), (700, 600)).rectangle == (0, 20, 512, 512)


def test_a_slip_of_the_hand_draws_nothing() -> None:
    assert drawn((100, 100), (103, 300)).of_portrait is None


def test_nothing_is_told_before_the_gesture_ends_or_after_it_was_cancelled() -> None:
    tool = RegionTool()
    tool.press(Touch(10, 10), scene=TWICE)
    tool.move(Touch(200, 200))
    assert tool.rectangle is not None
    assert tool.of_portrait is None
    tool.cancel()
    assert not tool.drawing
    assert tool.rectangle is None


def test_a_rectangle_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = region_path(tmp_path / "mia.front.png")
    assert path.name == "mia.front.png.roi.json"
    path.write_bytes(encoded_region((1.25, 2.0, 30.5, 40.0)))
    assert read_region(path) == (1.25, 2.0, 30.5, 40.0)


@pytest.mark.parametrize("text", ["", "{}", '{"rectangle": [1, 2, 3]}', '{"rectangle": [9, 0, 1, 5]}', "[" * 3000])
def test_a_damaged_rectangle_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mia.roi.json"
    path.write_text(text)
    with pytest.raises(UserError, match="no rectangle"):
        read_region(path)


def test_pictures_that_differ_by_suffix_have_a_rectangle_each(tmp_path: Path) -> None:
    assert region_path(tmp_path / "a.png") != region_path(tmp_path / "a.jpg")
    assert region_path_beside(tmp_path, name="a.png") == region_path(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["", ".", "..", "../a.png", "/a.png", "..\\a.png", "C:a.png", "a\0.png"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="no name of a picture"):
        region_path_beside(tmp_path, name=name)


@pytest.mark.parametrize("path", [Path(), Path("/"), Path("/a/..")])
def test_a_path_without_a_name_has_no_rectangle(path: Path) -> None:
    with pytest.raises(UserError, match="names no picture"):
        region_path(path)

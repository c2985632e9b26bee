"""Contact sheets hold every frame whole."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paic3d_studio.errors import UserError
from paic3d_studio.export.turntable import contact_sheet, write_contact_sheet

FRAMES = [np.full((30, 20, 3), 10 * k, dtype=np.uint8) for k in range(5)]


def test_every_frame_is_on_the_sheet_in_order() -> None:
    sheet = contact_sheet(FRAMES, columns=3, gap=4)
    assert sheet.shape == (4 + 2 * 34, 4 + 3 * 24, 3)
    for index, frame in enumerate(FRAMES):
        row, column = divmod(index, 3)
        top, left = 4 + 34 * row, 4 + 24 * column
        assert np.array_equal(sheet[top : top + 30, left : left + 20], frame)
    assert (sheet == 255).all(axis=2).sum() == sheet.shape[0] * sheet.shape[1] - 5 * 600


def test_few_frames_make_a_narrow_sheet() -> None:
    assert contact_sheet(FRAMES[:2], columns=4, gap=0).shape == (30, 40, 3)


def test_the_sheet_is_written_as_png(tmp_path: Path) -> None:
    (path,) = write_contact_sheet(FRAMES, tmp_path / "turntable.png")
    with Image.open(path) as picture:
        assert np.array_equal(np.asarray(picture), contact_sheet(FRAMES))


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        write_contact_sheet(FRAMES, tmp_path / "nowhere" / "turntable.png")

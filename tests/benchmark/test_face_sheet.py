"""The sheet of found faces: a face gets marks, an empty picture a sentence, a damaged file no place."""

from pathlib import Path

import numpy as np
import pytest

from paic3d_studio.benchmark.face_sheet import CAPTION, COLUMNS, SIDE, face_cell, main
from paic3d_studio.core.artefacts import Portrait
from paic3d_studio.core.image import decode_portrait, encode_png, read_picture
from paic3d_studio.paths import example_picture


def coloured(cell: np.ndarray) -> int:
    """Count pixels in the blue of hulls."""
    red, green, blue = np.moveaxis(cell[: SIDE - CAPTION, :, :3].astype(int), 2, 0)
    return int(((red < 110) & (green < 160) & (blue > 200)).sum())


def test_a_face_gets_its_hulls() -> None:
    example = decode_portrait(read_picture(example_picture()), name="example")
    cell = face_cell(example, name="example", detector="network")
    assert cell.shape == (SIDE, SIDE, 4)
    assert coloured(cell) > 60


def test_a_picture_without_a_face_gets_none_and_says_so() -> None:
    grey = Portrait(np.full((200, 300, 4), (128, 128, 128, 255), np.uint8), has_alpha=False)
    cell = face_cell(grey, name="grey", detector="network")
    assert coloured(cell) == 0
    assert (cell[SIDE - CAPTION :, :, :3] < 90).any()


def test_a_damaged_picture_is_named_and_the_sheet_made_of_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\nhalf")
    assert main([str(tmp_path), "--out", str(tmp_path / "sheet.png")]) == 2  # nothing to show
    (tmp_path / "good.png").write_bytes(encode_png(np.full((64, 64, 3), 90, np.uint8)))
    assert main([str(tmp_path), "--out", str(tmp_path / "out" / "sheet.png")]) == 2  # no such folder yet
    (tmp_path / "out").mkdir()
    assert main([str(tmp_path), "--out", str(tmp_path / "out" / "sheet.png")]) == 0
    assert "cut.png" in capsys.readouterr().err
    sheet = decode_portrait(read_picture(tmp_path / "out" / "sheet.png"), name="sheet").rgba
    assert sheet.shape[:2] == (SIDE, COLUMNS * SIDE)

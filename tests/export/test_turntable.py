"""Contact sheets hold every frame whole, moving pictures every frame in turn."""

import errno
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.export import turntable
from paic3d_studio.export.turntable import (
    FILM_TURN,
    TURN,
    TURNTABLES,
    contact_sheet,
    write_contact_sheet,
    write_film,
    write_moving_picture,
)

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


def test_a_moving_picture_shows_every_frame_in_order_and_for_ever(tmp_path: Path) -> None:
    colours = [(200, 30, 40), (30, 200, 40), (30, 40, 200), (240, 240, 240)]
    frames = [np.full((30, 20, 3), colour, np.uint8) for colour in colours]
    (path,) = write_moving_picture(frames, tmp_path / "turntable.gif")
    with Image.open(path) as picture:
        assert picture.n_frames == 4
        assert picture.info["loop"] == 0
        assert picture.info["duration"] == TURN / 4
        for index, frame in enumerate(frames):
            picture.seek(index)
            shown = np.asarray(picture.convert("RGB")).astype(int)
            assert np.abs(shown - frame).max() <= 4


def test_a_film_shows_every_frame_once_in_one_calm_turn(tmp_path: Path) -> None:
    colours = [(200, 30, 40), (30, 200, 40), (30, 40, 200), (240, 240, 240)]
    frames = [np.full((63, 50, 3), colour, np.uint8) for colour in colours]
    (path,) = write_film(frames, tmp_path / "turntable.mp4")
    film = cv2.VideoCapture(path)
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(1000 * len(frames) / FILM_TURN, rel=0.01)
    shown = []
    while (read := film.read())[0]:
        shown.append(np.asarray(read[1])[:, :, ::-1].astype(int))
    assert len(shown) == len(frames) and shown[0].shape == (62, 50, 3)
    for picture, colour in zip(shown, colours, strict=True):
        assert np.abs(picture - colour).mean() < 8


def test_a_machine_without_an_encoder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_writer(*_: object) -> SimpleNamespace:
        return SimpleNamespace(isOpened=lambda: False)

    no_writer.fourcc = cv2.VideoWriter.fourcc  # type: ignore[attr-defined]
    monkeypatch.setattr(cv2, "VideoWriter", no_writer)
    with pytest.raises(UserError, match="no encoder"):
        write_film(FRAMES, tmp_path / "turntable.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_came_out_too_short_is_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cv2.VideoWriter

    class Stopping:
        """Takes only the first three frames, as on a full disk, and says nothing."""

        fourcc = staticmethod(cv2.VideoWriter.fourcc)

        def __init__(self, *arguments: Any) -> None:
            self.writer, self.taken = whole(*arguments), 0

        def write(self, frame: Any) -> None:
            self.taken += 1
            if self.taken <= 3:
                self.writer.write(frame)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.writer, name)

    monkeypatch.setattr(cv2, "VideoWriter", Stopping)
    with pytest.raises(UserError, match=r"3 of 5 pictures\. Make room"):
        write_film(FRAMES, tmp_path / "turntable.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_film_cut_off_by_a_full_disk_has_no_frames(tmp_path: Path) -> None:
    (path,) = map(Path, write_film(FRAMES, tmp_path / "turntable.mp4"))
    content = path.read_bytes()
    for kept in (len(content) // 2, 0):
        path.write_bytes(content[:kept])
        assert turntable._frames_in(path) == 0


@pytest.mark.parametrize(
    ("number", "cure"), [(errno.ENOSPC, "Make room"), (errno.EROFS, "Let TMPDIR name another folder")]
)
def test_a_film_without_temporary_files_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, cure: str
) -> None:
    def refused(**_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refused)
    with pytest.raises(UserError, match=rf"could not be encoded .* {cure}"):
        write_film(FRAMES, tmp_path / "turntable.mp4")
    assert list(tmp_path.iterdir()) == []


def test_what_tells_where_a_turntable_comes_from_is_written_beside_it(tmp_path: Path) -> None:
    for suffix, form in TURNTABLES.items():
        target = tmp_path / f"turntable{suffix}"
        written = form.write(
            FRAMES, target, sidecar=lambda contents: repr([len(c) for c in contents.values()]).encode()
        )
        assert tuple(map(Path, written)) == form.files(target)
        assert form.files(target)[1].read_text() == f"[{target.stat().st_size}]"


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (16, 16, 3), dtype=np.uint8) for _ in range(3)]
    for suffix, form in TURNTABLES.items():
        first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
        form.write(frames, first)
        form.write(frames, second)
        assert first.read_bytes() == second.read_bytes()


def test_a_cancelled_turntable_leaves_no_file(tmp_path: Path) -> None:
    for suffix, form in TURNTABLES.items():
        with pytest.raises(Cancelled):
            form.write(FRAMES, tmp_path / f"turntable{suffix}", monitor=Monitor(cancelled=lambda: True))
    assert list(tmp_path.iterdir()) == []


def test_a_rare_colour_keeps_its_own_among_many_shades_of_another(tmp_path: Path) -> None:
    shades = np.linspace(0, 255, 200 * 200).astype(np.uint8).reshape(200, 200)
    frame = np.dstack([shades, shades // 2, shades // 3])
    frame[90:94, 90:94] = 20, 180, 190
    (path,) = write_moving_picture([frame, frame], tmp_path / "turntable.gif")
    with Image.open(path) as picture:
        shown = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(shown[90:94, 90:94].mean(axis=(0, 1)) - (20, 180, 190)).max() <= 12

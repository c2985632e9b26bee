"""A folder of pictures becomes aligned portraits, and the report says what was left out and why."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from paic3d_studio.cli import main
from paic3d_studio.core.face_template import FaceParts, Part
from paic3d_studio.core.image import decode_portrait, encode_png, read_picture
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.portrait_folder import LISTING, is_portrait_folder, place_portraits, read_portraits
from paic3d_studio.datasets.portraits import (
    expression_measures,
    placed_portrait,
    portrait_reasons,
    pose_measures,
)
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.paths import example_picture

SKIN, DARK = (250, 222, 206), (90, 30, 40)


def face(*, tilt: float = 0.0, nose: float = 0.0, left_width: float = 40.0) -> FaceParts:
    """A face of 160 px about (200, 200), tilted by degrees, with its nose `nose` face widths beside the middle."""
    angle = np.radians(tilt)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def at(x: float, y: float) -> tuple[float, float]:
        place = turn @ (x, y) + 200
        return float(place[0]), float(place[1])

    return FaceParts(
        right_eye=Part(at(-40, 0), 40, 34),
        left_eye=Part(at(40, 0), left_width, 34),
        mouth=Part(at(0, 60), 30, 15),
        nose=at(160 * nose, 35),
        chin=at(0, 95),
        width=160,
        tilt=float(angle),
    )


def test_pose_is_measured_along_the_faces_own_axes() -> None:
    straight = pose_measures(face())
    assert straight == {"turn": 0.0, "eyes": 1.0, "tilt": 0.0}
    assert portrait_reasons(straight) == ()
    tilted = pose_measures(face(tilt=-20, nose=0.12, left_width=25))
    assert tilted == pytest.approx({"turn": 0.12, "eyes": 1.6, "tilt": 20.0})
    assert [reason.split(" (")[0] for reason in portrait_reasons(tilted)] == [
        "not front-facing", "not front-facing", "head tilted",
    ]  # fmt: skip


def painted(*, mouth: int, closed: bool) -> np.ndarray:
    """A face on skin: eyes open or a line, and a mouth as an ellipse of some half height."""
    picture = np.full((400, 400, 3), SKIN, np.uint8)
    for x in (160, 240):
        cv2.ellipse(picture, (x, 200), (20, 2 if closed else 17), 0, 0, 360, (60, 80, 160), -1)
    cv2.ellipse(picture, (200, 260), (14, mouth), 0, 0, 360, DARK, -1)
    return picture


def test_expression_is_told_from_colours_round_mouth_and_eyes() -> None:
    neutral = expression_measures(painted(mouth=1, closed=False), face())
    laughing = expression_measures(painted(mouth=14, closed=True), face())
    assert portrait_reasons(neutral) == ()
    # An ellipse of half axes 14 and 14, in squares of a face 160 px wide.
    assert laughing["open_mouth"] == pytest.approx(np.pi * 14 * 14 / 160**2, rel=0.06)
    assert [reason.split(" (")[0] for reason in portrait_reasons(laughing)] == [
        "not neutral: open mouth", "not neutral: closed eye",
    ]  # fmt: skip


def test_a_portrait_is_separated_aligned_and_its_features_are_kept() -> None:
    placed = placed_portrait(decode_portrait(read_picture(example_picture()), name="example.png"))
    assert placed.aligned.rgba.shape == (512, 512, 4)
    assert placed.measures["turn"] < 0.05
    rows, columns = np.nonzero(placed.keep.mask)
    assert 230 < rows.mean() < 350
    assert 226 < columns.mean() < 286


def test_only_the_piece_with_the_face_is_kept() -> None:
    rgba = decode_portrait(read_picture(example_picture()), name="x").rgba.copy()
    assert not rgba[10:60, 10:60, 3].any()
    rgba[10:60, 10:60] = (200, 30, 30, 255)
    placed = placed_portrait(decode_portrait(encode_png(rgba), name="blot.png"))
    red = (np.abs(placed.aligned.rgba[..., :3].astype(int) - (200, 30, 30)).max(axis=-1) < 8) & (
        placed.aligned.rgba[..., 3] > 127
    )
    assert not red.any()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The bundled example twice under one name, once lying on its side, and what is no portrait."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    shutil.copy(example_picture(), folder / "mia.png")
    rgba = decode_portrait(read_picture(example_picture()), name="x").rgba
    (folder / "more" / "mia.png").write_bytes(encode_png(np.ascontiguousarray(rgba[:, ::-1])))
    (folder / "grey <b>.png").write_bytes(encode_png(np.full((128, 128), 128, np.uint8)))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def test_a_folder_is_placed_reported_and_read_back(pictures: Path, tmp_path: Path) -> None:
    target = tmp_path / "portraits"
    assert main(["dataset", "portraits", str(pictures), "-o", str(target)]) == 0
    told = json.loads((target / LISTING).read_text())["portraits"]
    assert len(told) == 4
    left_out = {entry["source"]: entry["reasons"] for entry in told.values() if entry["reasons"]}
    assert left_out["grey <b>.png"] == ["No front face found in this picture."]
    assert "broken.jpg" in left_out
    read = read_portraits(target)
    assert [name.split("-")[0] for name, _, _ in read] == ["mia", "mia"]
    assert all(rgba.shape == (512, 512, 4) and keep.any() for _, rgba, keep in read)
    page = (target / "report.html").read_text()
    assert "grey &lt;b&gt;.png" in page
    assert "<b>.png" not in page
    assert page.count("thumbnails/") == 3
    assert main(["dataset", "portraits", str(tmp_path / "pictures" / "more" / ".."), "-o", str(pictures)]) == 2


def test_what_was_judged_is_not_judged_again(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted(pictures.rglob("*.png"))
    heard: list[str] = []
    with pytest.raises(Cancelled):
        place_portraits(
            files,
            folder=tmp_path / "p",
            monitor=Monitor(lambda _, t: heard.append(t), cancelled=lambda: len(heard) > 1),
        )
    assert is_portrait_folder(tmp_path / "p")
    first = place_portraits(files, folder=tmp_path / "p")
    whole = (tmp_path / "p" / LISTING).read_bytes()
    monkeypatch.setattr("paic3d_studio.datasets.portrait_folder.placed_portrait", None)
    assert place_portraits(files, folder=tmp_path / "p") == first
    assert (tmp_path / "p" / LISTING).read_bytes() == whole


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b'{"format": "paic3d-portraits", "version": 1}', b"[" * 99_999,
        b'{"format": "paic3d-portraits", "version": 1, "portraits": {"../x": {"source": "", "sha256": "",'
        b' "measures": {}, "reasons": [], "warning": ""}}}',
    ],
)  # fmt: skip
def test_a_wrong_listing_ends_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / LISTING).write_bytes(content)
    with pytest.raises(UserError, match="cannot be read"):
        read_portraits(tmp_path)

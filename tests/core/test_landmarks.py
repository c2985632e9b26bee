"""A front face is found and measured, or the artist is told to place it by hand."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paic3d_studio.core import animeface_library
from paic3d_studio.core.alignment import align, aligned_points
from paic3d_studio.core.artefacts import FEATURE_NAMES, Landmarks, Portrait
from paic3d_studio.core.face_template import (
    LEFT_EYE,
    MOUTH,
    RIGHT_EYE,
    FaceParts,
    Part,
    fitted_parts,
    landmark_points,
)
from paic3d_studio.core.hulls import detect_hulls, is_convex
from paic3d_studio.core.image import decode_portrait, read_picture
from paic3d_studio.core.landmarks import (
    FaceDetection,
    chosen_face,
    face_box,
    landmarks_from_parts,
)
from paic3d_studio.core.lines import keep_mask
from paic3d_studio.errors import UserError
from tests.faces import landmarks_in, part_centres

unhurried = settings(max_examples=60, deadline=None)

PORTRAITS = [
    "crypko_00",
    "crypko_01",
    "crypko_02",
    "crypko_03",
    "lambda_00",
    "waifu_00",
    "waifu_01",
    "waifu_02",
    "waifu_03",
]
SCENES = ["00", "01", "03", "05", "10", "13", "14", "20", "33", "40", "43", "44"]


def portrait(shared: Path, name: str) -> Portrait:
    path = next((shared / "data" / "portraits").glob(f"{name}.*"))
    return decode_portrait(read_picture(path), name=path.name)


def blank(side: int = 128) -> Portrait:
    return Portrait(rgba=np.full((side, side, 4), 255, np.uint8), has_alpha=False)


parts = st.builds(
    lambda seed, tilt: _random_parts(np.random.default_rng(seed), tilt),
    seed=st.integers(0, 2**32 - 1),
    tilt=st.floats(-0.5, 0.5),
)


def _random_parts(rng: np.random.Generator, tilt: float) -> FaceParts:
    """A plausible face of any size, turned by `tilt`."""
    width = rng.uniform(40, 800)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    origin = rng.uniform(0, 2000, 2)

    def at(x: float, y: float) -> tuple[float, float]:
        place = origin + turn @ (np.array([x, y]) * width)
        return float(place[0]), float(place[1])

    def part(x: float, y: float, across: float, along: float) -> Part:
        return Part(at(x, y), across * width * rng.uniform(0.7, 1.3), along * width * rng.uniform(0.7, 1.3))

    return FaceParts(
        right_eye=part(-0.25, 0, 0.27, 0.22),
        left_eye=part(0.25, 0, 0.27, 0.22),
        mouth=part(rng.uniform(-0.05, 0.05), 0.35, 0.2, 0.1),
        nose=at(0.0, 0.2),
        chin=at(0.0, 0.52),
        width=width,
        tilt=tilt,
    )


@unhurried
@given(parts=parts)
def test_parts_come_back_from_their_landmarks(parts: FaceParts) -> None:
    fitted = fitted_parts(landmark_points(parts))
    size = parts.width * 1e-3
    assert fitted.width == pytest.approx(parts.width, rel=1e-3)
    assert fitted.tilt == pytest.approx(parts.tilt, abs=1e-3)
    for name in ("right_eye", "left_eye", "mouth"):
        one, other = getattr(parts, name), getattr(fitted, name)
        assert other.centre == pytest.approx(one.centre, abs=size)
        assert (other.width, other.height) == pytest.approx((one.width, one.height), abs=size)
    assert fitted.nose == pytest.approx(parts.nose, abs=size)
    assert fitted.chin == pytest.approx(parts.chin, abs=size)


clicks = st.builds(
    lambda x, y, apart, tilt, drop: (
        (x, y),
        (x + apart * np.cos(tilt), y + apart * np.sin(tilt)),
        (
            x + apart * 0.5 * np.cos(tilt) - drop * apart * np.sin(tilt),
            y + apart * 0.5 * np.sin(tilt) + drop * apart * np.cos(tilt),
        ),
    ),
    x=st.floats(0, 900),
    y=st.floats(0, 900),
    apart=st.floats(5, 900),
    tilt=st.floats(-0.7, 0.7),
    drop=st.floats(0.3, 1.5),
)


@unhurried
@given(clicks=clicks)
def test_clicked_centres_are_where_the_artist_put_them(clicks: tuple[tuple[float, float], ...]) -> None:
    placed = landmarks_from_parts(*clicks)
    apart = float(np.hypot(*np.subtract(clicks[0], clicks[1])))
    found = part_centres(placed)
    for name, centre in zip(("right_eye", "left_eye", "mouth"), clicks, strict=True):
        assert found[name] == pytest.approx(centre, abs=0.01 * apart)
    assert placed.source == "artist"
    assert placed.points.shape == (28, 2)
    assert (placed.scores == 1).all()


@unhurried
@given(clicks=clicks)
def test_it_does_not_matter_which_eye_is_clicked_first(clicks: tuple[tuple[float, float], ...]) -> None:
    one, other = landmarks_from_parts(*clicks), landmarks_from_parts(clicks[1], clicks[0], clicks[2])
    assert np.array_equal(one.points, other.points)


@unhurried
@given(clicks=clicks)
def test_a_turned_face_has_turned_landmarks(clicks: tuple[tuple[float, float], ...]) -> None:
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    quarter = landmarks_from_parts(*(tuple(np.array(click) @ turn) for click in clicks))
    assert np.abs(quarter.points - landmarks_from_parts(*clicks).points @ turn).max() < 0.05


@pytest.mark.parametrize(
    "clicks",
    [
        ((5, 5), (5, 5), (5, 9)),
        ((0, 0), (10, 0), (5, 0)),
        ((0, 0), (10, 0), (25, 0)),
        ((1, 1), (1, 1), (1, 1)),
        ((100, 100), (102, 100), (100, 260)),
        ((100, 100), (110, 100), (105, 400)),
    ],
)
def test_three_clicks_that_are_no_face_are_explained(clicks: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(UserError, match=r"below the two eyes|own eye"):
        landmarks_from_parts(*clicks)


def test_the_landmarks_of_a_face_stand_in_order() -> None:
    points = landmarks_from_parts((100.0, 100.0), (200.0, 100.0), (150.0, 168.0)).points
    assert points[RIGHT_EYE, 0].max() < points[LEFT_EYE, 0].min()
    assert points[RIGHT_EYE, 1].max() < points[MOUTH, 1].min()
    assert points[2, 1] > points[MOUTH, 1].max()  # the chin
    assert points[5:8, 1].max() < points[RIGHT_EYE, 1].min()  # lashes above the eye
    assert points[0, 0] < points[RIGHT_EYE, 0].min()
    assert points[4, 0] > points[LEFT_EYE, 0].max()


def test_the_face_box_holds_the_face_from_forehead_to_chin() -> None:
    placed = landmarks_from_parts((100.0, 100.0), (200.0, 100.0), (150.0, 168.0))
    x, y, width, height = face_box(placed)
    assert (placed.points[5:, 0] > x).all()
    assert (placed.points[5:, 0] < x + width).all()
    assert (placed.points[5:, 1] > y).all()
    assert (placed.points[:, 1] < y + height).all()


def detection(width: float, likelihood: float = 1.0, tilt: float = 0.0) -> FaceDetection:
    points = landmark_points(_random_parts(np.random.default_rng(1), tilt)) / 500 * width
    return FaceDetection(likelihood, (0, 0, width, width), points, np.full(28, likelihood))


def test_of_several_faces_the_largest_is_taken_and_the_artist_is_told() -> None:
    found = chosen_face((detection(80), detection(200), detection(120)), source="eyes")
    assert np.array_equal(found.points, detection(200).points.astype(np.float32))
    assert found.warning.startswith("3 faces")
    assert found.source == "eyes"


def test_an_unlikely_second_face_is_no_face() -> None:
    found = chosen_face((detection(80), detection(200, likelihood=0.6)), source="eyes")
    assert np.array_equal(found.points, detection(80).points.astype(np.float32))
    assert found.warning == ""


def test_an_uncertain_face_comes_with_a_warning() -> None:
    assert "certainty" in chosen_face((detection(100, likelihood=0.85),), source="eyes").warning


def test_a_tilted_head_comes_with_a_warning() -> None:
    assert "tilted" in chosen_face((detection(100, tilt=0.4),), source="eyes").warning


def test_without_a_face_the_artist_is_told_to_place_it() -> None:
    with pytest.raises(UserError, match=r"No front face found.*by hand"):
        chosen_face((), source="eyes")


def test_a_blank_picture_has_no_face() -> None:
    with pytest.raises(UserError, match=r"No front face found"):
        landmarks_in(blank())


@pytest.mark.parametrize("shape", [(64, 4000), (4000, 64), (64, 64), (200, 1500)])
def test_an_odd_shape_is_searched_without_harm(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 4), np.uint8)
    with pytest.raises(UserError, match=r"No front face found"):
        landmarks_in(Portrait(rgba=noise, has_alpha=False))


def test_where_the_library_is_missing_the_artist_places_the_face(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animeface_library, "_candidates", lambda: iter([Path("libnvxs-of-another-system.so")]))
    animeface_library._library.cache_clear()
    try:
        with pytest.raises(UserError, match=r"by hand"):
            landmarks_in(blank())
    finally:
        animeface_library._library.cache_clear()


@pytest.mark.shared
@pytest.mark.parametrize("name", PORTRAITS)
def test_every_plain_portrait_has_one_face_with_sensible_hulls(shared: Path, name: str) -> None:
    found = landmarks_in(portrait(shared, name))
    assert found.warning == ""
    assert found.source == "animeface"
    assert (found.scores > 0.4).all()
    alignment = align(found)
    polygons = detect_hulls(found, alignment=alignment).polygons
    assert set(polygons) == set(FEATURE_NAMES)
    centres = {feature: polygon.mean(axis=0) for feature, polygon in polygons.items()}
    for polygon in polygons.values():
        assert is_convex(polygon)
        assert ((polygon > 100) & (polygon < 412)).all()
        assert 15 < np.ptp(polygon, axis=0).max() < 110
    assert centres["right_eye"][0] < centres["nose"][0] < centres["left_eye"][0]
    assert abs(centres["right_eye"][1] - centres["left_eye"][1]) < 15
    assert centres["left_eye"][1] < centres["nose"][1] < centres["mouth"][1]


@pytest.mark.shared
@pytest.mark.parametrize("name", SCENES)
def test_a_hard_picture_ends_in_landmarks_or_in_a_sentence(shared: Path, name: str) -> None:
    picture = portrait(shared, f"scene_{name}")
    try:
        found = landmarks_in(picture)
    except UserError as error:
        assert "No front face found" in error.message
        assert "by hand" in error.cure
    else:
        height, width = picture.rgba.shape[:2]
        assert ((found.points[11:] > 0) & (found.points[11:] < (width, height))).all()


@pytest.mark.shared
def test_two_people_are_reported(shared: Path) -> None:
    assert landmarks_in(portrait(shared, "scene_05")).warning.startswith("2 faces")


@pytest.mark.shared
def test_detection_is_repeatable_and_works_from_several_threads(shared: Path) -> None:
    picture = portrait(shared, "waifu_02")
    first = landmarks_in(picture)
    found: list[Landmarks] = []
    threads = [threading.Thread(target=lambda: found.append(landmarks_in(picture))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(one.points, first.points) for one in found)
    assert len(found) == 3


@pytest.mark.shared
@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_the_size_of_the_file_hardly_matters(shared: Path, factor: float) -> None:
    picture = portrait(shared, "crypko_01")
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    rgba = cv2.resize(np.array(picture.rgba), None, fx=factor, fy=factor, interpolation=way)
    one = landmarks_in(picture).points
    other = landmarks_in(Portrait(rgba=rgba, has_alpha=True)).points / factor
    face = face_box(landmarks_in(picture))[2]
    assert np.abs(one[11:] - other[11:]).max() < 0.1 * face
    assert np.median(np.abs(one[11:] - other[11:])) < 0.03 * face


@pytest.mark.shared
def test_a_mirrored_picture_has_mirrored_landmarks(shared: Path) -> None:
    picture = portrait(shared, "waifu_01")
    mirrored = Portrait(rgba=picture.rgba[:, ::-1], has_alpha=True)
    one, other = part_centres(landmarks_in(picture)), part_centres(landmarks_in(mirrored))
    width, face = picture.rgba.shape[1], face_box(landmarks_in(picture))[2]
    for name, twin in (("right_eye", "left_eye"), ("left_eye", "right_eye"), ("mouth", "mouth")):
        x, y = other[twin]
        assert (width - x, y) == pytest.approx(one[name], abs=0.06 * face)


@pytest.mark.shared
def test_the_hulls_lie_on_the_regions_marked_by_hand(shared: Path) -> None:
    found = landmarks_in(portrait(shared, "lambda_00"))
    marked = read_picture(shared / "data" / "portraits" / "lambda_00_face_mask.png")
    labels = cv2.connectedComponents((decode_portrait(marked, name="mask").rgba[..., 0] > 127).astype(np.uint8))[1]
    alignment = align(found)
    hulls = detect_hulls(found, alignment=alignment)
    keep = keep_mask(hulls, landmarks=found, alignment=alignment).mask
    regions = {}
    for feature in ("right_eye", "left_eye", "mouth"):
        x, y = part_centres(found)[feature]
        regions[feature] = labels[int(y), int(x)]
        rows, columns = np.nonzero(labels == regions[feature])
        pixels = aligned_points(alignment, points=np.stack([columns, rows], axis=1) + 0.5).astype(int)
        assert keep[pixels[:, 1], pixels[:, 0]].mean() > 0.5  # brows, cheeks and empty corners are marked as well
    assert sorted(regions.values()) == [1, 2, 3]  # each feature in a region of its own

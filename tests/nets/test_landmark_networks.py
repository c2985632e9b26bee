"""Our own networks find a face, read its landmarks, and say when there is none; the old way stands in for them."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from paic3d_studio.core.artefacts import Portrait
from paic3d_studio.core.face_template import LEFT_EYE, MOUTH, RIGHT_EYE
from paic3d_studio.core.image import decode_portrait, over_white, read_picture
from paic3d_studio.core.landmarks import LIKELY, PROFILE_FROM, FaceDetection, chosen_face
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.drawn_faces import MIRRORED as DRAWN_MIRRORED
from paic3d_studio.datasets.face_scenes import face_size
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.nets import manifest, weights
from paic3d_studio.nets.face_networks import CROP_SIDE, FaceFinder, LandmarkNetwork, expected_places
from paic3d_studio.nets.landmarks import DETECTORS, MIRRORED, NetworkDetector, find_landmarks, size_of
from paic3d_studio.paths import example_picture, models_folder


@pytest.fixture(scope="module")
def example() -> np.ndarray:
    rgba = decode_portrait(read_picture(example_picture()), name="example.png").rgba
    return np.asarray(cv2.resize(over_white(rgba), (512, 512), interpolation=cv2.INTER_AREA))


@pytest.fixture(scope="module")
def found(example: np.ndarray) -> FaceDetection:
    (face,) = NetworkDetector().detect(example)
    return face


def opaque(rgb: np.ndarray) -> Portrait:
    return Portrait(rgba=np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]), has_alpha=False)


def test_the_example_has_one_face_seen_from_the_front(found: FaceDetection) -> None:
    assert found.likelihood > LIKELY
    assert found.yaw is not None and found.yaw < 15
    right, left, mouth = (found.points[which].mean(axis=0) for which in (RIGHT_EYE, LEFT_EYE, MOUTH))
    for centre, place in ((right, (220, 235)), (left, (292, 235)), (mouth, (256, 281))):
        assert np.hypot(*(centre - place)) < 8
    assert (found.scores > 0).all() and (found.scores <= 1).all()


def test_a_mirrored_picture_has_mirrored_landmarks(example: np.ndarray, found: FaceDetection) -> None:
    (twin,) = NetworkDetector().detect(np.ascontiguousarray(example[:, ::-1]))
    back = (twin.points * (-1, 1) + (512, 0))[DRAWN_MIRRORED]
    assert np.abs(back - found.points).max() < 0.02 * found.box[2]


@pytest.mark.parametrize("side", [256, 800])
def test_the_size_of_the_picture_hardly_matters(example: np.ndarray, found: FaceDetection, side: int) -> None:
    scaled = np.asarray(cv2.resize(example, (side, side), interpolation=cv2.INTER_AREA))
    (other,) = NetworkDetector().detect(scaled)
    assert np.abs(other.points * 512 / side - found.points).max() < 0.04 * found.box[2]


@pytest.mark.parametrize("angle", [-20, 20])
def test_a_tilted_head_is_read_as_an_upright_one(example: np.ndarray, found: FaceDetection, angle: int) -> None:
    matrix = cv2.getRotationMatrix2D((256, 256), angle, 1.0)
    tilted = cv2.warpAffine(example, matrix, (512, 512), borderValue=(255, 255, 255))
    (other,) = NetworkDetector().detect(np.asarray(tilted))
    expected = found.points @ matrix[:, :2].T + matrix[:, 2]
    assert np.median(np.hypot(*(other.points - expected).T)) < 0.04 * found.box[2]


def test_the_same_picture_gives_the_same_landmarks(example: np.ndarray, found: FaceDetection) -> None:
    (again,) = NetworkDetector().detect(example)
    assert np.array_equal(again.points, found.points)


def test_two_faces_are_two(example: np.ndarray) -> None:
    pair = np.concatenate([example[60:460, 60:452], example[60:460, 60:452]], axis=1)
    likely = [face for face in NetworkDetector().detect(pair) if face.likelihood >= LIKELY]
    assert len(likely) == 2
    assert find_landmarks(opaque(pair)).warning.startswith("2 faces")


@pytest.mark.parametrize("shape", [(64, 900), (900, 64), (8, 8), (1, 1), (300, 300)])
@pytest.mark.parametrize("kind", ["noise", "white", "stripes"])
def test_there_is_no_face_in_noise_or_on_paper(shape: tuple[int, int], kind: str) -> None:
    lot = np.random.default_rng(0)
    noise = lot.integers(0, 256, (*shape, 3), np.uint8)
    rgb = {"noise": noise, "white": np.full_like(noise, 255), "stripes": noise[:1] + np.zeros_like(noise)}[kind]
    with pytest.raises(UserError, match=r"No front face found.*by hand"):
        find_landmarks(opaque(rgb))


def test_a_profile_is_no_front_face_and_a_three_quarter_view_comes_with_a_warning(found: FaceDetection) -> None:
    def turned(yaw: float) -> FaceDetection:
        return FaceDetection(1.0, found.box, found.points, found.scores, yaw)

    with pytest.raises(UserError, match="from the side"):
        chosen_face([turned(PROFILE_FROM + 1)], source="network")
    assert "three-quarter" in chosen_face([turned(35.0)], source="network").warning
    assert chosen_face([turned(5.0)], source="network").warning == ""


def test_cancel_is_heard(example: np.ndarray) -> None:
    with pytest.raises(Cancelled):
        NetworkDetector().detect(example, monitor=Monitor(cancelled=lambda: True))


def test_without_weights_the_older_detector_is_used_and_the_artist_is_told(
    example: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copy(models_folder() / "manifest.toml", tmp_path)
    monkeypatch.setattr(manifest, "models_folder", lambda: tmp_path)
    weights._network_of.cache_clear()
    if DETECTORS.keys() == {"network"}:
        raise AssertionError("nothing stands in")
    found = find_landmarks(opaque(example))
    assert found.source == "animeface"
    assert "missing or damaged" in found.warning


def test_an_unknown_detector_is_named_with_the_known_ones(example: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"“eyes”.*network, animeface"):
        find_landmarks(opaque(example), detector="eyes")


def test_training_and_program_agree_on_mirrors_and_sizes(found: FaceDetection) -> None:
    assert MIRRORED.tolist() == DRAWN_MIRRORED.tolist()
    assert size_of(found.points) == face_size(found.points)


def test_a_single_hot_spot_is_expected_where_it_is() -> None:
    heat = torch.full((1, 2, 48, 48), -50.0)
    heat[0, 0, 10, 40] = heat[0, 1, 0, 0] = 50.0
    places = expected_places(heat)[0] * 48
    assert torch.allclose(places, torch.tensor([[40.5, 10.5], [0.5, 0.5]]), atol=1e-4)


def test_the_networks_take_the_sizes_they_promise() -> None:
    with torch.inference_mode():
        assert FaceFinder().eval()(torch.zeros(2, 3, 96, 160)).shape == (2, 2, 24, 40)
        read = LandmarkNetwork().eval()(torch.zeros(2, 3, CROP_SIDE, CROP_SIDE))
    assert read.points.shape == (2, 28, 2) and read.turn.shape == (2, 2) and read.face.shape == (2,)

"""Faces as tests look at them: found without any network, the places of their parts, and the published hulls."""

from paic3d_studio.core.alignment import aligned_points
from paic3d_studio.core.artefacts import Alignment, FeatureHulls, Landmarks, Portrait
from paic3d_studio.core.face_template import LEFT_EYE, MOUTH, NOSE, RIGHT_EYE, fitted_parts
from paic3d_studio.core.hulls import convex
from paic3d_studio.core.image import over_white
from paic3d_studio.core.landmarks import DETECTORS, chosen_face


def landmarks_in(portrait: Portrait) -> Landmarks:
    """The landmarks of the largest face, as the classical detector finds them."""
    return chosen_face(DETECTORS["animeface"].detect(over_white(portrait.rgba)), source="animeface")


def part_centres(landmarks: Landmarks) -> dict[str, tuple[float, float]]:
    """Where eyes, mouth and nose are, by feature name, (x, y) in Portrait pixels."""
    parts = fitted_parts(landmarks.points)
    return {
        "right_eye": parts.right_eye.centre,
        "left_eye": parts.left_eye.centre,
        "mouth": parts.mouth.centre,
        "nose": parts.nose,
    }


def landmark_hulls(landmarks: Landmarks, *, alignment: Alignment) -> FeatureHulls:
    """The hulls of the published system: the landmarks' own, without a margin; the nose is one point."""
    points = aligned_points(alignment, points=landmarks.points)
    groups = {"right_eye": RIGHT_EYE, "left_eye": LEFT_EYE, "mouth": MOUTH, "nose": slice(NOSE, NOSE + 1)}
    return FeatureHulls(polygons={name: convex(points[which]) for name, which in groups.items()})

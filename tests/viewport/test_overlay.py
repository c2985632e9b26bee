"""The picture over the view, to compare the head with it."""

import moderngl
import numpy as np
import pytest

from paic3d_studio.core.artefacts import Alignment, FieldVolume
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.viewport.canvas import BACKGROUNDS, Canvas
from paic3d_studio.viewport.front import stitch_picture
from paic3d_studio.viewport.offscreen import pixels_of
from paic3d_studio.viewport.orbit import OrbitView
from paic3d_studio.viewport.scene import Scene

FRONT = OrbitView(distance=1.0, fov=None)


def quarters() -> np.ndarray:
    """Four colours, the lowest right one transparent, sRGBA (512, 512, 4)."""
    rgba = np.zeros((512, 512, 4), np.uint8)
    rgba[:256, :256] = 200, 40, 30, 255
    rgba[:256, 256:] = 30, 200, 40, 255
    rgba[256:, :256] = 40, 30, 200, 255
    return rgba


def shown(ctx: moderngl.Context, view: OrbitView, strength: float) -> np.ndarray:
    scene, canvas = Scene(), Canvas(ctx)
    canvas.resize((256, 256))
    scene.attach(ctx)
    scene.set_background(BACKGROUNDS["white"], now=0.0)
    scene.set_volume(FieldVolume(np.zeros((16, 16, 16, 4), np.uint8)))
    scene.set_picture(stitch_picture(StitchSource(quarters(), Alignment(np.eye(2, 3)))))
    scene.set_view(view, now=0.0)
    scene.overlay = strength
    scene.paint(canvas.framebuffer, (256, 256), now=0.0)
    alpha = np.frombuffer(canvas.framebuffer.read(components=4, alignment=1), np.uint8)[3::4]
    assert (alpha == 255).all()
    return pixels_of(canvas).astype(int)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_from_the_front_the_picture_lies_in_its_place_as_strongly_as_asked(
    ctx: moderngl.Context, strength: float
) -> None:
    picture = shown(ctx, FRONT, strength)
    for row, column in ((60, 60), (60, 190), (190, 60), (190, 190)):
        red, green, blue, alpha = quarters()[2 * row, 2 * column].astype(float)
        expected = 255 + strength * alpha / 255 * (np.array([red, green, blue]) - 255)
        np.testing.assert_allclose(picture[row, column], expected, atol=1.5)


def test_from_the_side_it_is_gone(ctx: moderngl.Context) -> None:
    for azimuth in (40.0, 90.0, 180.0):
        assert shown(ctx, OrbitView(azimuth, 0.0, 1.0, fov=None), 1.0).min() >= 254

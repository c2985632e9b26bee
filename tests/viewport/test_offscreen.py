import threading
from itertools import pairwise
from typing import Any

import moderngl
import numpy as np
import pytest

from paic3d_studio.core.artefacts import FieldVolume, TexturedMesh
from paic3d_studio.errors import UserError
from paic3d_studio.viewport.bake import bake_volume
from paic3d_studio.viewport.offscreen import render_offscreen
from paic3d_studio.viewport.orbit import HOME_VIEW, turntable


def test_a_turntable_has_one_picture_for_each_view_and_comes_round(signpost: FieldVolume) -> None:
    views = turntable(HOME_VIEW, frames=6)
    pictures = render_offscreen(signpost, [*views, views[0]], size=(96, 64))
    assert [picture.shape for picture in pictures] == [(64, 96, 3)] * 7
    assert (pictures[0] == pictures[-1]).all()
    assert all((one != other).any() for one, other in pairwise(pictures))


def test_a_volume_that_is_baked_already_looks_the_same(signpost: FieldVolume) -> None:
    once, twice = (render_offscreen(v, [HOME_VIEW], size=64)[0] for v in (signpost, bake_volume(signpost)))
    assert (once == twice).all()


def test_several_threads_draw_at_the_same_time(signpost: FieldVolume, square_mesh: TexturedMesh) -> None:
    contents = [signpost, square_mesh] * 2
    pictures: list[Any] = [None] * 4

    def draw(i: int) -> None:
        pictures[i] = render_offscreen(contents[i], [HOME_VIEW], size=64)[0]

    threads = [threading.Thread(target=draw, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (pictures[0] == pictures[2]).all()
    assert (pictures[1] == pictures[3]).all()


def test_a_machine_without_opengl_is_told_so_in_one_sentence(
    signpost: FieldVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(**_: object) -> None:
        raise Exception("libEGL.so not loaded")

    monkeypatch.setattr(moderngl, "create_context", nothing)
    with pytest.raises(UserError, match=r"OpenGL 3\.3.*libEGL"):
        render_offscreen(signpost, [HOME_VIEW])


def test_a_mesh_keeps_the_colours_of_its_texture(square_mesh: TexturedMesh) -> None:
    picture = render_offscreen(square_mesh, [HOME_VIEW], size=200)[0]
    colours = {tuple(c) for c in picture[60:140:8, 60:140:8].reshape(-1, 3).tolist()}
    assert {(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)} <= colours
    assert picture.dtype == np.uint8

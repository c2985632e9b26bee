"""The bar: a perfect field scores perfectly, and the baselines are what they are called."""

import dataclasses

import numpy as np
import pytest
import torch

from paic3d_studio.benchmark.baselines import billboard, inflated
from paic3d_studio.benchmark.holdout import BAR, CIRCLE, DIAGONALS, Scores, condition_of, scores, table, unmet
from paic3d_studio.core.monitor import SILENT
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.datasets.vrm_renderer import Views
from paic3d_studio.nets.field import FieldCondition
from paic3d_studio.nets.volume import render_view

SIZE = 24
CAMERAS = (*CIRCLE, *DIAGONALS)


def disc() -> FieldCondition:
    """A disc that is red on its left and blue on its right."""
    steps = (torch.arange(64) + 0.5) / 64 - 0.5
    alpha = (steps[None] ** 2 + steps[:, None] ** 2 < 0.09).float()[None, None]
    red = (steps[None, :] < 0).float().expand(64, 64)
    colour = torch.stack((red, torch.zeros(64, 64), 1 - red))[None]
    return FieldCondition(colour * alpha + 1 - alpha, alpha)


def views_of_itself(condition: FieldCondition) -> Views:
    """Render the inflated disc as if it were the true character, with an eye in the middle of each half."""
    seen = [render_view(inflated(condition), camera, size=SIZE, coarse=96, fine=64) for camera in CAMERAS]
    alpha = np.stack([view.alpha for view in seen])[..., None]
    straight = (np.stack([view.rgb for view in seen]) - 1 + alpha) / np.maximum(alpha, 1e-6)
    rgba = np.concatenate([straight, alpha], 3)
    part = np.zeros((len(seen), SIZE, SIZE), np.uint8)
    part[0, 11:13, [8, 15]] = PARTS.index("iris")
    return Views(
        rgba=np.round(rgba.clip(0, 1) * 255).astype(np.uint8),
        xyz=np.stack([v.xyz for v in seen]),
        part=part,
        normal=np.zeros((len(seen), SIZE, SIZE, 3), np.float32),
    )


def test_a_field_held_against_itself_is_perfect() -> None:
    condition = disc()
    found = scores(inflated(condition), views_of_itself(condition), CAMERAS, size=SIZE, monitor=SILENT)
    assert found.iou > 0.99
    assert found.psnr > 40
    assert found.depth_mm < 3
    assert found.ghost < 2


def test_the_billboard_is_mirrored_behind_and_thin_at_the_side() -> None:
    field = billboard(disc())
    behind = render_view(field, CIRCLE[6], size=SIZE, coarse=96, fine=64)
    assert behind.rgb[12, 6, 2] > 0.9  # blue, the right of the front, is on the left from behind
    front, side = (render_view(field, CIRCLE[i], size=SIZE, coarse=96, fine=64).alpha.sum() for i in (0, 3))
    assert side < 0.25 * front


def test_the_inflated_disc_is_as_deep_as_it_is_wide() -> None:
    field = inflated(disc())
    front, side = (render_view(field, CIRCLE[i], size=SIZE, coarse=96, fine=64).alpha.sum() for i in (0, 3))
    assert side == pytest.approx(float(front), rel=0.1)


def test_a_condition_is_composited_on_white() -> None:
    rgba = np.zeros((1, 4, 4, 4), np.uint8)
    rgba[0, 0, 0] = (255, 0, 0, 255)
    nothing = np.zeros((1, 4, 4, 3), np.float32)
    views = Views(rgba, nothing, np.zeros((1, 4, 4), np.uint8), nothing)
    condition = condition_of(views)
    assert condition.picture[0, :, 0, 0].tolist() == [1, 0, 0]
    assert condition.picture[0, :, 1, 1].tolist() == [1, 1, 1]


def passing() -> dict[str, Scores]:
    good = Scores(23.0, 18.0, 0.95, 7.0, 24.0, 22.0, 10.0)
    return {"compact": good, "billboard": dataclasses.replace(good, back_psnr=19.0)}


def test_the_bar_is_met_only_by_all_of_it() -> None:
    assert unmet(passing(), "compact") == []
    for name, bar in BAR.items():
        worse = dataclasses.replace(passing()["compact"], **{name: bar + 0.5 if name == "depth_mm" else bar - 0.5})
        assert [name in sentence for sentence in unmet({**passing(), "compact": worse}, "compact")] == [True]
    level = dataclasses.replace(passing()["billboard"], back_psnr=21.0)
    assert len(unmet({**passing(), "billboard": level}, "compact")) == 1


def test_the_table_has_a_line_for_each_character_and_method() -> None:
    assert len(table({"vita": passing()}).splitlines()) == 3

"""What holds for every way to paint under the lines."""

import numpy as np
import pytest
import torch

from paic3d_studio.core.artefacts import AlignedPortrait, KeepMask, LineMask
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import ShapeMismatch
from paic3d_studio.nets.infill import TILE, InfillNetwork, Painter, TileMemo, _one_pass, _painted, repaint


def drawing() -> tuple[AlignedPortrait, LineMask, KeepMask]:
    """A flat square with a black stroke and a half transparent rim."""
    rgba = np.zeros((512, 512, 4), dtype=np.uint8)
    rgba[100:400, 100:400] = (200, 150, 120, 255)
    rgba[100:400, 396:400, 3] = 128
    lines = np.zeros((512, 512), dtype=bool)
    lines[250:253, 120:399] = True
    rgba[lines, :3] = 0
    return AlignedPortrait(rgba), LineMask(lines), KeepMask(np.zeros_like(lines))


def test_telea_takes_the_stroke_away_and_leaves_every_other_byte() -> None:
    aligned, lines, keep = drawing()
    result = repaint(aligned, line_mask=lines, keep=keep, inpainter="telea").rgba
    assert np.array_equal(result[~lines.mask], aligned.rgba[~lines.mask])
    assert np.array_equal(result[..., 3], aligned.rgba[..., 3])
    painted = result[251, 150:350, :3].astype(int)
    assert np.abs(painted - (200, 150, 120)).max() <= 2


def test_repainting_nothing_changes_nothing() -> None:
    aligned, _, keep = drawing()
    nothing = LineMask(np.zeros((512, 512), dtype=bool))
    assert np.array_equal(repaint(aligned, line_mask=nothing, keep=keep).rgba, aligned.rgba)


def test_masks_of_another_size_are_refused() -> None:
    aligned, lines, _ = drawing()
    with pytest.raises(ShapeMismatch):
        repaint(aligned, line_mask=lines, keep=KeepMask(np.zeros((256, 256), dtype=bool)), inpainter="telea")


def test_a_wide_stroke_over_a_flat_colour_leaves_no_bar() -> None:
    rgba = np.full((512, 512, 4), (230, 190, 165, 255), dtype=np.uint8)
    stroke = np.zeros((512, 512), dtype=bool)
    stroke[240:265, 100:400] = True
    nothing = KeepMask(np.zeros((512, 512), dtype=bool))
    painted = repaint(AlignedPortrait(rgba), line_mask=LineMask(stroke), keep=nothing).rgba
    off = np.abs(painted.astype(int) - rgba)[stroke]
    assert off.mean() < 10 and off.max() < 40


def test_the_network_never_sees_what_lies_under_a_line() -> None:
    torch.manual_seed(0)
    network = InfillNetwork().eval()
    lines = torch.zeros(1, 1, 32, 32)
    lines[..., 10:13, 5:30] = 1
    picture = torch.rand(1, 3, 32, 32)
    other = torch.where(lines > 0, torch.rand(1, 3, 32, 32), picture)
    assert torch.equal(network(picture, lines), network(other, lines))


@pytest.mark.parametrize("use_keep", [False, True])
def test_painted_tile_by_tile_no_seam_shows(use_keep: bool) -> None:
    torch.manual_seed(0)
    network = InfillNetwork(width=8, depth=4, use_keep=use_keep).eval()
    rng = np.random.default_rng(0)
    size = 2 * TILE + 41
    picture = rng.random((size, size, 3), dtype=np.float32)
    mask, keep = rng.random((2, size, size)) > 0.9
    mask[:TILE, :TILE] = False
    with torch.inference_mode():
        whole = network(
            torch.from_numpy(picture).permute(2, 0, 1)[None],
            torch.from_numpy(mask.astype(np.float32))[None, None],
            torch.from_numpy(keep.astype(np.float32))[None, None],
        )
    expected = whole[0].permute(1, 2, 0).clamp(0, 1).numpy()
    found = _one_pass(Painter(network), picture, mask, keep, Monitor())
    assert not found[:TILE, :TILE].any()
    np.testing.assert_allclose(found[mask], expected[mask], atol=1e-6)


@pytest.mark.parametrize("wide", [False, True])
def test_after_an_edit_only_the_tiles_it_reaches_are_painted_and_to_the_same_bits(wide: bool) -> None:
    torch.manual_seed(0)
    network = InfillNetwork(width=8, depth=4).eval()
    rng = np.random.default_rng(0)
    picture = rng.random((512, 512, 3), dtype=np.float32)
    keep = np.zeros((512, 512), bool)
    before = rng.random((512, 512)) > 0.95
    after = before.copy()
    after[300 : 320 if wide else 303, 150:200] = True
    painted: list[int] = []
    inside = network.paint_inside
    network.paint_inside = lambda *maps: (painted.append(maps[0].shape[-1]), inside(*maps))[1]  # type: ignore[method-assign]
    painter = Painter(network)
    _painted(painter, picture, before, keep, Monitor())
    painted.clear()
    live = _painted(painter, picture, after, keep, Monitor())
    assert len(painted) == 1 if not wide else len(painted) < 16
    assert np.array_equal(live, _painted(Painter(network), picture, after, keep, Monitor()))


def test_the_memo_of_tiles_is_bounded_and_keeps_the_newest() -> None:
    memo, made = TileMemo(limit=2), []

    def paint(window: np.ndarray) -> np.ndarray:
        made.append(float(window[0, 0, 0]))
        return window[1:-1, 1:-1, :3]

    for value in (1.0, 2.0, 1.0, 3.0, 1.0, 2.0):
        assert memo.painted(np.full((4, 4, 5), value, np.float32), paint).max() == value
    assert made == [1.0, 2.0, 3.0, 2.0]
    assert len(memo._tiles) == 2

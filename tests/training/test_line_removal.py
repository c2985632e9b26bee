"""Line removal: its losses are what they are called, and a training that was stopped goes on as if it had not been."""

import dataclasses
import itertools
import json
import math
import signal
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from safetensors import safe_open

from paic3d_studio.cli import main
from paic3d_studio.core.camera import Camera
from paic3d_studio.core.image import encode_png
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.drawn_renders import drawn_render, normals
from paic3d_studio.datasets.render_folder import RenderOptions, jobs_of, render_folder
from paic3d_studio.datasets.renders import ORTHOGRAPHIC_VIEWS, CharacterMeta, RenderSet, RenderSetWriter, RenderView
from paic3d_studio.datasets.views import rendered_views
from paic3d_studio.datasets.vrm import load_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.training import infill_run
from paic3d_studio.training.infill import figures
from paic3d_studio.training.infill_losses import PatchDiscriminator, fooling_loss, masked_l1, telling_loss
from paic3d_studio.training.infill_patches import DILATIONS, PATCH, Patches, PatchSource, lined, pictures_with_lines
from paic3d_studio.training.infill_recipe import (
    InfillLossOptions,
    InfillOptimiser,
    LineRemovalRecipe,
    read_infill_recipe,
)
from paic3d_studio.training.infill_run import CHECKPOINT, WEIGHTS, LineRemoval, rate_at, run, run_config

# What is lowered


def test_l1_counts_only_under_the_mask() -> None:
    found, wanted, mask = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4), torch.zeros(2, 1, 4, 4)
    wanted[..., 0, 0] = 0.25
    assert masked_l1(found, wanted, mask) == 0
    mask[..., 0, 0] = 1
    assert masked_l1(found, wanted, mask) == 0.25
    mask[..., 1, 1] = 1
    assert masked_l1(found, wanted, mask) == pytest.approx(0.625)


def test_l1_pulls_only_pixels_under_the_mask() -> None:
    found = torch.zeros(1, 3, 2, 2, requires_grad=True)
    mask = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    masked_l1(found, torch.ones(1, 3, 2, 2), mask).backward()
    assert found.grad is not None
    assert torch.equal(found.grad, -mask.expand(1, 3, 2, 2) / 3)


def test_fooling_is_cross_entropy_against_the_smoothed_label() -> None:
    logits = torch.tensor([-1.5, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
    p = torch.sigmoid(logits.detach())
    expected = -(0.8 * torch.log(p) + 0.2 * torch.log(1 - p)).mean()
    loss = fooling_loss(logits)
    assert torch.allclose(loss, expected)
    loss.backward()
    assert logits.grad is not None
    assert torch.allclose(logits.grad, (p - 0.8) / 3)  # it rests where the discriminator says 0.8
    assert fooling_loss(torch.full((1,), math.log(4.0))) < fooling_loss(torch.full((1,), 6.0))


def test_telling_adds_both_sides() -> None:
    assert telling_loss(torch.zeros(4), torch.zeros(7)) == pytest.approx(2 * math.log(2))
    real, painted = torch.randn(5, dtype=torch.float64), torch.randn(5, dtype=torch.float64)
    assert torch.autograd.gradcheck(telling_loss, (real.requires_grad_(), painted.requires_grad_()))
    p, q = torch.sigmoid(real.detach()), torch.sigmoid(painted.detach())
    expected = -(0.8 * torch.log(p) + 0.2 * torch.log(1 - p)).mean() - torch.log(1 - q).mean()
    assert torch.allclose(telling_loss(real, painted), expected)


def test_the_discriminator_has_four_convolutions_of_width_16_and_averages_its_logits() -> None:
    judge = PatchDiscriminator()
    shapes = [tuple(p.shape) for p in judge.parameters() if p.ndim == 4]
    assert shapes == [(16, 3, 3, 3), (16, 16, 3, 3), (16, 16, 3, 3), (1, 16, 3, 3)]
    patch = torch.rand(1, 3, PATCH, PATCH)
    pieces = [judge(patch[..., i : i + 9, j : j + 9]) for i in range(13) for j in range(13)]
    assert torch.allclose(judge(patch), torch.stack(pieces).mean(), atol=1e-6)


# What is seen


def inked() -> np.ndarray:
    rgb = np.full((512, 512, 3), 230, np.uint8)
    rgb[100:400:30, 80:430] = 40
    return rgb


def test_patches_lie_round_lines_and_carry_their_mask_and_keep() -> None:
    keep = np.zeros((512, 512), bool)
    keep[:, :256] = True
    source = PatchSource([lined(inked(), keep=keep, twin=np.full((512, 512, 3), 230, np.uint8))], border=6)
    batch = source.batch(24, lot=np.random.default_rng(0))
    side = PATCH + 12
    assert batch.layers.shape == (24, 6, side, side)
    assert batch.mask.shape == batch.keep.shape == (24, 1, side, side)
    assert bool((batch.mask * batch.keep == 0).all())
    centre = side // 2
    near = batch.mask[:, 0, centre - 1 : centre + 2, centre - 1 : centre + 2]
    assert bool((near.amax(dim=(1, 2)) == 1).all())
    dark = (batch.layers[:, :3].mean(dim=1) < 0.5) & (batch.keep[:, 0] == 0)
    assert bool((batch.mask[:, 0][dark] == 1).all())
    assert bool((batch.layers[:, 3:] > 0.9).all())
    widths = {int(count) for count in batch.mask[:, 0, :, :].sum(dim=(1, 2)).unique().tolist()}
    assert len(widths) > 1  # grown by 1 or 3
    assert DILATIONS == (1, 3)


def test_pictures_without_a_line_are_refused() -> None:
    with pytest.raises(UserError, match="contour line"):
        PatchSource([lined(np.full((512, 512, 3), 99, np.uint8), keep=np.zeros((512, 512), bool))], border=6)


def test_normals_of_a_sphere_point_away_from_its_middle() -> None:
    steps = (np.arange(64) + 0.5) / 64 * 0.7 - 0.35
    x, y = np.meshgrid(steps, -steps)
    inside = x**2 + y**2 < 0.3**2
    z = np.sqrt(np.where(inside, 0.3**2 - x**2 - y**2, 0))
    xyz = np.where(inside[..., None], np.stack([x, y, z], axis=-1), 0).astype(np.float32)
    rgba = np.where(inside[..., None], 255, 0).astype(np.uint8).repeat(4, axis=-1)
    found = normals(RenderView(rgba, xyz, Camera(0, 0, 1, None)))
    middle = x**2 + y**2 < 0.2**2
    assert np.abs(found[middle] - xyz[middle] / 0.3).max() < 0.02
    assert np.all(found[~inside] == 0)


@pytest.mark.shared
def test_a_drawing_of_a_render_has_lines_that_its_twin_has_not(shared: Path, tmp_path: Path) -> None:
    with CharacterRenderer() as renderer:
        character = load_character(shared / "data" / "characters" / "vivi.glb")
        cameras = {"front": ORTHOGRAPHIC_VIEWS["front"]}
        front = dict(rendered_views(renderer, character, cameras=cameras, size=512))["front"]
    one, again, other = (drawn_render(front, name="vivi", seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.drawn, again.drawn)
    assert not np.array_equal(one.drawn, other.drawn)
    darker = (one.unlined.astype(int) - one.drawn).max(axis=-1) > 40
    assert 0.003 < darker.mean() < 0.1
    assert np.mean(one.line_mask(3)[darker & ~one.keep]) > 0.8
    assert 0.005 < one.keep.mean() < 0.1


# How it runs


@pytest.fixture
def renders(tmp_path: Path) -> Path:
    """A dataset of two fronts: coloured discs with a dark rim, which passes for lines."""
    writer = RenderSetWriter.create(tmp_path / "renders", size=512)
    rows, columns = np.mgrid[:512, :512]
    for k, name in enumerate(("one", "two")):
        radius = np.hypot(rows - 256, columns - 256)
        rgba = np.zeros((512, 512, 4), np.uint8)
        rgba[radius < 180] = (200, 120 + 60 * k, 90, 255)
        rgba[(radius > 90) & (radius < 94)] = (40, 30, 30, 255)
        view = RenderView(rgba, np.zeros((512, 512, 3), np.float32), ORTHOGRAPHIC_VIEWS["front"])
        writer.write(name, {"front": view}, meta=CharacterMeta("", "", "train", {}))
    return tmp_path / "renders"


@pytest.fixture
def config(tmp_path: Path, renders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A short training on the dataset and on drawings that need no face to be found."""
    monkeypatch.setattr(
        infill_run,
        "pictures_with_lines",
        lambda *_, **__: [lined(inked(), keep=np.zeros((512, 512), bool))],
    )
    path = tmp_path / "short.toml"
    path.write_text(
        '[data]\nrenders = "renders"\npictures = "mine"\n[network]\nwidth = 8\ndepth = 4\nkeep_input = true\n'
        '[optimiser]\nsteps = 6\nbatch = 4\nsteady = 0.5\n[run]\nfolder = "run"\nthreads = 1\n'
        "checkpoint_steps = 2\nlog_steps = 1\npicture_steps = 6\n",
        encoding="utf-8",
    )
    return path


def stopped_after(lines: int) -> Monitor:
    heard: list[str] = []

    def hear(_: float, text: str) -> None:
        if text.startswith("step"):
            heard.append(text)

    return Monitor(hear, cancelled=lambda: len(heard) >= lines)


def in_folder(config: Path, folder: Path) -> LineRemovalRecipe:
    recipe = read_infill_recipe(config)
    return dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, folder=folder))


def test_a_resumed_training_equals_an_unbroken_one_to_the_bit(config: Path, tmp_path: Path) -> None:
    run_config(config, out=tmp_path / "whole")
    for lines in (3, 2):
        with pytest.raises(Cancelled):
            run(in_folder(config, tmp_path / "broken"), resume=True, monitor=stopped_after(lines))
    assert torch.load(tmp_path / "broken" / CHECKPOINT, weights_only=True)["step"] == 5
    run_config(config, out=tmp_path / "broken", resume=True)
    for name in (WEIGHTS, "log.jsonl", "pictures/000000006.png"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "broken" / name).read_bytes(), name
    one, two = (torch.load(tmp_path / name / CHECKPOINT, weights_only=True) for name in ("whole", "broken"))
    for part in ("network", "discriminator"):
        assert all(torch.equal(one[part][key], two[part][key]) for key in one[part])


def test_the_log_holds_every_term_and_the_rate(config: Path, tmp_path: Path) -> None:
    run_config(config)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert {"identity", "adversarial", "discriminator", "rate"} <= set(lines[0])
    assert lines[0]["rate"] == 1e-3 > lines[-1]["rate"]
    with safe_open(tmp_path / "run" / WEIGHTS, "pt") as file:
        assert file.get_tensor("generator.0.weight").shape == (8, 4, 3, 3)


def test_the_command_line_trains_resumes_and_stops_with_its_codes(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "infill", "--config", str(config)]
    real = LineRemoval.advance

    def interrupted(training: LineRemoval) -> dict[str, torch.Tensor]:
        if training.step == 3:
            signal.raise_signal(signal.SIGINT)
        return real(training)

    monkeypatch.setattr(LineRemoval, "advance", interrupted)
    assert main(command) == 130
    assert "--resume goes on from" in capsys.readouterr().out
    assert torch.load(tmp_path / "run" / CHECKPOINT, weights_only=True)["step"] == 4
    monkeypatch.setattr(LineRemoval, "advance", real)
    assert main(command) == 2
    assert "already" in capsys.readouterr().err
    assert main([*command, "--resume"]) == 0
    assert "step 6 of 6" in capsys.readouterr().out
    run_config(config, out=tmp_path / "whole")
    assert (tmp_path / "whole" / WEIGHTS).read_bytes() == (tmp_path / "run" / WEIGHTS).read_bytes()


def test_a_finished_or_foreign_training_is_not_overwritten(config: Path, tmp_path: Path) -> None:
    run_config(config)
    with pytest.raises(UserError, match="already"):
        run_config(config)
    config.write_text(config.read_text().replace("width = 8", "width = 9"), encoding="utf-8")
    with pytest.raises(UserError, match="another configuration"):
        run_config(config, resume=True)
    (tmp_path / "run" / CHECKPOINT).write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(UserError, match="no checkpoint that can be read"):
        run_config(config, resume=True)


def test_the_same_seed_trains_the_same_weights_and_leaves_the_global_one_alone(config: Path, tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    for name in ("a", "b"):
        run_config(config, out=tmp_path / name)
    assert torch.equal(before, torch.random.get_rng_state())
    assert (tmp_path / "a" / WEIGHTS).read_bytes() == (tmp_path / "b" / WEIGHTS).read_bytes()
    config.write_text(config.read_text().replace("[run]", "[run]\nseed = 1"), encoding="utf-8")
    run_config(config, out=tmp_path / "c")
    assert (tmp_path / "a" / WEIGHTS).read_bytes() != (tmp_path / "c" / WEIGHTS).read_bytes()


def test_only_terms_that_count_move_the_network(config: Path, renders: Path) -> None:
    pictures = [lined(inked(), keep=np.zeros((512, 512), bool), twin=inked())]

    def moved(**weights: float) -> bool:
        table = {"identity": 0.0, "adversarial": 0.0, "paired": 0.0, **weights}
        recipe = LineRemovalRecipe(loss=InfillLossOptions(**table))
        training = LineRemoval(recipe, drawings=pictures, renders=pictures)
        before = [parameter.clone() for parameter in training.network.parameters()]
        training.advance()
        return any(not torch.equal(a, b) for a, b in zip(before, training.network.parameters(), strict=True))

    assert not moved()
    assert all(moved(**{name: 1.0}) for name in ("identity", "adversarial", "paired"))


@pytest.mark.parametrize(("whose", "shares"), [("drawings", True), ("own", False)])
def test_renders_are_repainted_under_masks_of_drawings_or_their_own(
    whose: Literal["drawings", "own"], shares: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [lined(inked(), keep=np.zeros((512, 512), bool))]
    training = LineRemoval(
        LineRemovalRecipe(loss=InfillLossOptions(identity_mask=whose)), drawings=pictures, renders=pictures
    )
    seen: list[bool] = []
    real = LineRemoval._update

    def watched(self: LineRemoval, drawn: Patches, render: Patches) -> dict[str, torch.Tensor]:
        seen.append(torch.equal(drawn.mask, render.mask))
        return real(self, drawn, render)

    monkeypatch.setattr(LineRemoval, "_update", watched)
    training.advance()
    assert seen == [shares]


def test_the_rate_is_steady_and_then_falls_to_a_fiftieth() -> None:
    recipe = LineRemovalRecipe()
    assert {rate_at(step, recipe) for step in (0, 10_000, 19_999)} == {1e-3}
    falling = LineRemovalRecipe(optimiser=InfillOptimiser(steps=1000, steady=0.5))
    rates = [rate_at(step, falling) for step in range(0, 1001, 50)]
    assert rates[:11] == [1e-3] * 11
    assert all(a > b for a, b in itertools.pairwise(rates[10:]))
    assert rates[-1] == pytest.approx(2e-5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[loss]\nidentity = 'much'\n", "identity"),
        ("[loss]\nadversarail = 1.0\n", "adversarial"),
        ("[loss]\nreal_label = 0.2\n", "real_label"),
        ("[loss]\npaired = 1.0\n[data]\npictures = 'mine'\n", "twins"),
        ("[optimiser]\nsteps = 0\n", "steps"),
        ("[run]\ndevice = 'tpu'\n", "device"),
        ("[trick]\n", "trick"),
        ("[loss\n", "TOML"),
    ],
)
def test_a_wrong_configuration_is_told_in_a_sentence(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words):
        read_infill_recipe(tmp_path / "wrong.toml")


def test_missing_or_faceless_data_is_told_in_a_sentence(tmp_path: Path, renders: Path) -> None:
    (tmp_path / "c.toml").write_text('[data]\nrenders = "nowhere"\n', encoding="utf-8")
    with pytest.raises(UserError, match="no dataset"):
        run_config(tmp_path / "c.toml")
    (tmp_path / "c.toml").write_text('[data]\nrenders = "renders"\nsplit = "val"\n', encoding="utf-8")
    with pytest.raises(UserError, match="val split"):
        run_config(tmp_path / "c.toml")
    (tmp_path / "c.toml").write_text('[data]\nrenders = "renders"\n', encoding="utf-8")
    with pytest.raises(UserError, match="No face"):
        run_config(tmp_path / "c.toml")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "grey.png").write_bytes(encode_png(np.full((128, 128), 128, np.uint8)))
    with pytest.raises(UserError, match="No usable portrait"):
        pictures_with_lines(tmp_path / "mine", count=9)


@pytest.mark.shared
@pytest.mark.slow
def test_a_short_training_on_drawn_renders_repaints_better_than_none(shared: Path, tmp_path: Path) -> None:
    files = [shared / "data" / "characters" / f"{name}.glb" for name in ("vivi", "victoria_rubin")]
    render_folder(jobs_of(files, folder=tmp_path / "renders", options=RenderOptions(512), splits={"train": ["*"]}))
    text = '[data]\nrenders = "renders"\n[loss]\nadversarial = 0.1\npaired = 1.0\n[optimiser]\nsteps = 80\nbatch = 16\n'
    (tmp_path / "c.toml").write_text(text + "[run]\nthreads = 1\n", encoding="utf-8")
    recipe = read_infill_recipe(tmp_path / "c.toml")
    drawings, fronts = infill_run.read_sets(recipe)
    training = LineRemoval(recipe, drawings=drawings, renders=fronts)
    front = RenderSet.open(tmp_path / "renders").view("vivi", "front")
    pairs = [drawn_render(front, name="vivi", seed=77)]  # a style it has not seen
    untrained = figures(pairs, training.network.eval())
    training.network.train()
    for _ in range(80):
        training.advance()
    trained = figures(pairs, training.network.eval())
    assert trained["network"]["unlined"] > untrained["network"]["unlined"] + 4
    assert trained["network"]["unlined"] > trained["lines left"]["unlined"]


def test_the_shipped_configurations_say_what_the_documents_promise() -> None:
    folder = Path(infill_run.__file__).parent / "configs"
    published = read_infill_recipe(folder / "infill.toml")
    here = folder.resolve()
    assert published == dataclasses.replace(
        LineRemovalRecipe(),
        data=dataclasses.replace(LineRemovalRecipe().data, renders=here / "renders"),
        run=dataclasses.replace(LineRemovalRecipe().run, folder=here / "run-infill"),
    )
    paired = read_infill_recipe(folder / "infill-paired.toml")
    assert (paired.loss.identity, paired.loss.adversarial, paired.loss.paired) == (1.0, 0.1, 1.0)

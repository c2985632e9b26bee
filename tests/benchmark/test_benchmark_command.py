"""The command as a whole: tables of generated characters and of pairs, resumed, in several processes, and refused."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import safetensors.torch
import torch

from paic3d_studio.benchmark import evaluate, holdout, run
from paic3d_studio.benchmark.methods import METHODS, Entrant, entrants
from paic3d_studio.benchmark.pairs import read_pair
from paic3d_studio.benchmark.views import Scores, on_white
from paic3d_studio.cli import main
from paic3d_studio.core.camera import FRONT
from paic3d_studio.core.image import encode_png
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.generated.draw import drawn_recipe
from paic3d_studio.datasets.generated.generate import character_bytes, character_name
from paic3d_studio.datasets.vrm import load_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.nets.backbones.compact import CompactBackbone, CompactConfig
from paic3d_studio.nets.backbones.config import ReconstructorConfig
from paic3d_studio.nets.backbones.published import PublishedConfig
from paic3d_studio.nets.field import FieldCondition
from paic3d_studio.training.reconstructor_run import ENTRY, WEIGHTS, manifest_entry_text

SEED = 90_000
NAME = character_name(SEED)


@pytest.fixture(scope="module")
def characters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one generated character."""
    folder = tmp_path_factory.mktemp("characters")
    (folder / f"{NAME}.vrm").write_bytes(character_bytes(drawn_recipe(SEED)))
    return folder


@pytest.fixture(scope="module")
def measured(characters: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a small benchmark of it, drawn."""
    out = tmp_path_factory.mktemp("out")
    assert main(arguments(characters, out)) == 0
    return out


def arguments(characters: Path, out: Path, *more: str) -> list[str]:
    small = ["--size", "32", "--methods", "billboard", "mean-head", "--drawn"]
    return ["benchmark", "--characters", str(characters), "-o", str(out), *small, *more]


def told(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "benchmark.json").read_text())
    return found


def test_everything_is_measured_and_lies_in_its_files(measured: Path) -> None:
    scores = told(measured)["scores"][NAME]
    assert list(scores) == ["billboard", "mean-head"]
    for name in (
        "psnr",
        "iou",
        "front_efficientnet",
        "rear_cosine",
        "chamfer",
        "f1_5cm",
        "every_face_f1_0_01",
        "normals",
    ):
        assert isinstance(scores["billboard"][name], float)
    assert scores["billboard"]["front_psnr"] > scores["mean-head"]["front_psnr"]
    assert scores["mean-head"]["chamfer"] < scores["billboard"]["chamfer"]
    tables = (measured / "benchmark.md").read_text()
    assert "Table 3" in tables
    assert "Table 4" in tables
    assert "was not measured" in tables
    page = (measured / "benchmark.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 4  # seen, truth, and each method


def test_removing_lines_brings_a_drawing_nearer_to_its_render(measured: Path) -> None:
    lines = told(measured)["lines"][NAME]
    assert set(lines) == {"as drawn", "network", "telea"}
    assert lines["network"]["psnr"] > lines["as drawn"]["psnr"]


def test_what_an_earlier_run_measured_is_not_measured_again(
    characters: Path, measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (measured / "benchmark.json").read_bytes()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nothing is left to measure")

    monkeypatch.setattr(run, "truth_of", refuse)
    assert main(arguments(characters, measured)) == 0
    assert (measured / "benchmark.json").read_bytes() == before
    with pytest.raises(AssertionError, match="nothing is left"):
        main(arguments(characters, measured, "--seed", "1"))


@pytest.mark.slow
def test_processes_give_the_same_figures_as_one(characters: Path) -> None:
    options = evaluate.Options(size=16, views_only=True)
    pair = pairs_of(characters)[0]
    jobs = [run.Job(dataclasses.replace(pair, name=n), entrants(only=["billboard"]), options) for n in ("a", "b")]
    here, apart = (run.run_jobs(jobs, processes=count) for count in (1, 2))
    assert [result.name for result in apart] == ["a", "b"]
    assert [result.figures for result in here] == [result.figures for result in apart]


def pairs_of(characters: Path) -> list[Any]:
    from paic3d_studio.benchmark.pairs import characters_alone

    return characters_alone(characters)


def test_the_thin_entry_gives_the_same_figures(
    characters: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(holdout, "MEASURED", ("billboard",))
    assert holdout.main(["--characters", str(characters), "--size", "32", "--json"]) == 0
    short = json.loads(capsys.readouterr().out)["scores"][NAME]["billboard"]
    assert main(["benchmark", "--characters", str(characters), "--size", "32", "--methods", "billboard", "--json"]) == 0
    long = json.loads(capsys.readouterr().out)["scores"][NAME]["billboard"]
    assert list(short) == list(Scores.__dataclass_fields__)
    assert short == {name: long[name] for name in short}


@pytest.mark.slow
def test_a_pair_is_prepared_and_then_seen_where_its_model_is(characters: Path, tmp_path: Path) -> None:
    """The illustration is the model's own front view, smaller and moved: aligned, a billboard shows it unchanged."""
    source = characters / f"{NAME}.vrm"
    (tmp_path / "mia.vrm").write_bytes(source.read_bytes())
    with CharacterRenderer() as renderer:
        front = renderer.render(load_character(source), [FRONT], size=512).rgba[0]
    by = np.array([[1.2, 0, 30], [0, 1.2, 55]])
    shown = cv2.warpAffine(on_white(front), by, (660, 700), flags=cv2.INTER_LINEAR, borderValue=(1, 1, 1))
    alpha = cv2.warpAffine(front[..., 3], by, (660, 700), flags=cv2.INTER_LINEAR)
    picture = np.dstack([np.round(shown * 255).astype(np.uint8), alpha])
    (tmp_path / "mia.png").write_bytes(encode_png(picture))
    (tmp_path / "mia.png.roi.json").write_text(json.dumps({"rectangle": [150, 180, 520, 600]}))
    assert main(["benchmark", "prepare", str(tmp_path), "--by", "orb"]) == 0
    pair = read_pair(tmp_path / "mia.pair.json")
    assert pair.align_by == "orb"
    assert pair.similarity().matrix == pytest.approx(np.array([[1 / 1.2, 0, -25], [0, 1 / 1.2, -45.8]]), abs=0.6)
    assert pair.region.bounds == pytest.approx((100, 104, 408, 454), abs=1.5)
    assert (tmp_path / "aligned" / "mia.jpg").is_file()
    assert main(["benchmark", str(tmp_path), "--size", "64", "--methods", "billboard"]) == 0
    scores = told(tmp_path / "benchmark")["scores"]["mia"]["billboard"]
    assert scores["front_psnr"] > 24


def test_a_pair_that_is_not_aligned_is_left_out_with_a_sentence(
    characters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mia.vrm").write_bytes((characters / f"{NAME}.vrm").read_bytes())
    (tmp_path / "mia.png").write_bytes(encode_png(np.full((64, 64, 4), 200, np.uint8)))
    assert main(["benchmark", str(tmp_path), "--size", "32", "--methods", "billboard"]) == 2
    assert "benchmark prepare" in capsys.readouterr().err
    assert main(["benchmark", "prepare", str(tmp_path), "--by", "landmarks"]) == 2
    assert "no front face" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one folder"),
        (["absent"], "no folder"),
        (["prepare"], "no folder"),
        (["a", "b"], "one folder"),
        (["--characters", "absent"], "No characters"),
        ([".", "--methods", "oracle"], "no method named"),
        ([".", "--methods", "one-triplane-layer"], "needs weights"),
        (["--weights", "billboard=x.safetensors", "."], "takes no weights"),
        (["--weights", "absent.safetensors", "."], "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.vrm").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert main(["benchmark", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_damaged_character_is_a_problem_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.vrm").write_bytes(b"glTF" + b"\0" * 40)
    assert main(["benchmark", "--characters", str(tmp_path), "--size", "32", "--methods", "billboard"]) == 2
    assert "left out: broken" in capsys.readouterr().err


def test_a_cancelled_run_keeps_what_had_finished(characters: Path, tmp_path: Path) -> None:
    asked = False

    def stop_at_the_second_method(fraction: float, text: str) -> None:
        nonlocal asked
        asked = asked or "mean-head" in text

    jobs = [
        run.Job(pair, entrants(only=["billboard", "mean-head"]), evaluate.Options(size=16, views_only=True), tmp_path)
        for pair in pairs_of(characters)
    ]
    with pytest.raises(Cancelled):
        run.run_jobs(jobs, monitor=Monitor(stop_at_the_second_method, cancelled=lambda: asked))
    assert sorted(path.stem for path in (tmp_path / run.RESULTS / NAME).iterdir()) == ["_truth", "billboard"]


def test_ablations_enter_only_with_weights_of_their_own(tmp_path: Path) -> None:
    assert {entrant.name for entrant in entrants()} == {"billboard", "inflated", "mean-head", "compact"}
    file = tmp_path / "w.safetensors"
    named = entrants({"no-feature-pooling": file}, ["no-feature-pooling"])
    assert [entrant.weights for entrant in named] == [file]
    with pytest.raises(UserError, match="cannot be read"):
        named[0].reconstructor()
    assert sum(method.needs == "weights" for method in METHODS.values()) == 4


def test_weights_with_a_tagger_and_an_adviser_of_their_own_are_measured(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = CompactBackbone(CompactConfig(tags=("hair:red", "ears:cat", "eyes:blue"), adviser=True))
    safetensors.torch.save_file(dict(network.state_dict()), tmp_path / "own.safetensors")
    picture = FieldCondition(torch.ones(1, 3, 512, 512), torch.ones(1, 1, 512, 512))
    points = torch.rand(50, 3) * 0.2 - 0.1
    found = Entrant("compact", tmp_path / "own.safetensors").reconstructor()(picture).density(points)
    own = network.eval().field(picture, seed=0).density(points)
    assert torch.equal(found, own)


def test_what_a_training_wrote_is_measured_with_the_sizes_beside_it(tmp_path: Path) -> None:
    config = ReconstructorConfig.tiny()
    assert isinstance(config.sizes, PublishedConfig)
    torch.manual_seed(0)
    encoded = safetensors.torch.save(dict(config.build().state_dict()))
    (tmp_path / WEIGHTS).write_bytes(encoded)
    (tmp_path / ENTRY).write_text(manifest_entry_text(config.sizes, encoded, steps=1))
    picture = FieldCondition(torch.ones(1, 3, 512, 512), torch.ones(1, 1, 512, 512))
    field = Entrant("one-triplane-layer", tmp_path / WEIGHTS).reconstructor()(picture)
    assert torch.isfinite(field.density(torch.zeros(1, 3))).all()
    with pytest.raises(UserError, match="does not describe a network “compact”"):
        Entrant("compact", tmp_path / WEIGHTS).reconstructor()
    (tmp_path / ENTRY).write_text("weights = 3")
    with pytest.raises(UserError, match="does not describe"):
        Entrant("no-feature-pooling", tmp_path / WEIGHTS).reconstructor()

"""`dataset render`: what is kept, what is left out and why, and that stopping and going on changes nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from paic3d_studio.cli import main
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.filters import picture_measures, reasons
from paic3d_studio.datasets.names import character_name
from paic3d_studio.datasets.render_folder import RenderOptions, jobs_of, render_folder, sources
from paic3d_studio.datasets.renders import ORTHOGRAPHIC_VIEWS, RenderSet, RenderSetWriter, RenderView
from paic3d_studio.errors import Cancelled, UserError

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = RenderOptions(size=32)


@pytest.fixture
def collection(tmp_path: Path, figure: Callable[..., bytes]) -> Path:
    """Three fit characters, two of one name, and four that are not fit."""
    folder = tmp_path / "characters"
    (folder / "more").mkdir(parents=True)
    (folder / "mia.vrm").write_bytes(figure("vrm1"))
    (folder / "leo.VRM").write_bytes(figure("vrm0"))
    (folder / "more" / "mia.glb").write_bytes(figure("glb"))
    (folder / "armless.vrm").write_bytes(figure("vrm1", without_arm))
    (folder / "giant.vrm").write_bytes(figure("vrm1", lambda d: d["nodes"][0].update(scale=[90.0] * 3)))
    (folder / "glass.vrm").write_bytes(figure("vrm1", made_of_glass))
    (folder / "cut.vrm").write_bytes(figure("vrm1")[:999])
    (folder / "readme.txt").write_text("not a character")
    return folder


def without_arm(description: dict[str, Any]) -> None:
    description["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"].pop("leftUpperArm")


def made_of_glass(description: dict[str, Any]) -> None:
    for material in description["materials"]:
        material["alphaMode"] = "BLEND"
        material["pbrMetallicRoughness"]["baseColorFactor"] = [1, 1, 1, 0.3]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_fit_characters_are_kept_and_the_others_have_reasons(collection: Path, tmp_path: Path) -> None:
    jobs = jobs_of(sources([collection]), folder=tmp_path / "set", options=OPTIONS)
    outcomes = {outcome.name: outcome.reasons for outcome in render_folder(jobs)}
    kept = [name for name, against in outcomes.items() if not against]
    assert sorted(name.split("-")[0] for name in kept) == ["leo", "mia", "mia"]
    assert {name: against[0].split(" (")[0] for name, against in outcomes.items() if against} == {
        "armless": "missing bones",
        "giant": "extreme size",
        "glass": "too much transparency",
        "cut": "“cut” is cut short or of another glTF version.",
    }
    read = RenderSet.open(tmp_path / "set")
    assert read.names() == tuple(sorted(kept))
    assert all(len(read.views(name)) == 12 for name in kept)
    told = json.loads((tmp_path / "set" / "report.json").read_text())
    assert sorted(told["kept"]) == sorted(kept)
    assert sorted(told["left_out"]) == ["armless", "cut", "giant", "glass"]
    assert "3 characters" in (tmp_path / "set" / "report.md").read_text()


def test_a_folder_that_cannot_be_written_stops_two_processes_with_the_sentence_and_its_cure(
    collection: Path, tmp_path: Path
) -> None:
    jobs = jobs_of([collection / "cut.vrm"], folder=tmp_path / "set", options=OPTIONS)
    RenderSetWriter.create(tmp_path / "set", size=OPTIONS.size)
    (tmp_path / "set" / "_refused").write_text("a file in the way")
    with pytest.raises(UserError, match="cannot be made") as raised:
        render_folder(jobs, processes=2)
    assert raised.value.cure


def test_one_figure_in_two_formats_gives_the_same_pictures(collection: Path, tmp_path: Path) -> None:
    files = [collection / "leo.VRM", collection / "mia.vrm"]
    render_folder(jobs_of(files, folder=tmp_path / "set", options=OPTIONS))
    read = RenderSet.open(tmp_path / "set")
    for view in ORTHOGRAPHIC_VIEWS:
        assert np.array_equal(read.view("leo", view).rgba, read.view("mia", view).rgba)


def test_a_resumed_run_equals_an_unbroken_one_and_so_do_two_processes(collection: Path, tmp_path: Path) -> None:
    files = sources([collection])
    whole, broken, apart = (jobs_of(files, folder=tmp_path / name, options=OPTIONS) for name in ("a", "b", "c"))
    render_folder(whole)
    stop_after = 3
    heard: list[str] = []
    with pytest.raises(Cancelled):
        render_folder(broken, monitor=Monitor(lambda _, t: heard.append(t), cancelled=lambda: len(heard) >= stop_after))
    assert not (tmp_path / "b" / "report.md").exists()
    known = [outcome.known for outcome in render_folder(broken)]
    assert 0 < sum(known) < len(known)
    render_folder(apart, processes=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") == contents(tmp_path / "c")
    assert all(outcome.known for outcome in render_folder(whole))


def test_another_seed_or_a_changed_file_is_rendered_anew(collection: Path, tmp_path: Path) -> None:
    files = [collection / "mia.vrm"]

    def rendered(seed: int) -> tuple[bool, bytes]:
        (outcome,) = render_folder(jobs_of(files, folder=tmp_path / "set", options=RenderOptions(size=32, seed=seed)))
        return outcome.known, (tmp_path / "set" / "mia" / "perspective_0.png").read_bytes()

    first, again, other = rendered(0), rendered(0), rendered(1)
    assert (first[0], again[0], other[0]) == (False, True, False)
    assert first[1] == again[1] != other[1]
    shutil.copy(collection / "leo.VRM", collection / "mia.vrm")
    assert not rendered(1)[0]


def test_what_is_left_out_can_be_kept_with_its_reasons(collection: Path, tmp_path: Path) -> None:
    files = [collection / "armless.vrm"]
    refused = jobs_of(files, folder=tmp_path / "set", options=OPTIONS)
    assert render_folder(refused)[0].reasons
    (kept,) = render_folder(jobs_of(files, folder=tmp_path / "set", options=RenderOptions(size=32, unfiltered=True)))
    assert not kept.reasons
    assert RenderSet.open(tmp_path / "set").meta("armless").report["reasons"] == ["missing bones (leftUpperArm)"]
    assert "0 left out" in (tmp_path / "set" / "report.md").read_text()


def test_splits_can_be_chosen_by_name(collection: Path, tmp_path: Path) -> None:
    files = sources([collection])
    jobs = jobs_of(files, folder=tmp_path / "set", options=OPTIONS, splits={"test": ["mia*"], "val": ["leo"]})
    assert {job.split for job in jobs if job.name.startswith("mia")} == {"test"}
    assert next(job.split for job in jobs if job.name == "leo") == "val"


def a_view(rgb: np.ndarray, alpha: np.ndarray) -> RenderView:
    rgba = np.dstack([rgb, alpha]).astype(np.uint8)
    return RenderView(rgba, np.zeros((*alpha.shape, 3), np.float32), ORTHOGRAPHIC_VIEWS["front"])


def disc(radius: int, value: int = 255) -> np.ndarray:
    return cv2.circle(np.zeros((128, 128), np.uint8), (64, 64), radius, value, -1)


SHADED = np.add.outer(np.arange(128), np.arange(128))[..., None] * np.ones(3) / 2 + 60
NOISY = np.random.default_rng(0).integers(0, 256, (128, 128, 3))


@pytest.mark.parametrize(
    ("rgb", "alpha", "expected"),
    [
        (SHADED, disc(30), []),
        (SHADED, disc(8), ["too much transparency"]),
        (SHADED, disc(90), ["too little transparency"]),
        (SHADED, disc(30, 180), ["too much transparency"]),
        (np.full((128, 128, 3), 255), disc(30), ["texture corruption"]),
        (NOISY, disc(30), ["texture corruption"]),
    ],
)
def test_the_front_view_tells_what_is_wrong(rgb: np.ndarray, alpha: np.ndarray, expected: list[str]) -> None:
    assert [reason.split(" (")[0] for reason in reasons(picture_measures(a_view(rgb, alpha)))] == expected


def test_the_command_line_renders_shows_and_refuses(
    collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "set"
    command = ["dataset", "render", str(collection / "mia.vrm"), str(collection / "cut.vrm"), "-o", str(target)]
    assert main([*command, "--size", "32"]) == 0
    said = capsys.readouterr().err
    assert "left out: cut" in said
    assert "1 characters" in said
    assert main(["dataset", "sheet", str(target), "-o", str(tmp_path / "sheet.png"), "--side", "32"]) == 0
    assert cv2.imread(str(tmp_path / "sheet.png")).shape == (32, 12 * 32, 3)
    assert main(["dataset", "render", str(collection / "cut.vrm"), "-o", str(tmp_path / "none"), "--size", "32"]) == 2
    for wrong in (
        ["render", str(tmp_path / "nowhere"), "-o", str(target)],
        ["render", str(collection / "more" / "mia.glb"), "-o", str(target), "--size", "64"],
        ["render", str(collection), "-o", str(collection)],
        ["sheet", str(collection), "-o", str(tmp_path / "sheet.png")],
        ["sheet", str(collection), "-o", str(tmp_path / "sheet.txt")],
    ):
        capsys.readouterr()
        assert main(["dataset", *wrong]) == 2, wrong
        assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize("wrong", [["--size", "5"], ["--jobs", "0"], ["--seed", "-1"], ["--jobs", "two"]])
def test_impossible_numbers_are_told_in_one_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dataset", "render", "anything", "-o", "anywhere", *wrong])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_ctrl_c_ends_two_processes_with_code_130_and_nothing_half_done(collection: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for k in range(40):
        shutil.copy(collection / "mia.vrm", many / f"mia_{k:02}.vrm")
    target = tmp_path / "set"
    child = subprocess.Popen(
        [sys.executable, "main.py", "dataset", "render", str(many), "-o", str(target), "--size", "128", "--jobs", "2"],
        cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not any(target.glob("mia_*/meta.json")) and time.monotonic() < deadline and child.poll() is None:
            time.sleep(0.05)
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to the whole group
        _, said = child.communicate(timeout=60)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
    assert child.returncode == 130, said
    assert "Traceback" not in said
    assert "stopped" in said
    read = RenderSet.open(target)
    assert 0 < len(read.names()) < 40
    assert all(read.view(name, view) for name in read.names() for view in read.views(name))


def test_strange_stems_become_names() -> None:
    assert character_name("みあ") != character_name("りん")
    with pytest.raises(UserError, match="no “"):
        sources([Path("/nowhere/at/all")])

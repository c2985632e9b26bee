"""From a picture to a head on the command line: what is written, what is said, and what is left alone."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import trimesh

from paic3d_studio.cli import has_display, main
from paic3d_studio.core.image import encode_png
from paic3d_studio.export.exporters import SIDECAR
from paic3d_studio.paths import example_picture, models_folder, resources_folder
from paic3d_studio.session.headless import without_display
from paic3d_studio.session.session import Session

ROOT = Path(__file__).resolve().parents[2]
QUICK = ["--lattice", "64", "--faces", "2000", "--texture", "256"]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder that is also the present one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def example(tmp_path) -> Path:
    """A copy of the bundled example, away from the folder that tests look into."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    return Path(shutil.copy(example_picture(), folder / "example.png"))


def run_alone(*arguments: str, before: str = "", **options) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    code = f"import sys\n{before}\nfrom paic3d_studio.cli import main\nraise SystemExit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, **options
    )


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_the_example_becomes_a_textured_head(folder, example, capsys):
    assert main(["reconstruct", str(example), "-o", "head.glb", "--json", "--turntable", "round.png", *QUICK]) == 0
    told = json.loads(capsys.readouterr().out)
    scene = trimesh.load_scene(folder / "head.glb")
    (mesh,) = scene.geometry.values()
    assert len(mesh.faces) == told["faces"] <= 2000
    assert mesh.visual.uv.shape == (told["vertices"], 2)
    assert 0.2 < mesh.extents[1] < 0.4
    assert told["bytes"] == sum(Path(file).stat().st_size for file in told["files"])
    assert {"landmarks", "render_like", "field", "surface", "textured"} <= set(told["stages"])
    assert told["peak_memory_mib"] is None or told["peak_memory_mib"] > 100
    assert files_in(folder) == {f"{name}{beside}" for name in ("head.glb", "round.png") for beside in ("", SIDECAR)}


@pytest.mark.slow
def test_the_same_picture_and_seed_give_the_same_bytes(folder, example):
    told = []
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        target = folder / f"head{hash_seed}.glb"
        done = run_alone("reconstruct", str(example), "-o", str(target), "--json", *QUICK, env=environment)
        assert done.returncode == 0, done.stderr
        told.append(json.loads(done.stdout))
    assert told[0]["sha256"] == told[1]["sha256"]
    assert (folder / "head1.glb").read_bytes() == (folder / "head2.glb").read_bytes()


def test_without_an_output_the_head_lies_beside_its_picture(example):
    assert main(["reconstruct", str(example), *QUICK]) == 0
    assert files_in(example.parent) == {"example.png", "example.glb", "example.glb.provenance.json"}


def test_the_suffix_decides_the_format(folder, example):
    assert main(["reconstruct", str(example), "-o", "head.obj", *QUICK]) == 0
    assert len(trimesh.load_mesh(folder / "head.obj").faces) > 500
    assert len(files_in(folder)) == 4  # mesh, material, texture, provenance


def test_one_bad_picture_does_not_stop_the_others(folder, example, capsys):
    (folder / "heads").mkdir()
    (folder / "broken.png").write_bytes(b"no picture")
    assert main(["reconstruct", "broken.png", str(example), "-o", "heads", "--json", *QUICK]) == 2
    said = capsys.readouterr()
    first, second = (json.loads(line) for line in said.out.splitlines())
    assert "not a picture" in first["error"]
    assert second["faces"] > 500
    assert files_in(folder / "heads") == {"example.glb", "example.glb.provenance.json"}
    assert said.err.count("Finding the face") == 1


def without_a_face() -> bytes:
    ramp = np.linspace(0, 255, 300, dtype=np.uint8)
    return encode_png(np.dstack([np.broadcast_to(ramp, (300, 300))] * 3))


BAD_PICTURES = {
    "missing": (None, "no file"),
    "empty": (b"", "is empty"),
    "truncated": (example_picture, "damaged"),
    "text": (b"Dear diary, today I drew nothing.", "not a picture"),
    "one pixel": (encode_png(np.zeros((1, 1, 3), np.uint8)), "1 × 1"),
    "a long line": (encode_png(np.zeros((1, 30000, 3), np.uint8)), "30000 × 1"),
    "transparent": (encode_png(np.zeros((300, 300, 4), np.uint8)), "transparent"),
    "without a face": (without_a_face(), "No front face"),
}


@pytest.mark.parametrize("kind", BAD_PICTURES)
def test_a_bad_picture_ends_in_one_sentence_and_writes_nothing(folder, capsys, kind):
    content, words = BAD_PICTURES[kind]
    if callable(content):
        content = content().read_bytes()[:20_000]
    if content is not None:
        (folder / "portrait.png").write_bytes(content)
    before = files_in(folder)
    assert main(["reconstruct", "portrait.png", "-o", "head.glb"]) == 2
    said = capsys.readouterr()
    (error,) = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert words in error
    assert "Traceback" not in said.err
    assert said.out == ""
    assert files_in(folder) == before


def test_a_face_that_is_not_found_can_be_placed(folder, capsys):
    """A face without a mouth or a chin, which no detector takes for one."""
    picture = np.full((400, 400, 3), 255, np.uint8)
    for x in (150, 250):
        picture[170:200, x - 15 : x + 15] = 40
    picture[100:330, 90:310] = np.minimum(picture[100:330, 90:310], (240, 214, 196))
    (folder / "portrait.png").write_bytes(encode_png(picture))
    assert main(["reconstruct", "portrait.png", "-o", "head.glb", *QUICK]) == 2
    assert "No front face" in capsys.readouterr().err
    assert main(["reconstruct", "portrait.png", "-o", "head.glb", "--face", "150,185,250,185,200,270", *QUICK]) == 0
    assert files_in(folder) == {"portrait.png", "head.glb", "head.glb.provenance.json"}


def read_only_folder(folder: Path) -> Path:
    """A folder in which nothing can be made, even by root."""
    if os.geteuid() == 0:
        return Path("/proc")
    locked = folder / "locked"
    locked.mkdir(mode=0o555)
    return locked


def test_a_target_that_cannot_be_written_is_refused_before_any_work(folder, example, capsys, monkeypatch):
    def worked(*_args, **_options):
        pytest.fail("a stage was computed")

    monkeypatch.setattr(Session, "pull", worked)
    for target, words in [
        (folder / "nowhere" / "head.glb", "no folder"),
        (folder / "head.stl3", "no known format"),
        (read_only_folder(folder) / "head.glb", "Nothing can be written"),
        (folder / f"{'a' * 300}.glb", "no possible name"),
    ]:
        assert main(["reconstruct", str(example), "-o", str(target)]) == 2
        assert words in capsys.readouterr().err


def test_the_picture_itself_is_never_overwritten(folder, example, capsys):
    before = example.read_bytes()
    assert main(["reconstruct", str(example), "-o", "head.glb", "--turntable", str(example)]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    texture = shutil.copy(example, folder / "head_texture.png")
    assert main(["reconstruct", str(texture), "-o", "head.obj"]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert example.read_bytes() == texture.read_bytes() == before


def test_a_picture_is_not_overwritten_for_want_of_a_display(folder, example, capsys):
    picture = Path(shutil.copy(example, folder / "turntable.png"))
    assert without_display([picture]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert picture.read_bytes() == example.read_bytes()
    assert files_in(folder) == {"turntable.png"}


def test_a_folder_in_place_of_a_picture_is_named(folder, capsys):
    for picture in (".", str(folder)):
        assert main(["reconstruct", picture]) == 2
        assert "is a folder" in capsys.readouterr().err


def test_two_pictures_of_one_name_are_not_written_over_each_other(folder, example, capsys):
    (folder / "other").mkdir()
    other = shutil.copy(example, folder / "other" / "example.webp")
    assert main(["reconstruct", str(example), str(other), "-o", str(folder)]) == 2
    assert "same file" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["flipped byte", "cut short", "missing", "no manifest"])
def test_damaged_weights_are_named_with_their_cure(folder, example, damage):
    program = folder / "program"
    shutil.copytree(models_folder(), program / "models")
    (program / "resources").symlink_to(resources_folder())
    manifest = tomllib.loads((program / "models" / "manifest.toml").read_text(encoding="utf-8"))
    weights = program / "models" / manifest["weights"]["compact"]["file"]
    content = bytearray(weights.read_bytes())
    match damage:
        case "flipped byte":
            content[len(content) // 2] ^= 1
            weights.write_bytes(content)
        case "cut short":
            weights.write_bytes(content[:-100])
        case "missing":
            weights.unlink()
        case "no manifest":
            weights = program / "models" / "manifest.toml"
            weights.unlink()
    done = run_alone(
        "reconstruct", str(example), "-o", str(folder / "head.glb"), before=f"sys._MEIPASS = {str(program)!r}"
    )
    assert done.returncode == 2, done.stderr
    assert weights.name in done.stderr
    assert "Install the program again" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "head.glb").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a POSIX signal")
@pytest.mark.parametrize("stage", ["Finding the face", "Sampling the field"])
def test_ctrl_c_stops_the_work_and_writes_nothing(folder, example, stage):
    code = "import sys\nfrom paic3d_studio.cli import main\nraise SystemExit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "reconstruct", str(example), "-o", str(folder / "head.glb")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while stage not in (line := process.stderr.readline()):
            assert line, "ended before it could be cancelled"
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=30) == 130
    assert "Cancelled" in rest
    assert "Traceback" not in rest
    assert files_in(folder) == set()


@pytest.mark.slow
def test_without_a_display_the_example_is_done_here(folder):
    environment = {name: value for name, value in os.environ.items() if "DISPLAY" not in name and "QT_" not in name}
    done = run_alone(env=environment, before=f"import os; os.chdir({str(folder)!r}); sys.path.insert(0, {str(ROOT)!r})")
    assert done.returncode == 0, done.stderr
    assert files_in(folder) == {f"{name}{beside}" for name in ("head.glb", "turntable.png") for beside in ("", SIDECAR)}
    assert str(folder / "head.glb") in done.stdout
    assert "no display" in done.stderr


@pytest.mark.parametrize(
    ("environment", "platform", "shown"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({"DISPLAY": ""}, "linux", False),
        ({}, "win32", True),
        ({}, "darwin", True),
    ],
)
def test_a_display_is_looked_for_where_it_is_announced(environment, platform, shown):
    assert has_display(environment, platform) is shown


@pytest.mark.parametrize(
    "arguments", [["--seed", "-1"], ["--faces", "many"], ["--texture", "9999999"], ["--face", "1,2,3,4,5"], []]
)
def test_a_wrong_command_exits_with_2_and_says_why_in_one_line(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        main(["reconstruct", *(["girl.png"] if arguments else []), *arguments])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.endswith(" See paic3d-studio reconstruct --help.\n")
    assert said.count("\n") == 1


def test_a_folder_that_is_named_like_a_head_is_not_written_into(folder, example, capsys):
    (folder / "head.glb").mkdir()
    assert main(["reconstruct", str(example), "-o", "head.glb", *QUICK]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert not list((folder / "head.glb").iterdir())


@pytest.mark.parametrize("option", ["backbone", "infill"])
@pytest.mark.parametrize("command", ["reconstruct", "batch"])
def test_a_method_whose_weights_are_not_there_is_refused_before_anything_runs(
    folder, example, capsys, monkeypatch, command, option
):
    monkeypatch.setenv("PAIC3D_HOME", str(folder / "nothing imported"))
    monkeypatch.setattr("paic3d_studio.session.session.Session.read", lambda *_, **__: pytest.fail("a stage ran"))
    where = [str(example)] if command == "reconstruct" else [str(example.parent), str(folder / "out")]
    code = main([command, *where, f"--{option}", "published"])
    said = capsys.readouterr().err
    assert code == (2 if command == "reconstruct" else 102)
    assert said.startswith(f"error: The weights of the {option} “published” do not come with this program")
    assert said.count("\n") == 1 and not (folder / "out").exists()

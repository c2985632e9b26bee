"""Blender is found where it usually is, and started on a head; a small program stands in for it."""

import errno
import json
import os
import sys
import time
from pathlib import Path

import pytest

from paic3d_studio.errors import UserError
from paic3d_studio.export.blender import file_for_blender, find_blender, open_in_blender, script
from paic3d_studio.export.exporters import SIDECAR

RECORDER = """#!{python}
import json, os, sys
told = {{"arguments": sys.argv[1:], "session": os.getsid(0) == os.getpid(), "path": os.environ.get("PYTHONPATH")}}
open({record!r} + ".part", "w").write(json.dumps(told))
os.rename({record!r} + ".part", {record!r})
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a shebang")


def stand_in(file: Path, record: Path | None = None) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(RECORDER.format(python=sys.executable, record=str(record or file.with_suffix(".json"))))
    file.chmod(0o755)
    return file


def environment(home: Path, path: str = "") -> dict[str, str]:
    return {"HOME": str(home), "PATH": path}


def test_the_artists_choice_comes_first_then_the_variable_then_the_path(tmp_path: Path) -> None:
    chosen, told, on_path = (stand_in(tmp_path / name / "blender") for name in ("chosen", "told", "path"))
    around = environment(tmp_path, str(on_path.parent))
    assert find_blender(environment=around, platform="linux") == on_path
    around["PAIC3D_BLENDER"] = str(told)
    assert find_blender(environment=around, platform="linux") == told
    assert find_blender(str(chosen), environment=around, platform="linux") == chosen


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("linux", "blender-4.5.1-linux-x64/blender"),
        ("linux", ".local/share/flatpak/exports/bin/org.blender.Blender"),
        ("darwin", "Applications/Blender.app/Contents/MacOS/Blender"),
        ("win32", "AppData/Local/Programs/Blender 4.5/blender.exe"),
    ],
)
def test_it_is_found_in_the_usual_places(tmp_path: Path, platform: str, place: str) -> None:
    program = stand_in(tmp_path / place)
    assert find_blender(environment=environment(tmp_path), platform=platform) == program


@pytest.mark.parametrize(
    ("old", "new"), [("4.2.0", "4.5.1"), ("4.5.9", "4.10.0"), ("4.5", "4.5.1"), ("9.4.1", "10.0.0")]
)
def test_of_two_versions_the_newer_one_is_taken(tmp_path: Path, old: str, new: str) -> None:
    stand_in(tmp_path / f"blender-{old}-linux-x64/blender")
    newer = stand_in(tmp_path / f"blender-{new}-linux-x64/blender")
    assert find_blender(environment=environment(tmp_path), platform="linux") == newer


def test_a_blender_that_is_not_there_is_one_sentence_and_a_way_on(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Blender was not found\. Choose where it is"):
        find_blender(environment=environment(tmp_path), platform="linux")


@pytest.mark.parametrize("kind", ["missing", "folder", "no program"])
def test_a_choice_that_cannot_be_started_is_refused(tmp_path: Path, kind: str) -> None:
    chosen = tmp_path / "blender"
    if kind == "folder":
        chosen.mkdir()
    elif kind == "no program":
        chosen.write_text("")
    with pytest.raises(UserError, match="no program"):
        find_blender(str(chosen), environment=environment(tmp_path))


def test_an_application_of_macos_is_a_folder_with_the_program_in_it(tmp_path: Path) -> None:
    program = stand_in(tmp_path / "Blender 4.5.app/Contents/MacOS/Blender")
    assert find_blender(str(tmp_path / "Blender 4.5.app"), environment=environment(tmp_path)) == program


@pytest.mark.parametrize("look", ["unlit", "toon"])
def test_it_is_started_apart_on_the_head_with_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: str
) -> None:
    record = tmp_path / "told.json"
    monkeypatch.setenv("PYTHONPATH", "/ours")
    program = stand_in(tmp_path / "blender", record)
    head = tmp_path / "a head; $(rm).glb"
    assert open_in_blender(head, blender=program, look=look) > 0  # type: ignore[arg-type]
    deadline = time.monotonic() + 20
    while not record.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    told = json.loads(record.read_text())
    assert told == {"arguments": ["--python", str(script()), "--", str(head), look], "session": True, "path": None}
    assert script().is_file()


def test_a_program_that_does_not_start_is_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "blender"
    broken.write_text("#!/nowhere/python\n")
    broken.chmod(0o755)
    with pytest.raises(UserError, match="could not be started"):
        open_in_blender(tmp_path / "head.glb", blender=broken)


@pytest.mark.parametrize(
    ("name", "file"), [("girl", "girl-0123abcd.glb"), ("../a/b", "___a_b-0123abcd.glb"), ("", "head-0123abcd.glb")]
)
def test_the_file_for_blender_lies_in_the_studios_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str
) -> None:
    monkeypatch.setenv("PAIC3D_HOME", str(tmp_path / "home"))
    target = file_for_blender(name, digest="0123abcdef")
    assert target == tmp_path / "home" / "blender" / file and target.parent.is_dir()


@pytest.mark.parametrize(
    ("number", "cure"), [(errno.ENOSPC, "Make room on it"), (errno.EACCES, "Export the head"), (errno.EEXIST, "Export")]
)
def test_a_folder_for_blender_that_cannot_be_made_leaves_a_way_on(
    monkeypatch: pytest.MonkeyPatch, number: int, cure: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(UserError) as caught:
        file_for_blender("girl", digest="0123abcdef")
    assert caught.value.cure.startswith(cure)


def test_only_the_newest_heads_stay_in_the_folder_for_blender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIC3D_HOME", str(tmp_path))
    heads = [file_for_blender("girl", digest=f"{index:08x}") for index in range(12)]
    assert len(set(heads)) == 12
    for age, head in enumerate(heads):
        for file in (head, head.with_name(head.name + SIDECAR)):
            file.write_bytes(b"")
            os.utime(file, (1e9 - age, 1e9 - age))
    target = file_for_blender("girl", digest=f"{11:08x}")
    assert target == heads[11]
    assert sorted(head.parent.glob("*.glb")) == sorted([*heads[:8], target])
    assert len(list(target.parent.glob("*" + SIDECAR))) == 9

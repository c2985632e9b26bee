"""A dataset folder gives back what was put in, and whatever is wrong in one ends in a sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import Camera
from paic3d_studio.datasets.names import character_name, character_names, checked_name, split_of
from paic3d_studio.datasets.renders import (
    ORTHOGRAPHIC_VIEWS,
    VIEW_NAMES,
    CharacterMeta,
    RenderSet,
    RenderSetWriter,
    RenderView,
)
from paic3d_studio.errors import UserError

SIZE = 16


def some_view(camera: Camera, seed: int = 0) -> RenderView:
    """A view of noise with a transparent border."""
    lot = np.random.default_rng(seed)
    rgba = lot.integers(0, 256, (SIZE, SIZE, 4), dtype=np.uint8)
    rgba[0], rgba[1:, :, 3] = 0, rgba[1:, :, 3].clip(1)
    xyz = lot.uniform(-BOX_SIDE / 2, BOX_SIDE / 2, (SIZE, SIZE, 3)).astype(np.float32)
    xyz[0] = 0
    return RenderView(rgba=rgba, xyz=xyz, camera=camera)


def some_views() -> dict[str, RenderView]:
    cameras = {**ORTHOGRAPHIC_VIEWS, "perspective_3": Camera(12.5, -20.25, 1.0, 30.0)}
    return {view: some_view(camera, seed) for seed, (view, camera) in enumerate(cameras.items())}


META = CharacterMeta("mia.vrm", "ab" * 32, "val", {}, {"title": "Mia – みあ"}, {"transparent": 0.25})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    writer = RenderSetWriter.create(tmp_path / "set", size=SIZE)
    writer.write("mia", some_views(), meta=META)
    return tmp_path / "set"


def test_what_is_written_is_read_back(folder: Path) -> None:
    read = RenderSet.open(folder)
    assert (read.size, read.names(), read.names("val"), read.names("train")) == (SIZE, ("mia",), ("mia",), ())
    assert read.views("mia") == ("front", "left", "right", "back", "perspective_3")
    assert (read.meta("mia").licence, read.meta("mia").report) == (META.licence, META.report)
    for view, put in some_views().items():
        got = read.view("mia", view)
        assert np.array_equal(got.rgba, put.rgba)
        assert got.camera == put.camera
        assert got.xyz.dtype == np.float32
        assert np.abs(got.xyz - put.xyz).max() <= BOX_SIDE / 65535 / 2 + 1e-7  # half a step of the code
        assert np.all(got.xyz[got.rgba[..., 3] == 0] == 0)


def test_equal_characters_give_equal_bytes_and_an_older_one_is_replaced_whole(folder: Path) -> None:
    before = {p.name: p.read_bytes() for p in (folder / "mia").iterdir()}
    writer = RenderSetWriter.create(folder, size=SIZE)
    assert writer.holds("mia")
    assert not writer.holds("leo")
    writer.write("mia", some_views(), meta=META)
    assert {p.name: p.read_bytes() for p in (folder / "mia").iterdir()} == before
    writer.write("mia", {"front": some_view(ORTHOGRAPHIC_VIEWS["front"])}, meta=META)
    assert sorted(p.name for p in (folder / "mia").iterdir()) == ["front.png", "front.xyz.png", "meta.json"]
    assert sorted(p.name for p in folder.iterdir()) == ["dataset.json", "mia"]


def test_what_an_interrupted_writer_left_is_no_character_and_goes_away(folder: Path) -> None:
    (folder / ".leo.part-00ff").mkdir()
    (folder / ".leo.part-00ff" / "meta.json").write_text("{}")
    (folder / "empty").mkdir()
    assert RenderSet.open(folder).names() == ("mia",)
    RenderSetWriter.create(folder, size=SIZE)
    assert not list(folder.glob(".*"))


def test_a_failed_write_leaves_nothing(folder: Path) -> None:
    class Full(dict[str, RenderView]):
        def items(self) -> Any:
            raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="No space"):
        RenderSetWriter.create(folder, size=SIZE).write("leo", Full(some_views()), meta=META)
    assert sorted(p.name for p in folder.iterdir()) == ["dataset.json", "mia"]


def test_splits_are_80_10_10_by_a_hash_and_stay_as_they_are() -> None:
    splits = [split_of(f"character-{k}") for k in range(4000)]
    shares = [splits.count(split) / len(splits) for split in ("train", "val", "test")]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)
    assert [split_of(name) for name in ("vita", "vivi", "mia", "leo")] == ["val", "train", "train", "train"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\0", "ä", "a b", "x" * 121, "a.", "con", "Nul.png"]
)
def test_names_that_could_leave_the_folder_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        checked_name(name)
    if name:
        assert checked_name(character_name(name))


def test_files_of_one_name_get_names_that_differ_even_without_capitals() -> None:
    names = character_names([Path("a/mia.vrm"), Path("b/Mia.glb"), Path("b/leo.glb")])
    assert names[2] == "leo"
    assert [name[:4].lower() for name in names[:2]] == ["mia-", "mia-"]
    assert len({name.lower() for name in names}) == 3
    assert names[:2] == character_names([Path("elsewhere/a/mia.vrm"), Path("elsewhere/b/Mia.glb")])
    with pytest.raises(UserError, match="same name"):
        character_names([Path("x/a/mia.vrm"), Path("y/a/mia.vrm")])


def test_a_folder_of_another_size_or_kind_is_not_written_into(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="16 pixels"):
        RenderSetWriter.create(folder, size=32)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(UserError, match="not empty"):
        RenderSetWriter.create(tmp_path / "photos", size=SIZE)


def changed(name: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    """A damage to one of the JSON files."""

    def damage(folder: Path) -> None:
        told = json.loads((folder / name).read_text())
        change(told)
        (folder / name).write_text(json.dumps(told))

    return damage


def front(**wrong: Any) -> Callable[[Path], None]:
    return changed("mia/meta.json", lambda told: told["views"]["front"].update(wrong))


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: (f / "dataset.json").unlink(),
        lambda f: (f / "dataset.json").write_text("[" * 100_000),
        lambda f: (f / "dataset.json").write_text("[]"),
        lambda f: (f / "dataset.json").write_bytes(b"{}" + b" " * (2 << 20)),
        changed("dataset.json", lambda told: told.update(format="other")),
        changed("dataset.json", lambda told: told.update(version=2)),
        changed("dataset.json", lambda told: told.update(size=10**9)),
        changed("dataset.json", lambda told: told.update(size=16.0)),
        changed("dataset.json", lambda told: told.update(box_side=1.0)),
        lambda f: (f / "mia" / "meta.json").write_text("{"),
        changed("mia/meta.json", lambda told: told.pop("source")),
        changed("mia/meta.json", lambda told: told.update(split="all")),
        changed("mia/meta.json", lambda told: told.update(split=["val"])),
        changed("mia/meta.json", lambda told: told.update(views=[])),
        changed("mia/meta.json", lambda told: told["views"].update({"../../x": told["views"]["front"]})),
        changed("mia/meta.json", lambda told: told.update(licence={"a": 1})),
        front(azimuth="0"),
        front(azimuth=float("nan")),
        front(elevation=91),
        front(distance=0),
        front(fov=180),
        front(fov=True),
        front(distance=10**400),
    ],
)  # fmt: skip
def test_a_wrong_description_ends_in_a_sentence(damage: Callable[[Path], None], folder: Path) -> None:
    damage(folder)
    with pytest.raises(UserError):
        RenderSet.open(folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: (f / "front.png").unlink(),
        lambda f: (f / "front.png").write_bytes(b""),
        lambda f: (f / "front.png").write_bytes((f / "front.png").read_bytes()[:-20]),
        lambda f: (f / "front.png").write_bytes((f / "front.xyz.png").read_bytes()),
        lambda f: (f / "front.xyz.png").write_bytes((f / "front.png").read_bytes()),
        lambda f: (f / "front.png").write_bytes((f / "front.png").read_bytes().replace(b"IDAT", b"IDOT")),
    ],
)
def test_a_wrong_picture_ends_in_a_sentence(damage: Callable[[Path], None], folder: Path) -> None:
    damage(folder / "mia")
    read = RenderSet.open(folder)
    with pytest.raises(UserError, match="front"):
        read.view("mia", "front")
    assert read.view("mia", "back").rgba.shape == (SIZE, SIZE, 4)


def test_a_link_in_place_of_a_character_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "elsewhere").symlink_to(folder / "mia")
    assert RenderSet.open(folder).names() == ("mia",)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_of_bytes_brings_anything_but_a_view_or_a_sentence(data: st.DataObject, folder: Path) -> None:
    path = folder / data.draw(st.sampled_from(["dataset.json", "mia/meta.json", "mia/left.png", "mia/left.xyz.png"]))
    whole = path.read_bytes()
    hurt = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        hurt[data.draw(st.integers(0, len(hurt) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(hurt)
    try:
        read = RenderSet.open(folder)
        for name in read.names():
            for view in read.views(name):
                seen = read.view(name, view)
                assert view in VIEW_NAMES
                assert np.isfinite(seen.xyz).all()
    except UserError:
        pass
    finally:
        path.write_bytes(whole)


def test_a_view_that_is_not_as_promised_is_a_bug_of_the_caller(folder: Path) -> None:
    writer = RenderSetWriter.create(folder, size=SIZE)
    good = some_view(ORTHOGRAPHIC_VIEWS["front"])
    small = RenderView(good.rgba[:8, :8], good.xyz[:8, :8], good.camera)
    hollow = RenderView(good.rgba, np.full_like(good.xyz, np.nan), good.camera)
    for views in ({}, {"top": good}, {"front": small}, {"front": hollow}):
        with pytest.raises(ValueError, match=r"view|xyz"):
            writer.write("leo", views, meta=META)
    assert not writer.holds("leo")

"""Pairs: what a folder of them holds, and that a malformed one is refused in one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from paic3d_studio.benchmark.pairs import read_pair, read_pairs
from paic3d_studio.benchmark.roi import WHOLE, Region
from paic3d_studio.errors import UserError


def folder_of_one(folder: Path, **told: Any) -> Path:
    (folder / "mia.vrm").write_bytes(b"a model")
    (folder / "drawing.png").write_bytes(b"a picture")
    path = folder / "mia.pair.json"
    path.write_text(json.dumps({"model": "mia.vrm", "illustration": "drawing.png", **told}))
    return path


def test_a_pair_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = [[1.5, -0.25, 10.0], [0.25, 1.5, -20.0]]
    path = folder_of_one(tmp_path, align_by="orb", alignment=rows, region=[96, 40, 416, 470])
    pair = read_pair(path)
    assert (pair.name, pair.align_by, pair.region) == ("mia", "orb", Region(96, 40, 416, 470))
    assert pair.similarity().matrix.tolist() == rows
    pair.save(tmp_path)
    assert read_pair(path) == pair


def test_a_model_and_a_picture_of_its_name_are_a_pair_without_a_file(tmp_path: Path) -> None:
    for name in ("b.vrm", "b.png", "a.glb", "other.png"):
        (tmp_path / name).write_bytes(b"x")
    pairs = read_pairs(tmp_path)
    assert [(pair.name, pair.illustration and pair.illustration.name) for pair in pairs] == [
        ("a", None),
        ("b", "b.png"),
    ]
    assert pairs[1].region == WHOLE
    with pytest.raises(UserError, match="not aligned"):
        pairs[1].similarity()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"model": "../mia.vrm"}, "no file of its folder"),
        ({"model": "drawing.png"}, "no file of its folder"),
        ({"model": 3}, "no file of its folder"),
        ({"model": "none.vrm"}, "missing"),
        ({"illustration": "mia.vrm"}, "no file of its folder"),
        ({"align_by": "eye"}, "aligns by none"),
        ({"alignment": [[1, 0, 0], [0, -1, 0]]}, "no similarity"),
        ({"alignment": [[1, 0], [0, 1]]}, "no similarity"),
        ({"alignment": "none"}, "no similarity"),
        ({"region": [0, 0, 5, 5]}, "region of interest"),
        ({"colour": "red"}, "describes no pair"),
    ],
)
def test_a_malformed_pair_gives_one_sentence(tmp_path: Path, told: dict[str, Any], said: str) -> None:
    path = folder_of_one(tmp_path, **told)
    with pytest.raises(UserError, match=said) as refusal:
        read_pair(path)
    assert refusal.value.cure


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 50_000, '{"illustration": "drawing.png"}'])
def test_a_damaged_file_gives_one_sentence(tmp_path: Path, text: str) -> None:
    path = folder_of_one(tmp_path)
    path.write_text(text)
    with pytest.raises(UserError, match="pair"):
        read_pairs(tmp_path)


def test_a_folder_without_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no pairs"):
        read_pairs(tmp_path)
    with pytest.raises(UserError, match="no folder"):
        read_pairs(tmp_path / "absent")

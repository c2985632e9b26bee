"""The log of a training goes on where its checkpoint was, with or without TensorBoard."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from paic3d_studio.core.image import decode_portrait
from paic3d_studio.training.journal import Journal


def steps_in(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_what_was_logged_after_the_checkpoint_is_forgotten_and_so_is_a_cut_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path, board=False)
    for step in (1, 2, 3):
        journal.report(step, {"front.l1": 0.5})
    with (tmp_path / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"step": 4, "fro')
    again = Journal(tmp_path, first=2, board=False)
    again.report(3, {"front.l1": 0.25})
    assert steps_in(tmp_path) == [1, 2, 3]
    assert json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])["front.l1"] == 0.25


def test_without_tensorboard_numbers_and_pictures_are_kept_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    journal = Journal(tmp_path)
    assert not journal.has_board
    grid = np.random.default_rng(0).integers(0, 256, (64, 128, 3), np.uint8)
    journal.report(5, {"psnr.front": 12.0})
    journal.picture(5, grid)
    journal.close()
    kept = decode_portrait((tmp_path / "pictures" / "000000005.png").read_bytes(), name="grid").rgba
    assert np.array_equal(kept[..., :3], grid)
    assert not (tmp_path / "tensorboard").exists()


def test_only_the_first_process_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    journal = Journal(None)
    journal.report(1, {"x": 1.0})
    journal.picture(1, np.zeros((4, 4, 3), np.uint8))
    journal.close()
    assert list(tmp_path.iterdir()) == []

"""The self-test says in one sentence what can be mended."""

import os
from collections.abc import Iterator

import pytest

from paic3d_studio.errors import UserError


def test_damaged_weights_are_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def damaged() -> Iterator[str]:
        yield "infill"
        raise UserError("The network weights are damaged: matting.safetensors.", "Install the program again.")

    monkeypatch.setenv("QT_QPA_PLATFORM", os.environ.get("QT_QPA_PLATFORM", "offscreen"))  # the import sets it
    from paic3d_studio.gui import self_test

    monkeypatch.setattr("paic3d_studio.nets.embedded.load_embedded", damaged)
    assert self_test.run() == 2
    told = capsys.readouterr()
    assert told.err == "error: The network weights are damaged: matting.safetensors. Install the program again.\n"
    assert "everything works" not in told.out

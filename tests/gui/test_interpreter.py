"""That Python's lock and garbage do not hold the window up, and that settings are written beside it."""

import gc
import sys
import weakref
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from paic3d_studio.gui.interpreter import collect_everything, spare_what_stays
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences


class Ring:
    """Something that only a collection frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def thawed() -> None:
    gc.unfreeze()


def test_what_was_spared_is_freed_once_everything_is_collected() -> None:
    ring = Ring()
    gone = weakref.ref(ring)
    spare_what_stays()
    del ring
    gc.collect()
    assert gone() is not None
    collect_everything()
    assert gone() is None


def test_after_the_first_head_no_collection_looks_at_the_libraries(studio: MainWindow) -> None:
    assert gc.get_freeze_count() > 10_000
    assert sys.getswitchinterval() == pytest.approx(0.001)
    assert studio.document.project is not None


def test_settings_are_written_by_another_thread_soon_after_a_change(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "studio.json"
    kept = Preferences(file)
    kept.remember("theme", "light")
    assert not file.exists()
    qtbot.waitUntil(file.exists, timeout=5000)
    assert Preferences(file).text("theme", "dark") == "light"

"""The queue window lists, runs and reports; what it runs with is the batch of the command line."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.gui import language, queue_window
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.queue_window import QueueWindow
from paic3d_studio.session.batch import PLAIN_OPTIONS, Item, Outcome


class Maker:
    """Stands in for the making of heads: tells of each picture at once, fails those called bad, waits when held."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.options: dict[str, Any] = {}
        self.held = threading.Event()
        self.held.set()

    def __call__(
        self,
        items: Sequence[Item],
        *,
        options: dict[str, Any],
        output: Path,
        monitor: Monitor,
        tell: Callable[[Item, Outcome], None],
    ) -> dict[str, Outcome]:
        del output
        self.options = options
        outcomes = {}
        for item in items:
            while not self.held.is_set():
                monitor.check()
                time.sleep(0.01)
            self.asked.append(item.picture.name)
            problem = "No face was found." if "bad" in item.picture.name else ""
            outcomes[item.picture.name] = Outcome(
                item.key,
                problem=problem,
                cure="Choose another folder for the heads." if problem else "",
                faces=20_000,
                seconds=8.2,
                warning="Something went wrong inside the program." if item.picture.name.startswith("c") else "",
            )
            tell(item, outcomes[item.picture.name])
        return outcomes


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def queue(qtbot: QtBot, preferences: Preferences, maker: Maker, tmp_path: Path) -> Iterator[QueueWindow]:
    made = QueueWindow(preferences=preferences, make=maker)
    qtbot.addWidget(made)
    made.output.setText(str(tmp_path / "heads"))
    made.show()
    yield made
    maker.held.set()
    made.join(seconds=5)


@pytest.fixture
def pictures(tmp_path: Path, picture: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "bad.png", "c.png"):
        (folder / name).write_bytes(picture.read_bytes())
    (folder / "notes.txt").write_text("not a picture")
    return folder


def texts(queue: QueueWindow) -> list[str]:
    return [queue.list.item(number).text() for number in range(queue.list.count())]


def test_a_folder_brings_its_pictures_and_nothing_else(queue: QueueWindow, pictures: Path) -> None:
    queue.add_files([pictures])
    assert [file.name for file in queue.list.files] == ["a.png", "bad.png", "c.png"]


def test_each_entry_says_what_became_of_it(qtbot: QtBot, queue: QueueWindow, maker: Maker, pictures: Path) -> None:
    queue.add_files([pictures])
    qtbot.mouseClick(queue.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not queue.running and len(maker.asked) == 3)
    assert texts(queue) == [
        "a.png\n20\u202f000 triangles, 8.2 s",
        "bad.png\nNo face was found. Choose another folder for the heads.",
        "c.png\n20\u202f000 triangles, 8.2 s; Something went wrong inside the program.",
    ]
    qtbot.waitUntil(lambda: queue.note.text() == "2 of 3 heads are made. 1 failed; the list says why.")
    assert maker.options == dict(PLAIN_OPTIONS)


@pytest.fixture
def japanese(queue: QueueWindow) -> Iterator[None]:
    language.use("ja")
    yield
    language.use("en")


def test_problems_cures_and_warnings_are_said_in_the_artists_language(
    qtbot: QtBot, queue: QueueWindow, maker: Maker, pictures: Path, japanese: None
) -> None:
    queue.add_files([pictures])
    output = queue.output.text()
    queue.output.setText(str(pictures))
    queue.begin()
    qtbot.waitUntil(lambda: not queue.running)
    problem, cure = "Turntables would be written over the pictures.", "Choose another folder for the heads."
    said = language.catalogue("ja")
    assert queue.note.text() == f"{said[problem]} {said[cure]}"
    queue.output.setText(output)
    queue.begin()
    qtbot.waitUntil(lambda: not queue.running and len(maker.asked) == 3)
    made = said["{faces} triangles, {seconds} s"].format(faces="20\u202f000", seconds="8.2")
    first, second, third = (told.split("\n")[1] for told in texts(queue))
    assert first == made and third == f"{made}; {said['Something went wrong inside the program.']}"
    assert second.endswith(f" {said[cure]}")


def test_rows_are_of_one_height_whatever_is_known_of_their_pictures(
    qtbot: QtBot, queue: QueueWindow, pictures: Path
) -> None:
    (pictures / "broken.png").write_bytes(b"no picture")
    queue.add_files([pictures])
    qtbot.waitUntil(lambda: not queue.list.unseen, timeout=10_000)
    heights = {queue.list.visualItemRect(queue.list.item(number)).height() for number in range(queue.list.count())}
    assert len(heights) == 1
    assert not any(queue.list.item(number).icon().isNull() for number in range(queue.list.count()))


def test_stopping_keeps_the_list_for_another_start(
    qtbot: QtBot, queue: QueueWindow, maker: Maker, pictures: Path
) -> None:
    maker.held.clear()
    queue.add_files([pictures])
    queue.begin()
    assert queue.stop.isEnabled() and not queue.add.isEnabled()
    assert [words.split("\n")[1] for words in texts(queue)] == ["is being made", "waits", "waits"]
    assert [queue.list.item(number).font().bold() for number in range(3)] == [True, False, False]
    qtbot.mouseClick(queue.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: queue.start.isEnabled())
    assert {words.split("\n")[1] for words in texts(queue)} == {"waits"}
    assert maker.asked == []
    maker.held.set()
    queue.begin()
    qtbot.waitUntil(lambda: len(maker.asked) == 3)


def test_a_picture_stands_in_the_list_once_and_another_of_its_name_beside_it(
    queue: QueueWindow, pictures: Path, picture: Path
) -> None:
    other = picture.parent / "a.png"
    other.write_bytes(picture.read_bytes())
    queue.add_files([pictures, other])
    assert len(queue.list.files) == 4
    queue.add_files([other])
    assert queue.note.text() == "a.png: in the list already."
    queue.add_files([pictures])
    assert queue.note.text() == "3 pictures: in the list already."
    assert len(queue.list.files) == 4


def test_a_folder_that_cannot_take_the_heads_is_said_before_anything_runs(
    qtbot: QtBot, queue: QueueWindow, maker: Maker, pictures: Path
) -> None:
    queue.add_files([pictures])
    queue.output.setText(str(pictures))
    queue.begin()
    qtbot.waitUntil(lambda: not queue.running)
    assert "Turntables would be written over the pictures" in queue.note.text()
    assert maker.asked == [] and not queue.running


def test_pictures_are_read_and_hashed_away_from_the_windows_thread(
    qtbot: QtBot, queue: QueueWindow, maker: Maker, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[int]] = {"small_image": set(), "items_for": set()}

    def watched(name: str) -> Callable[..., Any]:
        real = getattr(queue_window, name)

        def call(*arguments: Any, **options: Any) -> Any:
            threads[name].add(threading.get_ident())
            return real(*arguments, **options)

        return call

    for name in threads:
        monkeypatch.setattr(queue_window, name, watched(name))
    queue.add_files([pictures])
    qtbot.waitUntil(lambda: not any(queue.list.item(number).icon().isNull() for number in range(3)))
    queue.begin()
    qtbot.waitUntil(lambda: not queue.running and len(maker.asked) == 3)
    assert all(threads.values())
    assert threading.get_ident() not in set.union(*threads.values())

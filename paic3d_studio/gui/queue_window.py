"""The queue: heads of many pictures, one after another, while the artist works on something else."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from paic3d_studio.core.image import PICTURE_SUFFIXES
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.gui.clipboard import OPEN_FILTER
from paic3d_studio.gui.file_dialogs import FILES, FOLDER, file_dialog
from paic3d_studio.gui.icons import app_icon
from paic3d_studio.gui.language import text
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.queue_list import THUMBNAIL, QueueList
from paic3d_studio.gui.recent_menu import small_image
from paic3d_studio.gui.runner import Deliver, Runner
from paic3d_studio.gui.widgets import Form, label, row, separator
from paic3d_studio.project.file import SUFFIX
from paic3d_studio.session.batch import PLAIN_OPTIONS, REPORT, Item, Outcome, items_for, make_heads


class QueueWindow(QWidget):
    """Pictures wait in a list; each gets a process of its own, so that one that fails leaves the others alone."""

    open_wanted = Signal(object, str)
    """A picture of the list is to be opened in a studio window: its path, and no name."""

    def __init__(self, *, preferences: Preferences, make: Callable[..., dict[str, Outcome]] = make_heads) -> None:
        super().__init__()
        self.setObjectName("queueWindow")
        self.setWindowTitle(text("Queue – PAiC-3D Studio"))
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self._preferences = preferences
        self._make = make
        self._runner = Runner(self)
        self._looking = Runner(self)  # for the small pictures, which do not wait for heads
        self.running = False
        """Whether heads are being made."""
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)
        self.list = QueueList()
        self._words_before = ""  # what was said of the one that runs: it may have a head already
        self._left: list[Path] = []  # of what is being made: what has no outcome yet, the one that runs first
        self.output = QLineEdit(str(preferences.folder("queue", otherwise=Path.home())))
        self.output.setAccessibleName(text("Folder for the heads"))
        self._browse = QPushButton(text("Choose…"))
        self.format = QComboBox()
        from paic3d_studio.export import EXPORTERS

        for suffix, exporter in EXPORTERS.items():
            self.format.addItem(f"{text(exporter.label)}  ({suffix})", suffix)
        self.add = QPushButton(text("Add pictures…"))
        self.add_first = QPushButton(text("Add pictures…"))
        self._place = QStackedWidget()
        self.remove = QPushButton(text("Remove"))
        self.start = QPushButton(text("Start"))
        self.start.setProperty("role", "primary")
        self.stop = QPushButton(text("Stop"))
        self.report = QPushButton(text("Show report"))
        self.note = label(role="soft", wrap=True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(text("Progress of the queue"))
        self._lay_out()
        self._connect()
        self._update()

    # What waits ------------------------------------------------------------------------------------------------------

    def add_files(self, paths: Iterable[Path]) -> None:
        """Put pictures and projects at the end of the list, and those inside folders; each once."""
        known = {file.resolve() for file in self.list.files}
        left_out = []
        for path in _pictures_among(paths):
            if path.resolve() in known:
                left_out.append(path.name)
                continue
            known.add(path.resolve())
            self.list.add(path)
        self._update()
        self._look()
        if left_out:
            named = left_out[0] if len(left_out) == 1 else text("{count} pictures", count=len(left_out))
            self.note.setText(text("{name}: in the list already.", name=named))

    def _look(self) -> None:
        """Fetch the small pictures that are missing yet, in the background."""
        missing = [file for file in self.list.files if file in self.list.unseen]

        def work(monitor: Monitor, deliver: Deliver) -> None:
            for path in missing:
                monitor.check()
                deliver("thumbnail", (path, small_image(path, side=2 * THUMBNAIL)))

        self._looking.submit("thumbnails", work)

    def _on_looked(self, lane: str, name: str, value: object) -> None:
        del lane, name
        assert isinstance(value, tuple)
        path, image = value
        if path in self.list.unseen:
            self.list.show_picture(path, QPixmap.fromImage(image))

    def _remove_chosen(self) -> None:
        self.list.remove_chosen()
        self._update()

    # Running ---------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Make the heads that are not there yet."""
        output = Path(self.output.text().strip() or ".").expanduser()
        author = self._preferences.text("export/author", "") or None  # as in the last export; a VRM file wants it
        options = {**PLAIN_OPTIONS, "format": self.format.currentData(), "author": author}
        self._preferences.remember_folder("queue", output)
        self._runner.submit("queue", self._work(self.list.files, options, output), title="Making heads")
        self.running = True
        self._left = self.list.files
        self._show_running()
        self._update()

    def _work(
        self, files: Sequence[Path], options: dict[str, object], output: Path
    ) -> Callable[[Monitor, Deliver], object]:
        def work(monitor: Monitor, deliver: Deliver) -> object:
            def tell(item: Item, outcome: Outcome) -> None:
                deliver("outcome", (item, outcome))

            items = items_for(files, output, options=options, monitor=monitor)  # reads every picture
            return self._make(items, options=options, output=output, monitor=monitor, tell=tell)

        return work

    def tell_that_it_is_last(self) -> None:
        """Say that every other window is closed, and what closing this one means."""
        self.note.setText(text("The other windows are closed. Closing this one stops what is being made."))

    def join(self, *, seconds: float) -> None:
        """Stop what runs and join the worker: the studio closes."""
        self._looking.close(seconds=seconds)
        self._runner.close(seconds=seconds)

    def _on_delivered(self, lane: str, name: str, value: object) -> None:
        del lane, name
        assert isinstance(value, tuple)
        item, outcome = value
        self.list.say(item.picture, _told(outcome))
        shown = QPixmap()
        if outcome.preview and shown.loadFromData(base64.b64decode(outcome.preview)):
            self.list.show_picture(item.picture, shown)
        self.list.scroll_to(item.picture)
        self._left = [file for file in self._left if file != item.picture]
        self._show_running()

    def _show_running(self) -> None:
        """Mark the picture whose head is being made: they are made in the order of the list."""
        for file in self._left[:1]:
            self._words_before = self.list.words_of(file)
            self.list.say(file, text("is being made"), stands_out=True)

    def _on_progressed(self, lane: str, fraction: float, words: str) -> None:
        del lane
        self.bar.setValue(round(1000 * fraction))
        self.note.setText(text(words))

    def _on_finished(self, lane: str, outcomes: object) -> None:
        del lane
        assert isinstance(outcomes, dict)
        failed = sum(bool(outcome.problem) for outcome in outcomes.values())
        self._end()
        done = text("{made} of {count} heads are made.", made=len(outcomes) - failed, count=len(outcomes))
        self.note.setText(
            text("{done} {failed} failed; the list says why.", done=done, failed=failed) if failed else done
        )

    def _on_failed(self, lane: str, error: object) -> None:
        del lane
        self._end()
        self.note.setText(_said(error.message, error.cure) if isinstance(error, UserError) else text(str(error)))

    def _on_cancelled(self, lane: str, seconds: float) -> None:
        del lane, seconds
        self._end()
        self.note.setText(text("Stopped. Start goes on with what is left."))

    def _end(self) -> None:
        for file in self._left[:1]:
            self.list.say(file, self._words_before)
        self._left = []
        self.running = False
        self._update()

    # The window ------------------------------------------------------------------------------------------------------

    def _update(self) -> None:
        running, count = self.running, self.list.count()
        for widget in (self.add, self.remove, self.output, self._browse, self.format):
            widget.setEnabled(not running)
        self.remove.setEnabled(not running and bool(self.list.selectedItems()))
        self.start.setEnabled(not running and count > 0)
        self.stop.setEnabled(running)
        self.add.setVisible(count > 0)
        self.remove.setVisible(count > 0)
        self._place.setCurrentIndex(0 if count else 1)
        self.bar.setVisible(running)
        self.report.setEnabled((Path(self.output.text().strip()) / REPORT).is_file())
        self.report.setVisible(count > 0 or self.report.isEnabled())
        if not running:
            self.note.setText(text("{count} in the list.", count=count) if count else "")

    def _choose_files(self) -> None:
        folder = self._preferences.folder("open")
        chooser = file_dialog(self, text("Add pictures"), at=folder, asks_for=FILES, names=OPEN_FILTER)
        chooser.filesSelected.connect(self._on_files_chosen)
        chooser.open()

    def _on_files_chosen(self, paths: list[str]) -> None:
        self._preferences.remember_folder("open", Path(paths[0]).parent)
        self.add_files([Path(path) for path in paths])

    def _choose_output(self) -> None:
        chooser = file_dialog(self, text("Folder for the heads"), at=self.output.text(), asks_for=FOLDER)
        chooser.fileSelected.connect(self.output.setText)
        chooser.open()

    def _stop(self) -> None:
        self._runner.cancel("queue")
        if not self._runner.runs("queue"):  # it had not begun, so nothing will be heard of it
            self._on_cancelled("queue", 0.0)

    def _open(self, entry: QListWidgetItem) -> None:
        self.open_wanted.emit(str(self.list.file_of(entry)), "")

    def _show_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self.output.text().strip()) / REPORT)))

    def _lay_out(self) -> None:
        where = Form()
        where.add("Folder", row(self.output, self._browse), tip="Where heads, turntables and the report go")
        where.add("Format", self.format, tip="What the heads are written as")
        above = QHBoxLayout()
        above.addWidget(self.add)
        above.addWidget(self.remove)
        above.addStretch(1)
        above.addWidget(self.report)
        below = QHBoxLayout()
        below.addWidget(self.note, 1)
        below.addWidget(self.stop)
        below.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addLayout(above)
        self._place.addWidget(self.list)
        self._place.addWidget(self._new_invitation())
        column.addWidget(self._place, 1)
        column.addWidget(where)
        column.addWidget(separator())
        column.addWidget(self.bar)
        column.addLayout(below)
        self.resize(560, 640)

    def _new_invitation(self) -> QFrame:
        """Return what stands in place of the list while it is empty."""
        card = QFrame()
        card.setObjectName("dropCard")
        title = label("Drop pictures here", role="card-title")
        hint = label(
            "Pictures, projects or whole folders. Each becomes a head in the folder below, one after another.",
            role="soft",
            wrap=True,
        )
        rows = QVBoxLayout(card)
        rows.setContentsMargins(40, 26, 40, 26)
        rows.setSpacing(8)
        rows.addStretch(1)
        for words in (title, hint):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            rows.addWidget(words)
        rows.addSpacing(10)
        self.add_first.setProperty("role", "primary")
        rows.addWidget(self.add_first, 0, Qt.AlignmentFlag.AlignHCenter)
        rows.addStretch(1)
        return card

    def _connect(self) -> None:
        self.add.clicked.connect(self._choose_files)
        self.add_first.clicked.connect(self._choose_files)
        self.remove.clicked.connect(self._remove_chosen)
        self.start.clicked.connect(self.begin)
        self.stop.clicked.connect(self._stop)
        self.report.clicked.connect(self._show_report)
        self._browse.clicked.connect(self._choose_output)
        self.output.textChanged.connect(self._update)
        self.list.itemSelectionChanged.connect(self._update)
        self.list.itemActivated.connect(self._open)
        self._looking.delivered.connect(self._on_looked)
        self._runner.delivered.connect(self._on_delivered)
        self._runner.progressed.connect(self._on_progressed)
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(self._on_failed)
        self._runner.cancelled.connect(self._on_cancelled)

    # Qt's events -----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 Qt's name
        """Say that files may be dropped."""
        if not self.running and event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 Qt's name
        """Put what was dropped into the list."""
        self.add_files([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()


def _pictures_among(paths: Iterable[Path]) -> list[Path]:
    """Return the pictures and projects among files, and those that lie in folders among them, by name."""
    found = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [file for file in inside if file.suffix.lower() in (*PICTURE_SUFFIXES, SUFFIX) and file.is_file()]
    return found


def _told(outcome: Outcome) -> str:
    """Return what became of a picture, in a line."""
    if outcome.problem:
        return _said(outcome.problem, outcome.cure)
    faces = f"{outcome.faces:,}".replace(",", "\u202f")
    made = text("{faces} triangles, {seconds} s", faces=faces, seconds=f"{outcome.seconds:.1f}")
    return f"{made}; {text(outcome.warning)}" if outcome.warning else made


def _said(problem: str, cure: str) -> str:
    """Return what went wrong and what to do about it, each in the artist's language."""
    return f"{text(problem)} {text(cure)}".strip()

"""A window on a quick method: real stages up to the line mask, stand-ins for the networks."""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from paic3d_studio.core.artefacts import (
    AlignedPortrait,
    FieldVolume,
    Landmarks,
    LineMask,
    Matte,
    Portrait,
    RenderLike,
    SurfaceMesh,
    TagFeatures,
    TexturedMesh,
)
from paic3d_studio.core.image import encode_png
from paic3d_studio.core.inspection import MeshInspection
from paic3d_studio.core.landmarks import face_box, landmarks_from_parts
from paic3d_studio.core.matte import find_matte
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.gui.getting_ready import GettingReady
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.viewport_widget import install_surface_format
from paic3d_studio.pipeline.graph import Graph
from paic3d_studio.pipeline.stages import SOURCES, STAGES
from paic3d_studio.project.state import PlacedFace, Project
from paic3d_studio.session.session import Session
from paic3d_studio.viewport.still import ExactStill, StillRequest

install_surface_format()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Qt's offscreen platform say what it cannot do; every other warning of Qt fails a test."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support", extend=True))


def drawn_face(*, side: int = 360, hair: tuple[int, int, int] = (150, 90, 70)) -> bytes:
    """Return a PNG of a lined face with alpha; eyes at (0.4, 0.5) and (0.6, 0.5), mouth at (0.5, 0.64) of the side."""
    rgba = np.zeros((side, side, 4), np.uint8)
    ink = (40, 30, 40, 255)

    def at(x: float, y: float) -> tuple[int, int]:
        return round(x * side), round(y * side)

    cv2.ellipse(rgba, at(0.5, 0.47), at(0.3, 0.34), 0, 0, 360, (*hair, 255), -1, cv2.LINE_AA)
    cv2.ellipse(rgba, at(0.5, 0.53), at(0.2, 0.24), 0, 0, 360, (250, 225, 210, 255), -1, cv2.LINE_AA)
    cv2.ellipse(rgba, at(0.5, 0.53), at(0.2, 0.24), 0, 0, 360, ink, 2, cv2.LINE_AA)
    for x in (0.4, 0.6):
        cv2.ellipse(rgba, at(x, 0.5), at(0.045, 0.06), 0, 0, 360, (70, 120, 190, 255), -1, cv2.LINE_AA)
        cv2.ellipse(rgba, at(x, 0.5), at(0.045, 0.06), 0, 0, 360, ink, 2, cv2.LINE_AA)
    cv2.line(rgba, at(0.46, 0.64), at(0.54, 0.64), ink, 2, cv2.LINE_AA)
    for x in (0.3, 0.38, 0.46, 0.54, 0.62, 0.7):
        cv2.line(rgba, at(x, 0.2), at(x + 0.01, 0.38), ink, 2, cv2.LINE_AA)
    return encode_png(rgba)


@dataclass
class Pace:
    """How long the stand-ins for the reconstruction take, what it was asked, and whether face and tagger are found."""

    seconds: float = 0.0
    face: bool = True
    coarse_seconds: float = 0.0
    coarse_begun: int = 0
    coarse_volumes: int = 0
    volumes: int = 0
    fine_seconds: float = 0.0
    fine_volumes: int = 0
    still_seconds: float = 0.0
    stills: list[StillRequest] = field(default_factory=list)
    tags_warning: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def pace() -> Pace:
    return Pace()


@pytest.fixture
def session(pace: Pace) -> Session:
    return quick_session(pace)


@pytest.fixture
def new_session(pace: Pace) -> Callable[[], Session]:
    """Makes sessions for windows of their own."""
    return lambda: quick_session(pace)


def quick_session(pace: Pace) -> Session:
    """Return a session whose networks are replaced by stand-ins; everything else is the method."""

    def landmarks(portrait: object, placed: PlacedFace | None, *_: object, monitor: Monitor) -> Landmarks:
        monitor.check()
        side = portrait.rgba.shape[0]  # type: ignore[attr-defined]
        if placed is not None:
            return landmarks_from_parts(right_eye=placed.right_eye, left_eye=placed.left_eye, mouth=placed.mouth)
        if not pace.face:
            raise UserError("No face was found in this picture.", "Place the eyes and the mouth by hand.")
        places = [(x * side, y * side) for x, y in ((0.4, 0.5), (0.6, 0.5), (0.5, 0.64))]
        return landmarks_from_parts(right_eye=places[0], left_eye=places[1], mouth=places[2])

    def found_matte(portrait: Portrait, landmarks: Landmarks, *_: object, monitor: Monitor) -> Matte:
        return find_matte(portrait, face_box=face_box(landmarks), monitor=monitor)

    def render_like(aligned: AlignedPortrait, line_mask: LineMask, *_: object, monitor: Monitor) -> RenderLike:
        monitor.check()
        painted = aligned.rgba.copy()
        painted[line_mask.mask, :3] = 128
        return RenderLike(rgba=painted)

    def tags(*_: object, monitor: Monitor) -> TagFeatures:
        monitor.report(0.5)
        return TagFeatures(np.zeros((0, 8, 8), np.float32), warning=pace.tags_warning)

    def reconstruct(*_: object, monitor: Monitor) -> str:
        monitor.report(0.5)
        return "a field"

    def coarse_volume(*_: object, monitor: Monitor) -> FieldVolume:
        began = time.perf_counter()
        pace.coarse_begun += 1
        while time.perf_counter() - began < pace.coarse_seconds:
            monitor.report((time.perf_counter() - began) / pace.coarse_seconds)
            time.sleep(0.005)
        monitor.check()
        pace.coarse_volumes += 1
        rgba = np.zeros((12, 12, 12, 4), np.uint8)
        rgba[3:9, 3:9, 3:9] = 200
        return FieldVolume(rgba=rgba)

    def volume(*_: object, monitor: Monitor) -> FieldVolume:
        began = time.perf_counter()
        while time.perf_counter() - began < pace.seconds:
            monitor.report((time.perf_counter() - began) / pace.seconds)
            time.sleep(0.005)
        pace.volumes += 1
        rgba = np.zeros((16, 16, 16, 4), np.uint8)
        rgba[4:12, 4:12, 4:12] = 200
        return FieldVolume(rgba=rgba)

    def fine_volume(*_: object, monitor: Monitor) -> FieldVolume:
        began = time.perf_counter()
        while time.perf_counter() - began < pace.fine_seconds:
            monitor.report((time.perf_counter() - began) / pace.fine_seconds)
            time.sleep(0.005)
        pace.fine_volumes += 1
        rgba = np.zeros((24, 24, 24, 4), np.uint8)
        rgba[6:18, 6:18, 6:18] = 200
        return FieldVolume(rgba=rgba)

    def lattice(*_: object, monitor: Monitor) -> str:
        monitor.report(1.0)
        return "a lattice"

    def surface(*_: object, monitor: Monitor) -> SurfaceMesh:
        monitor.report(1.0)
        corners = np.array([[0, 0, 0], [0.2, 0, 0], [0, 0.2, 0], [0, 0, 0.2]], np.float32)
        faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)
        return SurfaceMesh(vertices=corners, normals=corners * 5 - 0.5, uv=np.abs(corners[:, :2]), faces=faces)

    def textured(surface: SurfaceMesh, *_: object, monitor: Monitor) -> TexturedMesh:
        began = time.perf_counter()
        while time.perf_counter() - began < pace.seconds:
            monitor.report((time.perf_counter() - began) / pace.seconds)
            time.sleep(0.005)
        return TexturedMesh(surface=surface, texture=np.full((8, 8, 3), 128, np.uint8))

    def inspection(textured: TexturedMesh, *_: object, monitor: Monitor) -> MeshInspection:
        monitor.report(1.0)
        surface = textured.surface
        return MeshInspection(
            vertices=len(surface.vertices),
            faces=len(surface.faces),
            open_edges=0,
            size=(0.2, 0.2, 0.2),
            glb_bytes=1_230_000,
            error=np.full(len(surface.vertices), 0.0015, np.float32),
        )

    stand_ins: dict[str, Callable[..., object]] = {
        "found_landmarks": landmarks,
        "found_matte": found_matte,
        "render_like": render_like,
        "tags": tags,
        "field": reconstruct,
        "coarse_volume": coarse_volume,
        "volume": volume,
        "fine_volume": fine_volume,
        "lattice": lattice,
        "surface": surface,
        "textured": textured,
        "inspection": inspection,
    }
    stages = [
        dataclasses.replace(stage, compute=stand_ins[stage.name], uses_torch=False)
        if stage.name in stand_ins
        else stage
        for stage in STAGES
    ]

    def exact_still(request: StillRequest, *, project: Project, monitor: Monitor) -> ExactStill:
        began, seconds = time.perf_counter(), pace.still_seconds
        while time.perf_counter() - began < seconds:
            monitor.report((time.perf_counter() - began) / seconds)
            time.sleep(0.005)
        pace.stills.append(request)
        return ExactStill(request, np.zeros((*request.size[::-1], 4), np.float32))

    session = Session()
    session.exact_still = exact_still  # type: ignore[method-assign]
    session._graph = Graph(sources=SOURCES, stages=stages)
    return session


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(tmp_path / "studio.json")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    path.write_bytes(drawn_face())
    return path


@pytest.fixture
def another_picture(tmp_path: Path) -> Path:
    path = tmp_path / "another.png"
    path.write_bytes(drawn_face(hair=(40, 60, 120)))
    return path


@pytest.fixture
def window(
    qtbot: QtBot, session: Session, preferences: Preferences, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    """The studio's window, shown and empty; its worker is joined afterwards."""
    monkeypatch.setattr(GettingReady, "begin", lambda _: None)
    made = MainWindow(session, preferences=preferences)
    qtbot.addWidget(made)
    made.resize(1200, 800)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.saving.leaves_work_behind = True
    made.close()
    assert made.join(seconds=5)


@pytest.fixture
def studio(qtbot: QtBot, window: MainWindow, picture: Path) -> MainWindow:
    """The window with a picture open and everything up to date."""
    with qtbot.waitSignal(window.document.refreshed, timeout=20_000):
        window.open_picture(str(picture))
    return window


class Pointer:
    """A mouse that sends what a real one sends: a hover, then buttons held while it moves."""

    def __init__(self, window: MainWindow) -> None:
        self._view = window.image.view
        self._target: QWidget = self._view.viewport()
        self._at = QPointF(0, 0)

    def place(self, x: float, y: float) -> QPointF:
        """Where a place of the picture is on the widget."""
        return QPointF(*self._view.pan_zoom.to_screen((x, y)))

    def hover(self, x: float, y: float) -> None:
        self._send(QEvent.Type.MouseMove, self.place(x, y), Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)

    def press(self, x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        self.hover(x, y)
        self._send(QEvent.Type.MouseButtonPress, self.place(x, y), button, button)

    def drag_to(self, x: float, y: float) -> None:
        self._send(QEvent.Type.MouseMove, self.place(x, y), Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton)

    def release(self, x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        self._send(QEvent.Type.MouseButtonRelease, self.place(x, y), button, Qt.MouseButton.NoButton)

    def press_also(self, x: float, y: float, button: Qt.MouseButton) -> None:
        """Press another button while the left one is held."""
        held = button | Qt.MouseButton.LeftButton
        self._send(QEvent.Type.MouseButtonPress, self.place(x, y), button, held)

    def release_one(self, x: float, y: float, button: Qt.MouseButton) -> None:
        """Release another button than the left one, which stays held."""
        self._send(QEvent.Type.MouseButtonRelease, self.place(x, y), button, Qt.MouseButton.LeftButton)

    def click(self, x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        self.press(x, y, button)
        self.release(x, y, button)

    def double_click(self, x: float, y: float) -> None:
        self.click(x, y)
        button = Qt.MouseButton.LeftButton
        self._send(QEvent.Type.MouseButtonDblClick, self.place(x, y), button, button)
        self.release(x, y)

    def drag(self, start: tuple[float, float], stop: tuple[float, float], *, steps: int = 6) -> None:
        self.press(*start)
        for step in range(1, steps + 1):
            share = step / steps
            self.drag_to(start[0] + share * (stop[0] - start[0]), start[1] + share * (stop[1] - start[1]))
        self.release(*stop)

    def _send(self, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        modifiers = Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, at, self._target.mapToGlobal(at), button, held, modifiers)
        QApplication.sendEvent(self._target, event)


@pytest.fixture
def pointer(studio: MainWindow) -> Pointer:
    return Pointer(studio)

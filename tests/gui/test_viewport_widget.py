"""The 3D view; on a display without OpenGL (Qt's offscreen platform) the same tests run on pictures.

Those marked `window` need a real display: xvfb-run with QT_QPA_PLATFORM=xcb.
"""

import math
import time
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QInputDevice, QKeyEvent, QMouseEvent, QPointingDevice, QWheelEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from paic3d_studio.core.artefacts import FieldVolume, SurfaceMesh, TexturedMesh
from paic3d_studio.errors import UserError
from paic3d_studio.gui import language, viewport_hosts, viewport_widget
from paic3d_studio.gui.viewport_widget import ViewportWidget
from paic3d_studio.viewport import renderer
from paic3d_studio.viewport.canvas import BACKGROUNDS
from paic3d_studio.viewport.offscreen import render_offscreen
from paic3d_studio.viewport.orbit import HOME_VIEW, OrbitView
from paic3d_studio.viewport.scene import Scene

Left, Right, Middle = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NoButton = Qt.MouseButton.NoButton
Control, Keypad = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.KeypadModifier
Shift, Alt, Plain = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier


def ball(colour: tuple[int, int, int], *, n: int = 64, x: float = 0.0) -> FieldVolume:
    """An opaque ball of 15 cm at (x, 0, 0)."""
    along = ((np.arange(n) + 0.5) / n - 0.5) * 0.7
    zz, yy, xx = np.meshgrid(along, along, along, indexing="ij")
    rgba = np.zeros((n, n, n, 4), np.uint8)
    rgba[(xx - x) ** 2 + yy**2 + zz**2 < 0.15**2] = (*colour, 255)
    return FieldVolume(rgba)


def blue_square() -> TexturedMesh:
    vertices = np.array([[-0.2, -0.2, 0], [0.2, -0.2, 0], [0.2, 0.2, 0], [-0.2, 0.2, 0]], np.float32)
    normals = np.tile(np.array([0, 0, 1], np.float32), (4, 1))
    surface = SurfaceMesh(vertices, normals, np.zeros((4, 2), np.float32), np.array([[0, 1, 2], [0, 2, 3]], np.int32))
    return TexturedMesh(surface, np.full((4, 4, 3), (0, 0, 255), np.uint8))


@pytest.fixture
def display(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip where Qt has no display that can show OpenGL; where it has one, take it for that of a graphics card."""
    if QGuiApplication.platformName() in viewport_hosts.PLATFORMS_WITHOUT_GL:
        pytest.skip("no display: run under xvfb-run with QT_QPA_PLATFORM=xcb")
    monkeypatch.setattr(viewport_hosts, "display", lambda: viewport_hosts.Display("", "a graphics card"))


@pytest.fixture
def widget(qtbot: QtBot) -> Iterator[ViewportWidget]:
    widget = ViewportWidget()
    qtbot.addWidget(widget)
    widget.resize(400, 400)
    with qtbot.waitExposed(widget), qtbot.waitSignal(widget.frame_drawn):
        widget.show()
    widget.set_background("black")
    yield widget


def send(
    widget: QWidget,
    kind: QEvent.Type,
    at: QPointF,
    button: Qt.MouseButton,
    held: Qt.MouseButton,
    keys: Qt.KeyboardModifier,
) -> None:
    QApplication.sendEvent(widget, QMouseEvent(kind, at, widget.mapToGlobal(at), button, held, keys))


def drag(
    widget: ViewportWidget,
    by: tuple[float, float],
    *,
    button: Qt.MouseButton = Left,
    keys: Qt.KeyboardModifier = Plain,
    steps: int = 5,
) -> None:
    """Press in the middle, move by `by` pixels in steps, release: on the child that the pointer really is over."""
    start = QPointF(200, 200)
    child = widget.childAt(QPoint(200, 200)) or widget
    send(child, QEvent.Type.MouseMove, start, NoButton, NoButton, keys)
    send(child, QEvent.Type.MouseButtonPress, start, button, button, keys)
    for i in range(1, steps + 1):
        at = start + QPointF(*by) * (i / steps)
        send(child, QEvent.Type.MouseMove, at, NoButton, button, keys)
    send(child, QEvent.Type.MouseButtonRelease, start + QPointF(*by), button, NoButton, keys)


def settle(qtbot: QtBot, widget: ViewportWidget) -> np.ndarray:
    """Wait until nothing is left to draw, and return what is shown."""
    qtbot.waitUntil(lambda: widget.scene.progressive.phase(time.monotonic()) == "still", timeout=10_000)
    return widget.picture()


@pytest.mark.parametrize(("button", "keys"), [(Left, Plain), (Left, Alt), (Middle, Plain)])
def test_dragging_turns_the_head(widget: ViewportWidget, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> None:
    drag(widget, (40, 0), button=button, keys=keys)
    assert widget.view.azimuth == pytest.approx(-20.0)
    drag(widget, (0, 40), button=button, keys=keys)
    assert widget.view.elevation == pytest.approx(20.0)
    assert widget.view.target == HOME_VIEW.target


@pytest.mark.parametrize(("button", "keys"), [(Right, Plain), (Left, Shift), (Middle, Shift)])
def test_dragging_with_the_other_button_or_shift_moves_the_head_with_the_pointer(
    widget: ViewportWidget, button: Qt.MouseButton, keys: Qt.KeyboardModifier
) -> None:
    drag(widget, (40, -20), button=button, keys=keys)
    assert widget.view.projected(np.zeros(3)) == pytest.approx((0.1, 0.05))
    assert (widget.view.azimuth, widget.view.elevation) == (0.0, 0.0)


def test_the_middle_button_with_ctrl_zooms(widget: ViewportWidget) -> None:
    drag(widget, (0, -40), button=Middle, keys=Control)
    near = widget.view.distance
    assert near < HOME_VIEW.distance
    drag(widget, (0, 40), button=Middle, keys=Control)
    assert widget.view.distance == pytest.approx(HOME_VIEW.distance)
    assert (widget.view.azimuth, widget.view.elevation, widget.view.target) == (0.0, 0.0, HOME_VIEW.target)


def test_perspective_comes_back_with_the_angle_it_had(widget: ViewportWidget) -> None:
    widget.set_view(widget.view.with_fov(60.0))
    before = widget.view
    for _ in range(2):
        QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_P, Plain))
    assert widget.view.fov == 60.0
    assert widget.view.distance == pytest.approx(before.distance)


def test_another_button_during_an_orbit_neither_ends_nor_changes_it(widget: ViewportWidget) -> None:
    send(widget, QEvent.Type.MouseButtonPress, QPointF(200, 150), Left, Left, Plain)
    send(widget, QEvent.Type.MouseButtonPress, QPointF(200, 150), Right, Left | Right, Plain)
    send(widget, QEvent.Type.MouseButtonRelease, QPointF(200, 150), Right, Left, Plain)
    send(widget, QEvent.Type.MouseMove, QPointF(240, 150), NoButton, Left, Plain)
    send(widget, QEvent.Type.MouseButtonRelease, QPointF(240, 150), Left, NoButton, Plain)
    send(widget, QEvent.Type.MouseMove, QPointF(300, 150), NoButton, NoButton, Plain)
    assert (widget.view.azimuth, widget.view.target) == (pytest.approx(-20.0), HOME_VIEW.target)


def test_a_move_without_a_button_does_nothing(widget: ViewportWidget) -> None:
    for x in (100, 200, 300):
        send(widget, QEvent.Type.MouseMove, QPointF(x, 150), NoButton, NoButton, Plain)
    assert widget.view == HOME_VIEW


def test_the_wheel_comes_nearer_at_the_pointer(widget: ViewportWidget) -> None:
    at = QPointF(300, 100)
    under = np.array([0.25, 0.25, 0.0]) * widget.view.extent
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(), QPoint(0, 120), NoButton, Plain, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(widget, event)
    assert widget.view.distance < HOME_VIEW.distance
    assert widget.view.projected(under) == pytest.approx((0.25, 0.25))


def two_fingers(
    widget: ViewportWidget,
    *,
    modifiers: Qt.KeyboardModifier = Plain,
    pixels: tuple[int, int] = (30, 0),
    turn: tuple[int, int] = (90, 0),
    phase: Qt.ScrollPhase = Qt.ScrollPhase.ScrollUpdate,
    device: QPointingDevice | None = None,
) -> None:
    """Scroll over the middle of the view, as fingers on a trackpad do."""
    at, source = QPointF(200, 150), Qt.MouseEventSource.MouseEventNotSynthesized
    device = device or QPointingDevice.primaryPointingDevice()
    QApplication.sendEvent(
        widget,
        QWheelEvent(
            at,
            widget.mapToGlobal(at),
            QPoint(*pixels),
            QPoint(*turn),
            NoButton,
            modifiers,
            phase,
            False,
            source,
            device,
        ),
    )


@pytest.fixture
def trackpad() -> QPointingDevice:
    return QPointingDevice(
        "a trackpad",
        7,
        QInputDevice.DeviceType.TouchPad,
        QPointingDevice.PointerType.Finger,
        QInputDevice.Capability.Scroll,
        2,
        2,
    )


def test_two_fingers_turn_the_head_like_a_drag_of_as_many_pixels(widget: ViewportWidget) -> None:
    two_fingers(widget, pixels=(30, -20))
    turned = widget.view
    widget.reset_view()
    drag(widget, (30, -20), steps=1)
    assert turned == widget.view != HOME_VIEW
    widget.reset_view()
    two_fingers(widget, phase=Qt.ScrollPhase.ScrollMomentum)
    assert widget.view == HOME_VIEW


def test_two_fingers_with_shift_move_the_head_and_with_ctrl_zoom(widget: ViewportWidget) -> None:
    two_fingers(widget, modifiers=Shift)
    assert widget.view.target[0] < 0 and (widget.view.azimuth, widget.view.distance) == (0.0, HOME_VIEW.distance)
    widget.reset_view()
    two_fingers(widget, modifiers=Control, pixels=(0, 30), turn=(0, 90))
    assert widget.view.distance < HOME_VIEW.distance and widget.view.azimuth == 0.0


def test_a_trackpad_that_tells_no_pixels_turns_the_head_too(widget: ViewportWidget, trackpad: QPointingDevice) -> None:
    phase = Qt.ScrollPhase.NoScrollPhase
    two_fingers(widget, pixels=(0, 0), turn=(120, 0), phase=phase, device=trackpad)
    assert widget.view.azimuth != 0.0 and widget.view.distance == HOME_VIEW.distance


def test_keys_show_front_sides_back_and_home(widget: ViewportWidget, qtbot: QtBot) -> None:
    seen = []
    for key in (Qt.Key.Key_B, Qt.Key.Key_S, Qt.Key.Key_S, Qt.Key.Key_F, Qt.Key.Key_Left):
        qtbot.keyClick(widget, key)
        seen.append(widget.view.azimuth)
    assert seen == [-180.0, 90.0, -90.0, 0.0, 15.0]
    qtbot.keyClick(widget, Qt.Key.Key_R)
    assert widget.view == HOME_VIEW


@pytest.mark.parametrize(
    ("key", "keys", "azimuth", "elevation"),
    [
        (Qt.Key.Key_1, Plain, 0.0, 0.0),
        (Qt.Key.Key_1, Control, -180.0, 0.0),
        (Qt.Key.Key_3, Plain, 90.0, 0.0),
        (Qt.Key.Key_3, Control, -90.0, 0.0),
        (Qt.Key.Key_7, Plain, 0.0, 89.0),
        (Qt.Key.Key_7, Control, 0.0, -89.0),
        (Qt.Key.Key_9, Plain, -150.0, -20.0),
        (Qt.Key.Key_4, Plain, 45.0, 20.0),
        (Qt.Key.Key_6, Plain, 15.0, 20.0),
        (Qt.Key.Key_8, Plain, 30.0, 35.0),
        (Qt.Key.Key_2, Plain, 30.0, 5.0),
        (Qt.Key.Key_End, Plain, 0.0, 0.0),
        (Qt.Key.Key_PageDown, Plain, 90.0, 0.0),
        (Qt.Key.Key_Home, Plain, 0.0, 89.0),
        (Qt.Key.Key_PageUp, Plain, -150.0, -20.0),
    ],
)
def test_the_numeric_keypad_looks_from_where_blender_does(
    widget: ViewportWidget, qtbot: QtBot, key: Qt.Key, keys: Qt.KeyboardModifier, azimuth: float, elevation: float
) -> None:
    widget.set_view(OrbitView(30.0, 20.0))
    qtbot.keyClick(widget, key, keys | Keypad)
    assert (widget.view.azimuth, widget.view.elevation) == pytest.approx((azimuth, elevation))


def test_the_five_of_the_keypad_changes_the_projection_and_back(widget: ViewportWidget, qtbot: QtBot) -> None:
    qtbot.keyClick(widget, Qt.Key.Key_5, Keypad)
    assert widget.view.fov is None
    qtbot.keyClick(widget, Qt.Key.Key_5, Keypad)
    assert widget.view.fov == HOME_VIEW.fov
    assert widget.view.distance == pytest.approx(HOME_VIEW.distance)


def test_a_key_of_the_keypad_is_no_shortcut_and_one_of_the_row_above_is(widget: ViewportWidget) -> None:
    for keys, taken in ((Keypad, True), (Plain, False)):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_1, keys, "1")
        event.ignore()
        QApplication.sendEvent(widget, event)
        assert event.isAccepted() == taken


@pytest.mark.parametrize(("key", "keys"), [(Qt.Key.Key_Period, Plain), (Qt.Key.Key_Period, Keypad)])
def test_a_full_stop_puts_the_whole_head_in_the_middle(
    widget: ViewportWidget, qtbot: QtBot, key: Qt.Key, keys: Qt.KeyboardModifier
) -> None:
    widget.set_volume(ball((255, 0, 0), x=0.1))
    widget.set_view(OrbitView(70.0, 10.0, 0.4, (-0.2, 0.1, 0.0)))
    qtbot.keyClick(widget, key, keys)
    assert widget.view.target == pytest.approx((0.1, 0.0, 0.0), abs=0.01)
    assert widget.view.extent == pytest.approx(math.sqrt(3) * 0.3, rel=0.05)
    assert (widget.view.azimuth, widget.view.elevation) == (70.0, 10.0)


def test_a_double_click_puts_that_point_of_the_head_in_the_middle(widget: ViewportWidget) -> None:
    widget.set_volume(ball((255, 255, 255)))
    at = QPointF(240, 170)
    send(widget, QEvent.Type.MouseButtonDblClick, at, Left, Left, Plain)
    assert np.linalg.norm(widget.view.target) == pytest.approx(0.15, abs=0.01)
    assert widget.view.distance < HOME_VIEW.distance
    widget.set_view(HOME_VIEW)
    send(widget, QEvent.Type.MouseButtonDblClick, QPointF(5, 5), Left, Left, Plain)
    assert widget.view == HOME_VIEW


def test_every_move_of_the_camera_is_told_once(widget: ViewportWidget, qtbot: QtBot) -> None:
    told = []
    widget.view_changed.connect(told.append)
    drag(widget, (30, 0), steps=3)
    assert len(told) == 3
    assert told[-1] == widget.view
    widget.set_view(widget.view)
    assert len(told) == 3


def test_the_window_shows_what_the_still_picture_shows(widget: ViewportWidget, qtbot: QtBot) -> None:
    volume = ball((200, 120, 40), x=0.1)
    widget.set_volume(volume)
    drag(widget, (30, 20))
    shown = settle(qtbot, widget)
    size = shown.shape[1], shown.shape[0]
    still = render_offscreen(volume, [widget.view], size=size, background=BACKGROUNDS["black"])[0]
    assert np.abs(shown.astype(int) - still).max() <= 1
    assert (widget.picture() == shown).all()


def test_the_old_head_stays_until_the_new_one_is_drawn(widget: ViewportWidget, qtbot: QtBot) -> None:
    widget.set_volume(ball((255, 0, 0)))
    assert settle(qtbot, widget)[200, 200].tolist() == [255, 0, 0]
    widget.set_volume(ball((0, 255, 0)))
    assert widget.picture()[200, 200].max() == 255
    assert settle(qtbot, widget)[200, 200].tolist() == [0, 255, 0]


def test_a_mesh_replaces_the_field_in_the_mesh_mode(widget: ViewportWidget, qtbot: QtBot) -> None:
    widget.set_volume(ball((255, 0, 0)))
    widget.set_mode("mesh")
    assert settle(qtbot, widget)[200, 200].tolist() == [255, 0, 0]
    widget.set_mesh(blue_square())
    assert settle(qtbot, widget)[200, 200].tolist() == [0, 0, 255]
    widget.set_mode("colour")
    assert settle(qtbot, widget)[200, 200].tolist() == [255, 0, 0]


@pytest.mark.window
def test_docking_and_undocking_keeps_the_picture(qtbot: QtBot, display: None) -> None:
    window, widget = QMainWindow(), ViewportWidget()
    qtbot.addWidget(window)
    window.resize(300, 300)
    window.setCentralWidget(widget)
    with qtbot.waitExposed(window):
        window.show()
    widget.set_background("black")
    widget.set_volume(ball((255, 0, 0)))
    assert settle(qtbot, widget)[150, 150].tolist() == [255, 0, 0]
    widget.setParent(None)
    qtbot.addWidget(widget)
    with qtbot.waitExposed(widget):
        widget.show()
    picture = settle(qtbot, widget)
    assert picture[picture.shape[0] // 2, picture.shape[1] // 2].tolist() == [255, 0, 0]


def test_software_opengl_draws_nothing_while_the_networks_library_is_opened(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would wait for the loader's lock, and the window with it."""
    opening = [False]
    monkeypatch.setattr(viewport_hosts, "is_opening", lambda: opening[0])
    scene, window = Scene(), QWidget()
    qtbot.addWidget(window)
    host = viewport_hosts.PictureHost(scene, window)
    host.resize(200, 200)
    with qtbot.waitExposed(window):
        window.show()
    scene.set_background(BACKGROUNDS["black"], now=time.monotonic())
    before = host.picture()
    assert before.pixelColor(100, 100).getRgb()[:3] == (0, 0, 0)
    opening[0] = True
    scene.set_volume(ball((255, 0, 0)))
    frames: list[float] = []
    host.frame_drawn.connect(frames.append)
    assert host.picture() == before
    assert not frames
    opening[0] = False
    qtbot.waitUntil(lambda: bool(frames), timeout=2000)  # by itself: the artist may be waiting for it
    qtbot.waitUntil(lambda: host.picture().pixelColor(100, 100).getRgb()[:3] == (255, 0, 0), timeout=5000)


def test_a_widget_can_be_closed_while_it_sharpens(qtbot: QtBot) -> None:
    widget = ViewportWidget()
    frames: list[None] = []
    widget.frame_drawn.connect(lambda: frames.append(None))
    widget.resize(300, 300)
    with qtbot.waitExposed(widget):
        widget.show()
    widget.set_volume(ball((255, 0, 0), n=96))
    drag(widget, (30, 20))
    assert widget.scene.progressive.phase(time.monotonic()) != "still"
    gone: list[None] = []
    widget.destroyed.connect(lambda: gone.append(None))
    widget.close()
    widget.deleteLater()
    qtbot.waitUntil(lambda: bool(gone), timeout=3000)
    drawn = len(frames)
    qtbot.wait(300)
    assert len(frames) == drawn


@pytest.mark.window
def test_a_head_that_the_processor_draws_leaves_qt_its_own_opengl(
    qtbot: QtBot, display: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_card = ViewportWidget()
    monkeypatch.setattr(viewport_hosts, "display", lambda: viewport_hosts.Display("", "llvmpipe"))
    by_processor = ViewportWidget()
    for widget, colour in ((by_card, (255, 0, 0)), (by_processor, (0, 255, 0))):
        qtbot.addWidget(widget)
        widget.resize(300, 300)
        with qtbot.waitExposed(widget):
            widget.show()
        widget.set_volume(ball(colour, n=16))
    for widget, colour in ((by_card, [255, 0, 0]), (by_processor, [0, 255, 0])) * 2:
        widget.set_view(widget.view.turned_by(30))
        assert settle(qtbot, widget)[150, 150].tolist() == colour
    by_processor.repaint()
    by_card.close()
    by_card.setParent(None)
    by_card.deleteLater()
    qtbot.wait(50)


@pytest.mark.window
def test_a_graphics_driver_that_fails_leaves_one_sentence(
    qtbot: QtBot, display: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("Requested OpenGL version 330, got version 210")

    monkeypatch.setattr(viewport_hosts, "adopted_context", broken)
    widget = ViewportWidget()
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitUntil(lambda: not widget.has_opengl, timeout=3000)
    widget.set_volume(ball((255, 0, 0), n=16))
    widget.set_mode("depth")
    assert "OpenGL 3.3" in widget.sentence
    assert "version 210" in caplog.text


def test_a_shader_that_the_driver_refuses_leaves_one_sentence(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "volume_fragment", lambda _: "#version 330 core\nthis is no shader")
    widget = ViewportWidget()
    qtbot.addWidget(widget)
    widget.set_volume(ball((255, 0, 0), n=16))
    widget.show()
    qtbot.waitUntil(lambda: not widget.has_opengl, timeout=3000)
    assert "refused to draw" in widget.sentence


@pytest.mark.window
def test_a_shader_that_a_graphics_card_refuses_leaves_one_sentence(
    qtbot: QtBot, display: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_a_shader_that_the_driver_refuses_leaves_one_sentence(qtbot, monkeypatch)


def test_without_any_opengl_one_sentence_takes_the_place_of_the_3d_view(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> None:
        raise UserError("There is no graphics driver.")

    monkeypatch.setattr(viewport_widget, "new_host", nothing)
    widget = ViewportWidget()
    qtbot.addWidget(widget)
    widget.show()
    widget.set_volume(ball((255, 0, 0), n=16))
    widget.set_mesh(blue_square())
    widget.set_mode("mesh")
    drag(widget, (20, 10))
    assert not widget.has_opengl
    assert "There is no graphics driver. Everything else works" in widget.sentence
    assert widget.view.azimuth != 0.0
    assert not widget.picture().any()


def test_the_view_speaks_the_artists_language(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> None:
        raise UserError("Drawing needs OpenGL 3.3, which this machine does not offer (no display).")

    said = language.catalogue("ja")
    language.use("ja")
    try:
        widget = ViewportWidget()
        qtbot.addWidget(widget)
        assert widget.accessibleName() == said["3D view of the head"]
        assert widget.sentence == said["Open a portrait to begin"]
        widget.set_volume(ball((255, 0, 0), n=16))
        widget.set_mode("mesh")
        assert widget.sentence == said["The mesh is not ready yet: this is the field"]
        monkeypatch.setattr(viewport_widget, "new_host", nothing)
        refused = ViewportWidget()
        qtbot.addWidget(refused)
    finally:
        language.use("en")
    reason = said["Drawing needs OpenGL 3.3, which this machine does not offer ({error})."].format(error="no display")
    refusal = "There is no 3D view here. {reason} Everything else works, export included."
    assert refused.sentence == said[refusal].format(reason=reason)


def test_an_empty_view_invites_the_artist_and_a_missing_mesh_is_named(qtbot: QtBot) -> None:
    widget = ViewportWidget()
    qtbot.addWidget(widget)
    assert "Open a portrait" in widget.sentence
    widget.set_volume(ball((255, 0, 0), n=16))
    assert widget.sentence == ""
    widget.set_mode("mesh")
    assert "not ready" in widget.sentence
    widget.set_mesh(blue_square())
    assert widget.sentence == ""


def test_a_display_without_opengl_is_named(qapp: QApplication) -> None:
    platform = QGuiApplication.platformName()
    if platform in viewport_hosts.PLATFORMS_WITHOUT_GL:
        assert platform in viewport_hosts.display().refusal
    else:
        assert platform not in viewport_hosts.display().refusal


@pytest.mark.parametrize(
    ("drawn_by", "host"),
    [("llvmpipe (LLVM 15.0.7, 256 bits)", "picture"), ("NVIDIA GeForce RTX 4070/PCIe/SSE2", "widget"), ("", "widget")],
)
def test_opengl_in_software_draws_the_head_without_putting_the_window_together(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, drawn_by: str, host: str
) -> None:
    monkeypatch.setattr(viewport_hosts, "display", lambda: viewport_hosts.Display("", drawn_by))
    monkeypatch.setattr(viewport_hosts, "OpenGLHost", lambda *_: "widget")
    monkeypatch.setattr(viewport_hosts, "PictureHost", lambda *_: "picture")
    assert viewport_hosts.new_host(Scene(), QWidget()) == host

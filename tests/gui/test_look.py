"""Background, ground grid and field of view of the 3D view."""

from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.viewport.canvas import BACKGROUND_CHOICES, BACKGROUNDS


def entry(studio: MainWindow, text: str) -> object:
    """The entry of the menu that says `text`."""
    return next(action for action in studio.head.look_menu.actions() if action.text() == text)


def test_a_background_is_drawn_and_remembered(studio: MainWindow, preferences: Preferences) -> None:
    for name, label in BACKGROUND_CHOICES.items():
        entry(studio, label).trigger()
        drawn = studio.head.viewport.scene.background
        assert (drawn.top, drawn.bottom, drawn.chequers) == (
            BACKGROUNDS[name].top,
            BACKGROUNDS[name].bottom,
            BACKGROUNDS[name].chequers,
        )
        assert preferences.text("view/background", "") == name


def test_the_ground_comes_and_goes_over_every_background(studio: MainWindow, preferences: Preferences) -> None:
    entry(studio, "White").trigger()
    for shown in (False, True):
        entry(studio, "Ground grid").trigger()
        assert (studio.head.viewport.scene.background.grid > 0) == shown
        assert preferences.flag("view/grid", default=not shown) == shown


def test_what_was_remembered_wrongly_counts_as_the_first_choice(studio: MainWindow) -> None:
    studio.head.look_menu.show_look("no such background", has_grid=True)
    assert studio.head.viewport.scene.background == BACKGROUNDS["studio"]


def test_the_menu_shows_and_changes_the_field_of_view(studio: MainWindow) -> None:
    viewport = studio.head.viewport
    extent = viewport.view.extent
    assert entry(studio, "30° field of view").isChecked()
    entry(studio, "60° field of view").trigger()
    assert viewport.view.fov == 60.0
    entry(studio, "Orthographic").trigger()
    assert viewport.view.fov is None
    assert viewport.view.extent == extent or abs(viewport.view.extent - extent) < 1e-9
    viewport.set_view(viewport.view.toggled_projection())
    assert entry(studio, "30° field of view").isChecked()
    assert not entry(studio, "Orthographic").isChecked()


def test_a_key_lays_the_picture_over_the_head_and_takes_it_away(studio: MainWindow) -> None:
    scene = studio.head.viewport.scene
    studio.head.viewport.show_side()
    studio.head.look_menu.compare.trigger()
    assert scene.overlay == 0.5
    assert (scene.view.azimuth, scene.view.elevation, scene.view.fov) == (0.0, 0.0, None)
    assert entry(studio, "Picture: half over the front view").isChecked()
    studio.head.look_menu.compare.trigger()
    assert scene.overlay == 0.0
    entry(studio, "Picture: over the front view").trigger()
    assert scene.overlay == 1.0


def test_the_views_stand_in_the_menu_too_where_a_narrow_pane_has_no_room_for_them(studio: MainWindow) -> None:
    viewport = studio.head.viewport
    for name, azimuth in (("Side\tS", 90.0), ("Back\tB", 180.0), ("Front\tF", 0.0)):
        entry(studio, name).trigger()
        assert abs(viewport.view.azimuth) == azimuth


def test_the_overlay_gives_the_perspective_back(studio: MainWindow) -> None:
    entry(studio, "60° field of view").trigger()
    before = studio.head.viewport.view
    studio.head.look_menu.compare.trigger()
    assert studio.head.viewport.view.fov is None
    studio.head.look_menu.compare.trigger()
    assert studio.head.viewport.view.fov == before.fov == 60.0

"""Tools of the picture's panel, each on a canvas without a window round it."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.gesture import Gesture
from paic3d_studio.gui.picture_layers import PictureLayers
from paic3d_studio.gui.picture_tools import PictureTools, new_tools
from paic3d_studio.gui.picture_tools.picture_tool import Canvas
from paic3d_studio.gui.picture_view import PictureView
from paic3d_studio.gui.pointer_marks import PointerMarks
from paic3d_studio.session.session import Session
from paic3d_studio.tools import TOOLS
from paic3d_studio.tools.pointer import Edit, Scene, Touch


class Bench:
    """A canvas, the tools on it, and what they asked for."""

    def __init__(self, document: Document) -> None:
        self.panel = QWidget()
        self.view = PictureView(self.panel)
        self.layers = PictureLayers(self.view, document=document)
        self.gesture = Gesture(self.view, document=document, layers=self.layers)
        self.applied: list[Edit | None] = []
        self.chosen: list[str] = []
        self.tools: PictureTools = new_tools(
            Canvas(
                panel=self.panel,
                view=self.view,
                document=document,
                layers=self.layers,
                marks=PointerMarks(self.view.box),
                apply=self._apply,
                choose=self.chosen.append,
            )
        )

    def _apply(self, edit: Edit | None) -> bool:
        self.applied.append(edit)
        return edit is not None


@pytest.fixture
def bench(qtbot: QtBot, session: Session) -> Iterator[Bench]:
    document = Document(session)
    made = Bench(document)
    qtbot.addWidget(made.panel)
    yield made
    assert document.close(seconds=5)


def test_every_line_of_the_table_is_a_tool_of_the_panel_that_says_what_it_does(bench: Bench) -> None:
    tools = bench.tools.by_name
    assert set(tools) == {*TOOLS, "hand"}
    assert {name: tool.hint for name, tool in tools.items() if name in TOOLS} == {
        name: entry.hint for name, entry in TOOLS.items()
    }


def test_without_a_face_only_the_tool_that_places_one_takes_the_pointer(bench: Bench) -> None:
    assert [name for name, tool in bench.tools.by_name.items() if tool.ready] == ["place-face"]


def test_all_brushes_share_one_size_and_those_that_mark_no_lines_ask_for_no_mask(bench: Bench) -> None:
    bench.tools.size.set_radius(1000.0)
    bench.tools.size.set_hardness(0.25)
    machines = [bench.tools.by_name[name].machine for name in ("brush", "eraser", "polyline", "matte")]
    assert {(machine.radius, machine.hardness) for machine in machines} == {(64.0, 0.25)}
    assert {name for name, tool in bench.tools.by_name.items() if not tool.changes_mask} == {"align", "matte"}


def test_a_gesture_whose_mask_cannot_be_known_yet_does_not_begin(bench: Bench) -> None:
    brush = bench.tools.by_name["brush"]
    began: list[bool] = []
    bench.gesture.began.connect(lambda: began.append(True))
    edit = brush.press(Touch(100, 100), scene=Scene())
    assert edit is not None and brush.machine.stroke is not None
    bench.gesture._document.session.peek = lambda *_: None  # type: ignore[method-assign]
    bench.gesture.begin(brush, edit)
    assert not began and not bench.gesture.under_way
    assert brush.machine.stroke is None


def test_three_clicks_place_the_face_and_lead_back_to_the_hulls(bench: Bench) -> None:
    placing, edited = bench.tools.placing, []
    bench.gesture._document.edit = edited.append  # type: ignore[method-assign]
    placing.enter()
    for number, place in enumerate(((100.0, 100.0), (160.0, 100.0), (130.0, 150.0))):
        assert len(placing.machine.places) == number and not edited
        assert placing.press(Touch(*place), scene=Scene()) is None
    assert len(edited) == 1 and bench.chosen == ["hull"]
    placing.leave()
    assert placing.machine.places == ()


def test_a_region_is_told_of_in_pixels_of_the_portrait_and_makes_no_edit(bench: Bench) -> None:
    region, drawn = bench.tools.region, []
    region.drawn.connect(drawn.append)
    half = Alignment(np.array([[0.5, 0, 0], [0, 0.5, 0]]))
    region.press(Touch(100, 100), scene=Scene(alignment=half))
    assert region.move(Touch(200, 150)) is None
    assert region.release(Touch(200, 150)) is None
    assert drawn == [pytest.approx((200, 200, 400, 300))]
    assert not region.makes_edits and bench.applied == []

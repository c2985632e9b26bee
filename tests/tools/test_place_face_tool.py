"""Placing a face by three clicks."""

import pytest

from paic3d_studio.project.state import PictureSource, PlacedFace, Project
from paic3d_studio.tools import TOOLS
from paic3d_studio.tools.place_face_tool import QUESTIONS, PlaceFaceTool
from paic3d_studio.tools.pointer import Scene, Touch

PROJECT = Project(picture=PictureSource("p.png", b""))


def test_three_clicks_place_the_face_and_each_has_its_question() -> None:
    tool = PlaceFaceTool()
    asked = []
    for place in ((100.0, 200.0), (180.0, 205.0), (140.0, 280.0)):
        asked.append(tool.question)
        edit = tool.press(Touch(*place), scene=Scene())
    assert tuple(asked) == QUESTIONS
    assert edit is not None
    placed = edit(PROJECT).landmark_edit
    assert placed == PlacedFace(right_eye=(100.0, 200.0), left_eye=(180.0, 205.0), mouth=(140.0, 280.0))


def test_a_face_that_lies_is_turned_upright_and_one_that_leans_is_left_alone() -> None:
    for places, turn in (
        (((100.0, 200.0), (100.0, 280.0), (40.0, 240.0)), -90.0),
        (((100, 200), (178, 220), (130, 270)), 0.0),
    ):
        tool = PlaceFaceTool()
        edits = [tool.press(Touch(*place), scene=Scene()) for place in places]
        assert edits[-1] is not None
        assert edits[-1](PROJECT).alignment_edit.turn == pytest.approx(turn, abs=0.5)


def test_eyes_clicked_the_other_way_round_are_told_apart_by_the_picture() -> None:
    tool = PlaceFaceTool()
    for place in ((180.0, 205.0), (100.0, 200.0), (140.0, 280.0)):
        edit = tool.press(Touch(*place), scene=Scene())
    assert edit is not None
    placed = edit(PROJECT).landmark_edit
    assert placed is not None
    assert placed.right_eye == (100.0, 200.0)


def test_places_that_cannot_be_a_face_are_asked_again_and_say_why() -> None:
    tool = PlaceFaceTool()
    tool.press(Touch(100, 200), scene=Scene())
    assert tool.press(Touch(100, 200), scene=Scene()) is None
    assert tool.places == ((100, 200),)
    assert tool.question.startswith("The eyes cannot both be there.") and tool.question.endswith(QUESTIONS[1])
    tool.press(Touch(180, 200), scene=Scene())
    assert tool.question == QUESTIONS[2]
    assert tool.press(Touch(300, 200), scene=Scene()) is None
    assert tool.question.startswith("A mouth cannot lie there") and tool.question.endswith(QUESTIONS[2])
    assert tool.press(Touch(140, 270), scene=Scene()) is not None


def test_a_step_back_asks_the_last_question_again() -> None:
    tool = PlaceFaceTool()
    tool.press(Touch(1, 1), scene=Scene())
    tool.step_back()
    assert tool.question == QUESTIONS[0]
    tool.step_back()
    assert tool.question == QUESTIONS[0]


def test_nothing_more_is_asked_when_all_is_placed() -> None:
    tool = PlaceFaceTool()
    for place in ((1.0, 1.0), (5.0, 1.0), (3.0, 4.0)):
        tool.press(Touch(*place), scene=Scene())
    assert tool.complete
    assert tool.question == ""
    assert tool.press(Touch(9, 9), scene=Scene()) is None


def test_every_tool_of_the_table_can_be_made_and_says_what_it_does() -> None:
    for name, entry in TOOLS.items():
        tool = entry.make()
        tool.cancel()
        assert entry.hint.endswith("."), name

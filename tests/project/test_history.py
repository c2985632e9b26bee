"""Undo and redo of frozen values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paic3d_studio.project.history import History


def add(text: str):
    return lambda value: value + text


def test_undo_and_redo_walk_through_the_values():
    history = History("")
    history.apply(add("a"))
    history.apply(add("b"))
    assert [history.undo(), history.undo(), history.redo(), history.redo()] == ["a", "", "a", "ab"]


def test_at_either_end_nothing_happens():
    history = History("a")
    assert not history.can_undo
    assert not history.can_redo
    assert history.undo() == history.redo() == "a"


def test_an_edit_that_changes_nothing_is_no_step():
    history = History("a")
    history.apply(lambda value: value)
    assert not history.can_undo


def test_a_new_edit_forgets_what_was_taken_back():
    history = History("")
    history.apply(add("a"))
    history.undo()
    history.apply(add("b"))
    assert not history.can_redo
    assert history.undo() == ""


def test_a_revision_is_no_step_and_holds_before_and_after():
    history = History("")
    history.apply(add("a"))
    history.apply(add("b"))
    history.undo()
    assert history.revise(lambda value: value.upper() + "!") == "A!"
    assert history.dirty
    assert [history.undo(), history.redo(), history.redo()] == ["!", "A!", "AB!"]
    assert not history.can_redo


def test_a_revision_keeps_the_drag_that_it_ends():
    history = History("x")
    history.begin_drag()
    history.drag(add("y"))
    assert history.revise(add("!")) == "xy!"
    assert not history.dragging
    assert history.undo() == "x!"


def test_a_drag_is_one_step_and_each_edit_starts_from_its_beginning():
    history = History("x")
    history.begin_drag()
    assert [history.drag(add(str(i))) for i in range(3)] == ["x0", "x1", "x2"]
    assert history.end_drag() == "x2"
    assert history.undo() == "x"
    assert not history.can_undo


def test_a_drag_that_returns_to_its_start_is_no_step_and_keeps_redo():
    history = History("x")
    history.apply(add("y"))
    history.undo()
    history.begin_drag()
    history.drag(add("z"))
    history.drag(lambda value: value)
    history.end_drag()
    assert not history.can_undo
    assert history.can_redo


def test_a_cancelled_drag_leaves_no_trace():
    history = History("x")
    history.begin_drag()
    history.drag(add("y"))
    assert history.cancel_drag() == "x"
    assert not history.dragging
    assert not history.can_undo


def test_undo_in_the_middle_of_a_drag_takes_the_drag_back():
    history = History("x")
    history.apply(add("y"))
    history.begin_drag()
    history.drag(add("z"))
    assert history.can_undo
    assert history.undo() == "xy"
    assert history.redo() == "xyz"


def test_dragging_without_a_beginning_is_a_bug():
    with pytest.raises(RuntimeError):
        History("x").drag(add("y"))


def test_only_so_many_steps_are_kept():
    history = History(0, limit=3)
    for _ in range(10):
        history.apply(lambda value: value + 1)
    assert [history.undo() for _ in range(5)] == [9, 8, 7, 7, 7]


def test_a_value_is_dirty_until_it_is_what_was_saved():
    history = History("")
    assert not history.dirty
    history.apply(add("a"))
    assert history.dirty
    history.mark_saved()
    assert not history.dirty
    history.undo()
    assert history.dirty
    history.redo()
    assert not history.dirty


@given(st.lists(st.sampled_from(["edit", "joined", "undo", "redo", "begin", "drag", "end", "cancel"]), max_size=60))
def test_whatever_is_done_undo_leads_back_to_the_beginning_and_redo_to_the_end(actions):
    history = History("")
    for number, action in enumerate(actions):
        match action:
            case "edit":
                history.apply(add(f"{number},"))
            case "joined":
                history.apply(add(f"{number}+"), joined=True)
            case "undo":
                history.undo()
            case "redo":
                history.redo()
            case "begin":
                history.begin_drag()
            case "drag" if history.dragging:
                history.drag(add(f"{number}~"))
            case "end":
                history.end_drag()
            case "cancel":
                history.cancel_drag()
    while history.can_redo:
        history.redo()
    newest = history.end_drag()
    steps = 0
    while history.can_undo:
        history.undo()
        steps += 1
    assert history.value == ""
    for _ in range(steps):
        history.redo()
    assert history.value == newest


def test_a_joined_edit_is_part_of_the_step_before_it():
    history = History(0)
    for value in (1, 2, 3):
        history.apply(lambda _, value=value: value, joined=value > 1)
    assert history.value == 3
    assert history.undo() == 0 and not history.can_undo
    assert history.redo() == 3


def test_a_joined_edit_without_a_step_of_its_kind_before_it_is_a_step():
    history = History(0)
    history.apply(lambda _: 1)
    history.apply(lambda _: 2)
    history.apply(lambda _: 1, joined=True)  # takes its step back
    history.apply(lambda _: 5, joined=True)
    assert (history.undo(), history.undo()) == (1, 0)
    history.apply(lambda _: 7, joined=True)
    assert history.undo() == 0
    history.begin_drag()
    history.drag(lambda _: 3)
    history.apply(lambda _: 4, joined=True)
    assert (history.undo(), history.undo()) == (3, 0)

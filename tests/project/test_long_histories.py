"""Five hundred steps at random: undoing all of them gives the first project back to the byte, in flat memory."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paic3d_studio.core.artefacts import FEATURE_NAMES
from paic3d_studio.core.lines import Stroke
from paic3d_studio.project import edits
from paic3d_studio.project.file import encoded_project
from paic3d_studio.project.history import History
from paic3d_studio.project.state import AlignmentEdit, PictureSource, Project

STEPS = 500
FIRST = Project(picture=PictureSource("girl.png", bytes(range(256)) * 400))


def edit_of(lot: np.random.Generator, project: Project) -> Project:
    """One edit that an artist might make."""
    x, y = (float(place) for place in lot.integers(50, 400, 2))
    corners = ((x, y), (x + 60, y), (x + 60, y + 40), (x, y + 40))
    stroke = Stroke(points=((x, y), (x + 5, y)), radius=float(lot.integers(1, 30)), adds=bool(lot.integers(2)))
    match lot.integers(18):
        case 0 | 1:
            return edits.set_hull(project, feature=str(lot.choice(["mouth", "nose", "left_eye"])), polygon=corners)
        case 2 | 3:
            return edits.add_stroke(project, stroke=stroke)
        case 4:
            return edits.add_matte_stroke(project, stroke=stroke)
        case 5:
            return edits.move_landmarks(project, places={int(lot.integers(28)): (x, y)})
        case 6:
            return edits.place_face(project, right_eye=(x, y), left_eye=(x + 50, y), mouth=(x + 25, y + 60))
        case 7:
            return edits.set_line_options(project, threshold=float(lot.uniform(0.001, 0.2)))
        case 8:
            return edits.reset_everything(project)
        case 9 | 10:
            return edits.add_hull(project, name=str(lot.choice(["mole", "glasses"])), polygon=corners)
        case 11 | 12:
            return edit_of_own_hulls(lot, project)
        case 13:
            return edits.free_hull(project, feature="mouth", free=bool(lot.integers(2)))
        case 14:
            turned = AlignmentEdit(shift=(x, y), scale=float(lot.uniform(0.5, 2)), turn=float(lot.uniform(-20, 20)))
            return edits.set_alignment(project, alignment=turned)
        case 15:
            return edits.set_surface_options(project, faces=int(lot.integers(1000, 50_000)))
        case 16:
            return edits.set_texture_options(project, size=int(lot.choice([1024, 2048])))
        case _:
            return edits.set_seed(project, seed=int(lot.integers(2**31)))


def edit_of_own_hulls(lot: np.random.Generator, project: Project) -> Project:
    """Rename, lock or take away one of the artist's own hulls, if there is any."""
    own = sorted(set(project.hull_edits) - set(FEATURE_NAMES))
    if not own:
        return project
    name = str(lot.choice(own))
    match lot.integers(3):
        case 0:
            return edits.rename_hull(project, name=name, to=f"scar {lot.integers(5)}")
        case 1:
            return edits.lock_hull(project, name=name, locked=bool(lot.integers(2)))
        case _:
            return edits.reset_hull(project, feature=name)


def wander(history: History[Project], lot: np.random.Generator) -> None:
    """Take one step: mostly an edit or a drag, else back or forth, or a drag that is given up."""
    match lot.integers(8):
        case 0 | 1 if history.can_undo:
            history.undo()
        case 2 if history.can_redo:
            history.redo()
        case 3:
            history.begin_drag()
            for _ in range(3):
                history.drag(lambda project: edit_of(lot, project))
            if lot.integers(2):
                history.cancel_drag()
            else:
                history.end_drag()
        case _:
            history.apply(lambda project: edit_of(lot, project))


@pytest.mark.slow
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_undoing_everything_gives_the_first_project_and_redoing_it_the_last_to_the_byte(seed: int) -> None:
    lot = np.random.default_rng(seed)
    history = History(FIRST)
    for _ in range(STEPS):
        wander(history, lot)
    history.revise(partial(edits.set_terms, author="Aki"))
    last = encoded_project(history.value)
    back = 0
    while history.can_undo:
        history.undo()
        back += 1
    assert encoded_project(history.value) == encoded_project(edits.set_terms(FIRST, author="Aki"))
    for _ in range(back):
        history.redo()
    assert encoded_project(history.value) == last


@pytest.mark.slow
def test_a_long_session_of_edits_keeps_its_memory_flat() -> None:
    lot = np.random.default_rng(3)
    history = History(FIRST)
    for _ in range(STEPS):
        wander(history, lot)
    tracemalloc.start()
    try:
        sizes = []
        for _ in range(6):
            for _ in range(STEPS):
                wander(history, lot)
            history.apply(edits.reset_everything)
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    print("\nMB after each 500 steps: " + ", ".join(f"{size / 1e6:.2f}" for size in sizes))
    assert sizes[-1] < sizes[0] + 8e6

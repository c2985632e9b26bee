"""Measure what runs while the artist paints: the line-free picture after a stroke has grown by a bit.

Processor time of the painting thread, so that other work on the machine does not count.

./run test tests/bench/bench_live.py --benchmark-enable
"""

import itertools
import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from paic3d_studio.core.artefacts import AlignedPortrait, KeepMask, LineMask
from paic3d_studio.paths import example_picture
from paic3d_studio.session.session import Session

Prepared = tuple[Session, AlignedPortrait, LineMask, KeepMask]


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    session = Session(threads=1)
    session.open(example_picture())
    session.pull("render_like")
    return session, session.pull("aligned"), session.pull("line_mask"), session.pull("keep")


pytestmark = pytest.mark.benchmark(timer=time.thread_time)


@pytest.mark.parametrize("radius", [1, 5, 20])
@pytest.mark.parametrize("at", ["inside a tile", "where four tiles meet"])
def test_infill_of_the_changed_tiles(benchmark: BenchmarkFixture, prepared: Prepared, radius: int, at: str) -> None:
    session, aligned, line_mask, keep = prepared
    row, column = (192, 200) if at == "inside a tile" else (256, 384)
    ends = itertools.cycle(range(column + 1, column + 40))
    drawn = line_mask.mask.copy()

    def painted() -> np.ndarray:
        end = next(ends)
        drawn[row - radius : row + radius, column - 20 : end] = True
        drawn[row - radius : row + radius, end:] = line_mask.mask[row - radius : row + radius, end:]
        mask = LineMask(drawn & ~keep.mask)
        return session.line_free(session.project, aligned=aligned, line_mask=mask, keep=keep).rgba

    assert benchmark.pedantic(painted, rounds=15, iterations=1, warmup_rounds=1).any()


def test_infill_of_the_whole_picture(benchmark: BenchmarkFixture, prepared: Prepared) -> None:
    from paic3d_studio.nets import infill

    session, aligned, line_mask, keep = prepared

    def painted() -> np.ndarray:
        infill._painter.cache_clear()
        return session.line_free(session.project, aligned=aligned, line_mask=line_mask, keep=keep).rgba

    assert benchmark.pedantic(painted, rounds=3, iterations=1).any()

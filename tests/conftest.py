"""Where the development data lies, golden numbers and how far from them is too far; and a platform for Qt."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from torch import Tensor

if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SHARED = Path(os.environ.get("PAIC3D_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the test that kills the studio take more moments, and others: `pytest --kills 200 --kill-seed 1`."""
    parser.addoption("--kills", type=int, default=25, help="how often tests/e2e/test_kill.py kills the studio")
    parser.addoption("--kill-seed", type=int, default=5, help="the seed of the moments at which it does")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `shared` when the development data is absent, and say what is missing."""
    if SHARED.is_dir():
        return
    missing = pytest.mark.skip(reason=f"development data (characters, portraits, golden numbers) is not at {SHARED}")
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(missing)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for what the program keeps for the artist: no test sees weights that somebody imported."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("PAIC3D_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the development data; only for tests marked `shared`."""
    return SHARED


TOLERANCE = 1e-4


@pytest.fixture(scope="session")
def golden(shared: Path) -> Callable[[str], dict[str, Tensor]]:
    """Read a file of golden numbers of the published system by its name."""
    import safetensors.torch

    def read(name: str) -> dict[str, Tensor]:
        return safetensors.torch.load_file(shared / "golden" / f"{name}.safetensors")

    return read


@pytest.fixture
def assert_close() -> Callable[[str, Any, Any], float]:
    """Assert that the largest difference is within 1e-4 of the largest expected number, and print it."""

    def compare(name: str, found: Any, expected: Any) -> float:
        found, expected = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
        assert found.shape == expected.shape, f"{name}: {found.shape} instead of {expected.shape}"
        assert np.isfinite(found).all(), f"{name} is not finite"
        error = float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-12))
        print(f"{name}: relative error {error:.2e}")
        assert error <= TOLERANCE, f"{name}: relative error {error:.2e}"
        return error

    return compare


@pytest.fixture
def assert_same() -> Callable[[str, Any, Any], None]:
    """Assert that two masks are equal to the bit, and print how many of their pixels differ."""

    def compare(name: str, found: Any, expected: Any) -> None:
        found, expected = np.asarray(found), np.asarray(expected)
        assert found.shape == expected.shape, f"{name}: {found.shape} instead of {expected.shape}"
        differing = int((found != expected).sum())
        print(f"{name}: {differing} of {found.size} pixels differ")
        assert differing == 0, f"{name}: {differing} of {found.size} pixels differ"

    return compare

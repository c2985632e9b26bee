"""Where the development data lies, for the tests that need it; and a platform for Qt where there is no display."""

import os
from pathlib import Path

import pytest

if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SHARED = Path(os.environ.get("PAIC3D_SHARED", Path(__file__).resolve().parents[2] / "shared"))


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

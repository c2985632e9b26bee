"""The networks' library is opened ahead of its import, and imported without holding the window up."""

import importlib.util
import os
import subprocess
import sys

import pytest

from paic3d_studio.pipeline import torch_library
from paic3d_studio.pipeline.torch_library import open_library

IN_A_NEW_PROCESS = """
import sys
from paic3d_studio.pipeline.torch_library import open_library
opened = open_library()
assert "libtorch_cpu" in opened, opened
assert "torch" not in sys.modules
if sys.platform == "linux":
    assert "libtorch_cpu" in open("/proc/self/maps").read()
import torch
assert torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 3, 3)).item() == 9.0
assert open_library() == ()
"""


IMPORTED = """
import gc
from paic3d_studio.pipeline import torch_library
collections = []
gc.callbacks.append(lambda phase, info: collections.append(phase))
before = gc.get_freeze_count()
assert torch_library.import_networks().__name__ == "paic3d_studio.nets.threads"
assert collections == [], "garbage was collected while the library was imported"
assert gc.isenabled() and not torch_library.is_opening()
frozen = gc.get_freeze_count()
assert frozen > before + 50_000, "the library's objects are gone through by every collection"
garbage = [[] for _ in range(1000)]
garbage.append(garbage)
torch_library.import_networks()
assert gc.get_freeze_count() == frozen, "what comes later is garbage like any other"
"""


def test_no_garbage_is_collected_while_the_library_is_imported() -> None:
    subprocess.run([sys.executable, "-c", IMPORTED], check=True, timeout=120)


def test_the_library_is_said_to_be_opening_only_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def opened() -> tuple[str, ...]:
        seen.append(torch_library.is_opening())
        raise OSError

    monkeypatch.delitem(sys.modules, "paic3d_studio.nets.threads", raising=False)
    monkeypatch.setattr(torch_library, "open_library", opened)
    with pytest.raises(OSError):
        torch_library.import_networks()
    assert seen == [True]
    assert not torch_library.is_opening()


@pytest.mark.skipif(os.name != "posix", reason="only there are libraries opened ahead")
def test_what_was_opened_ahead_is_what_python_imports() -> None:
    subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS], check=True, timeout=120)


def test_without_the_library_there_is_nothing_to_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    assert open_library() == ()

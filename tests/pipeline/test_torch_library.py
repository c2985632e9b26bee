"""The networks' library is opened ahead of its import."""

import importlib.util
import os
import subprocess
import sys

import pytest

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


@pytest.mark.skipif(os.name != "posix", reason="only there are libraries opened ahead")
def test_what_was_opened_ahead_is_what_python_imports() -> None:
    subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS], check=True, timeout=120)


def test_without_the_library_there_is_nothing_to_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    assert open_library() == ()

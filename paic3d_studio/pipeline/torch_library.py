"""The networks' library, opened before Python imports it.

Opening 400 MB of shared code takes 0.2 to 0.4 s. `import` keeps Python's lock all that time, so the window would stand
still; the system's own `dlopen`, called as a foreign function, does not.
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import os
import sys
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_LIBRARIES: Final = (
    ("libtorch_global_deps", os.RTLD_NOW | os.RTLD_GLOBAL),
    ("libtorch_cpu", os.RTLD_NOW),
    ("libtorch_python", os.RTLD_NOW),
) if os.name == "posix" else ()  # fmt: skip
"""In the order, and in the way, in which PyTorch opens them itself."""


def open_library() -> tuple[str, ...]:
    """Open PyTorch's shared libraries, unless it is imported already; return the names of those that were opened.

    Where one is missing or does not open nothing is lost: importing PyTorch says why.
    """
    found = None if "torch" in sys.modules else importlib.util.find_spec("torch")
    if found is None or found.origin is None or not _LIBRARIES:
        return ()
    folder, suffix = Path(found.origin).parent / "lib", ".dylib" if sys.platform == "darwin" else ".so"
    system = ctypes.CDLL(None)
    system.dlopen.restype = ctypes.c_void_p
    opened = []
    for name, flags in _LIBRARIES:
        file = folder / f"{name}{suffix}"
        if file.is_file() and system.dlopen(os.fsencode(file), flags) is not None:
            opened.append(name)
        else:
            log.debug("%s was not opened ahead", file)
    return tuple(opened)

"""The networks' library, loaded while the window goes on answering.

Opening 400 MB of shared code takes 0.2 to 0.4 s. `import` keeps Python's lock all that time, so the window would stand
still; the system's own `dlopen`, called as a foreign function, does not. What is imported then are some 300,000 objects
that stay; a collection of garbage that goes through them all takes 0.1 s, with the lock as well.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

log = logging.getLogger(__name__)

_LIBRARIES: Final = (
    ("libtorch_global_deps", os.RTLD_NOW | os.RTLD_GLOBAL),
    ("libtorch_cpu", os.RTLD_NOW),
    ("libtorch_python", os.RTLD_NOW),
) if os.name == "posix" else ()  # fmt: skip
"""In the order, and in the way, in which PyTorch opens them itself."""

_NETWORKS: Final = "paic3d_studio.nets.threads"
_loading: Final = threading.Lock()
_opening: Final = threading.Event()


def is_opening() -> bool:
    """Return whether the libraries are being opened now: till then whoever opens another one waits, for 0.2 s."""
    return _opening.is_set()


def import_networks() -> ModuleType:
    """Return `paic3d_studio.nets.threads`, with the networks' library loaded; one thread loads, others wait for it.

    Raises:
        ImportError: the library is missing or damaged.
    """
    with _loading:
        if (loaded := sys.modules.get(_NETWORKS)) is not None:
            return loaded
        _opening.set()
        try:
            open_library()
        finally:
            _opening.clear()
        with _no_collections():
            return importlib.import_module(_NETWORKS)


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Collect no garbage meanwhile, nor look later at what has come: it stays."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


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

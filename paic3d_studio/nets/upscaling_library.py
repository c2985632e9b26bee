"""Architectures of super-resolution networks, told from their tensors by the package spandrel, which is optional."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any, Final

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from paic3d_studio.core.monitor import SILENT, Monitor, abandonable
from paic3d_studio.errors import UserError
from paic3d_studio.nets.upscaling_file import CHOOSE_ANOTHER

PACKAGE: Final = "spandrel"

LARGEST_SCALE: Final = 8

_SPARE_BYTES: Final = 256 << 20
"""What building a network may allocate beyond a few times its own weights."""

_NOT_A_NETWORK: Final = (
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    NotImplementedError,
)
"""What reading tensors of another shape than it expects makes the package raise."""


class _TooMuch(ValueError):
    """The network would allocate far more than its file holds."""


def is_installed() -> bool:
    """Whether the package is there; it is not imported."""
    return importlib.util.find_spec(PACKAGE) is not None


def refuse_missing() -> None:
    """Make sure that the package is there.

    Raises:
        UserError: it is not, and how it comes there.
    """
    if not is_installed():
        raise UserError(
            f"Upscaling by a network needs the package {PACKAGE}, which is not installed.",
            "Install it with “pip install -r requirements-upscale.txt” into the program's own environment, "
            "or set the upscaling to smooth.",
        )


def built(tensors: Mapping[str, Tensor], *, file: str, monitor: Monitor = SILENT) -> tuple[nn.Module, int, str]:
    """Return the network that these tensors are the weights of, its scale, and the name of its architecture.

    Args:
        tensors: by name, floats as float32.
        file: what the file is called in messages.
        monitor: cancel, asked at each allocation.

    Raises:
        UserError: no architecture fits, or the network does something else than enlarge colour pictures in tiles.
        Cancelled: as `monitor`.
    """
    package = abandonable(_package, monitor=monitor)
    budget = 4 * sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) + _SPARE_BYTES
    try:
        with _AllocationLimit(budget, monitor):
            found = package.ModelLoader(device="cpu").load_from_state_dict(dict(tensors))
    except package.UnsupportedModelError as error:
        raise UserError(f"“{file}” is no super-resolution network of a known architecture.", CHOOSE_ANOTHER) from error
    except _NOT_A_NETWORK as error:
        raise UserError(
            f"“{file}” looks like a super-resolution network, but its tensors do not fit together.", CHOOSE_ANOTHER
        ) from error
    kind = getattr(found, "purpose", ""), found.input_channels, found.output_channels
    if kind != ("SR", 3, 3) or not 2 <= found.scale <= LARGEST_SCALE or found.tiling.name != "SUPPORTED":
        raise UserError(
            f"“{file}” holds a network ({found.architecture.name}) that does not enlarge colour pictures 2 to "
            f"{LARGEST_SCALE} times in tiles.",
            "Choose a super-resolution network, or set the upscaling to smooth.",
        )
    return _Padded(found), int(found.scale), str(found.architecture.name)


class _Padded(nn.Module):
    """A network of the package, called through its description: that pads a picture to sizes the network takes."""

    def __init__(self, description: Any) -> None:
        super().__init__()
        self.network = description.model
        self._call = description

    def forward(self, picture: Tensor) -> Tensor:
        """Enlarge a picture, sRGB 0..1, (1, 3, H, W)."""
        enlarged: Tensor = self._call(picture)
        return enlarged


class _AllocationLimit(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Ends the building of a network that grows beyond what its file could fill, or that is not wanted any more.

    The sizes of layers follow from a file's names and shapes, of which a hostile one may have any: fifty thousand
    channels in one small tensor would make a layer of ninety gigabytes.
    """

    def __init__(self, budget: int, monitor: Monitor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._left = budget
        self._monitor = monitor

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do one operation, after making sure of the size that it asks for."""
        del types
        self._monitor.check()
        if func.overloadpacket.__name__ in ("empty", "zeros", "ones", "full", "rand", "randn", "arange"):
            shape = args[0] if args and isinstance(args[0], list | tuple) else ()
            self._spend(4 * functools.reduce(lambda a, b: a * int(b), shape, 1))
        return func(*args, **(kwargs or {}))

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise _TooMuch("the network would be far larger than its file")


@functools.cache
def _package() -> Any:
    with _without_torchvision():
        return importlib.import_module(PACKAGE)


@contextlib.contextmanager
def _without_torchvision() -> Iterator[None]:
    """Let the package be imported without torchvision, of which many machines have no build that fits their torch.

    Two of its architectures take three names from there. Both repair pictures and enlarge none, so neither is ever
    used here; what stands in for the names cannot be called.
    """
    if "torchvision" in sys.modules:
        yield
        return
    names = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")
    standing_in = {name: types.ModuleType(name) for name in names}
    vars(standing_in[names[2]]).update(InterpolationMode=None, rotate=None, normalize=None)
    sys.modules.update(standing_in)
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)

"""The four files that the authors of PAniC-3D released, read without executing anything in them.

What a file is shows in what it holds, not in its name (specification, section 5): a snapshot of the generator, a
checkpoint of the line removal or of the tagger, or the tagger's principal components. Only numpy is needed here, so
that the reading can be done in a small child process.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.nets.pickle_values import DAMAGED, Inert, Limits, Refused
from paic3d_studio.nets.pickled_files import read_pickled
from paic3d_studio.nets.tensor_records import ArrayRecord, TensorRecord

LARGEST_FILE: Final = 1 << 30
"""Bytes; the released files are smaller than half of it."""

MEMORY: Final = 6 << 30
"""Bytes that the reading process may take where the system can limit it: the file, its tensors, and their copies."""

COMPONENTS: Final = 512
"""Principal components that the published system takes."""

FEWEST_CHANNELS: Final = 8
"""Channels that a block needs for the picture in its last three and for pooling an eighth of them."""

LARGEST_INFILL: Final = 1024
"""Channels and layers of a line removal; the published one has 32 and 6."""

_CURE: Final = "Import the files as the authors published them."

Tensors = Mapping[str, NDArray[Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class OfficialWeights:
    """What one file gives: `weights` names them in the manifest, `network` is what they fill, built from `config`."""

    weights: str
    network: str
    tensors: Tensors
    config: Mapping[str, Any]


def read_official(path: str, *, memory: int | None = None, monitor: Monitor = SILENT) -> OfficialWeights:
    """Read one of the authors' files; made to run in a child process, whose memory it limits when asked.

    Args:
        path: of the file; its name does not matter.
        memory: bytes of address space that this process may take from now on; None leaves it as it is.
        monitor: progress and cancel.

    Raises:
        UserError: the file is none of the four, damaged, or asks for what no weights need; nothing of it was executed.
    """
    if memory is not None:
        limit_memory(memory)
    name = Path(path).name
    try:
        monitor.report(0.0, f"reading {name}")
        return official_weights(_content(path), monitor=monitor)
    except Refused as refusal:
        raise UserError(f"“{name}” {refusal}.", _CURE) from None
    except MemoryError:
        raise UserError(f"“{name}” asks for more memory than a file of weights needs.", _CURE) from None


def limit_memory(count: int) -> None:
    """Let this process take no more than `count` bytes of address space, where the system offers that."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        allowed = count if most == resource.RLIM_INFINITY else min(count, most)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, most))
    except (ValueError, OSError):  # macOS does not limit it
        return


def _content(path: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        UserError: it is missing, no file, or cannot be read.
        Refused: it is empty or too large.
    """
    file = Path(path)
    try:
        if not file.is_file():
            raise UserError(f"There is no file “{path}”.", "Check the name.")
        size = file.stat().st_size
        if size > LARGEST_FILE:
            raise Refused(f"is larger than {LARGEST_FILE >> 20} MiB, and none of the authors' files is")
        if size == 0:
            raise Refused("is empty")
        with file.open("rb") as opened:
            return opened.read(size)
    except OSError as error:
        raise UserError(f"“{path}” cannot be read ({error.strerror or error}).", "Check the file.") from error


def official_weights(content: bytes, *, limits: Limits | None = None, monitor: Monitor = SILENT) -> OfficialWeights:
    """Recognise a file by what it holds and take its tensors; arguments and errors as `read_official`.

    Raises:
        Refused: see `read_official`.
    """
    limits = limits or Limits()
    value = read_pickled(content, limits=limits, check=monitor.check)
    monitor.report(0.6, "taking the tensors")
    found = _recognised(value, limits)
    for index, (name, array) in enumerate(found.tensors.items()):
        monitor.report(0.6 + 0.4 * index / len(found.tensors))
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise Refused(f"has numbers in “{name}” that are not finite")
    return found


def _recognised(value: object, limits: Limits) -> OfficialWeights:
    match value:
        case {"G_ema": Inert() as generator}:
            return _generator(generator, limits)
        case {"state_dict": dict() as state}:
            names = [name for name in state if isinstance(name, str)]
            if any(name.startswith("resnet.") for name in names):
                return _tagger(state, limits)
            if any(name.startswith("generator.") for name in names):
                return _infill(state, limits)
    for part in (value, *(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())):
        match part:
            case Inert(state={"components_": ArrayRecord() as components, "mean_": ArrayRecord() as mean}):
                return _components(components.array(), mean.array())
    raise Refused(
        "is none of the four files: it holds no generator (G_ema), no line removal (generator.*), no tagger (resnet.*) "
        "and no principal components (components_, mean_)"
    )


# The generator --------------------------------------------------------------------------------------------------------


def _generator(module: Inert, limits: Limits) -> OfficialWeights:
    attributes = _attributes(module)
    config = generator_config(attributes)
    return OfficialWeights("published", "published", _taken(dict(_named_tensors(module, limits)), limits), config)


def _attributes(module: object) -> dict[Any, Any]:
    """Return the attributes of a module: its own state, or the state beside the source text that stands for it.

    The authors' classes pickle themselves as one call with a dictionary that holds class name, source and state. The
    source is text here, and stays text.

    Raises:
        Refused: there are none.
    """
    if isinstance(module, Inert):
        if isinstance(module.state, dict):
            return module.state
        arguments = module.arguments if isinstance(module.arguments, tuple) else ()
        for argument in arguments:
            state = _as_dict(argument).get("state")
            if isinstance(state, dict | Inert):
                return _as_dict(state)
    raise Refused(DAMAGED)


def _as_dict(value: object) -> dict[Any, Any]:
    """Return a dictionary, also one of a class that the file brings along; empty for anything else."""
    if isinstance(value, dict):
        return value
    return dict(value.items) if isinstance(value, Inert) else {}


def _named_tensors(root: Inert, limits: Limits) -> Iterator[tuple[str, object]]:
    """Yield parameters and persistent buffers of a module and of all modules in it, by dotted names as in torch."""
    waiting, met = [("", root)], 0
    while waiting:
        prefix, module = waiting.pop()
        met += 1
        if met > limits.modules or len(prefix) > 1000:
            raise Refused("has too many modules for a network")
        attributes = _attributes(module)
        passing = attributes.get("_non_persistent_buffers_set")
        left_out = passing if isinstance(passing, list) else []
        for kind in ("_parameters", "_buffers"):
            for name, value in _as_dict(attributes.get(kind)).items():
                if value is not None and not any(name is other or name == other for other in left_out):
                    yield f"{prefix}{_part(name)}", value
        for name, child in _as_dict(attributes.get("_modules")).items():
            if isinstance(child, Inert):
                waiting.append((f"{prefix}{_part(name)}.", child))


def _part(name: object) -> str:
    """Return one part of a tensor's name.

    Raises:
        Refused: it is no text.
    """
    if not isinstance(name, str) or not re.fullmatch(r"\w{1,100}", name):
        raise Refused(DAMAGED)
    return name


@dataclasses.dataclass(frozen=True)
class _Size:
    """Where a size of the generator stands among its constructor's arguments, and what bounds make sense."""

    places: tuple[str, ...]
    low: float
    high: float


_SIZES: Final[Mapping[str, _Size]] = {
    "z_dim": _Size(("z_dim",), 1, 4096),
    "w_dim": _Size(("w_dim",), 1, 4096),
    "camera_dim": _Size(("c_dim",), 1, 4096),
    "mapping_layers": _Size(("mapping_kwargs", "num_layers"), 1, 16),
    "channel_base": _Size(("channel_base",), 64, 1 << 20),
    "channel_max": _Size(("channel_max",), 8, 4096),
    "resolution": _Size(("backbone_resolution",), 8, 1024),
    "triplane_channels": _Size(("triplane_width",), 1, 1024),
    "triplane_layers": _Size(("rendering_kwargs", "triplane_depth"), 1, 64),
    "superresolution_channels": _Size(("sr_channels_hidden",), 2, 1024),
    "render_size": _Size(("neural_rendering_resolution",), 8, 512),
    "box_side": _Size(("rendering_kwargs", "box_warp"), 0.01, 100.0),
}
"""Our name of a size -> the constructor's; what a file does not say is as in the best published model."""


def generator_config(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the sizes that a generator was made with, as the arguments of `PublishedConfig`.

    Args:
        attributes: of the generator; `_init_kwargs` holds its constructor's arguments, the rendering arguments among
            them; `rendering_kwargs`, as they were in the end, and `neural_rendering_resolution` stand beside.

    Raises:
        Refused: a size makes no sense, or the generator works in a way that is not the published one.
    """
    given = _as_dict(attributes.get("_init_kwargs"))
    positional = attributes.get("_init_args")
    if isinstance(positional, tuple | list) and positional:
        given = {**dict(zip(("z_dim", "c_dim", "w_dim", "img_resolution"), positional, strict=False)), **given}
    rendering = {**_as_dict(given.get("rendering_kwargs")), **_as_dict(attributes.get("rendering_kwargs"))}
    given = {**given, "rendering_kwargs": rendering}
    if "neural_rendering_resolution" in attributes:
        given["neural_rendering_resolution"] = attributes["neural_rendering_resolution"]
    config = {name: value for name, size in _SIZES.items() if (value := _size(given, size)) is not None}
    if int(config.get("resolution", 256)).bit_count() != 1:
        raise Refused("has a generator whose resolution is no power of two")
    if rendering.get("use_triplane", 1) != 1:
        raise Refused("has a generator whose planes lie in another order than the published one's")
    config |= _conditions(given.get("cond_mode"))
    base, most = int(config.get("channel_base", 32768)), int(config.get("channel_max", 512))
    if base // int(config.get("resolution", 256)) < FEWEST_CHANNELS or config.get("tag_channels", 512) > min(
        base // 8, most
    ):
        raise Refused("has a generator with too few channels for its conditions")
    return config


def _size(given: Mapping[Any, Any], size: _Size) -> int | float | None:
    value: Any = given
    for place in size.places:
        value = _as_dict(value).get(place)
    if value is None:
        return None
    whole = isinstance(size.low, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise Refused(f"has a generator with a “{size.places[-1]}” that is no number")
    if not size.low <= value <= size.high:
        raise Refused(f"has a generator with a “{size.places[-1]}” that makes no sense")
    return value if whole else float(value)


def _conditions(mode: object) -> dict[str, Any]:
    """Return how the generator is conditioned, which a text of words with points between says."""
    if not isinstance(mode, str):
        return {}
    tags = re.search(r"(?:^|\.)reschonk_add_([1-9]\d{0,3})(?:\.|$)", mode)
    return {
        "feature_pooling": any(word.startswith("crossavg") for word in mode.split(".")),
        **({"tag_channels": int(tags.group(1))} if tags else {}),
    }


# Line removal and tagger ----------------------------------------------------------------------------------------------


def _infill(state: Mapping[Any, Any], limits: Limits) -> OfficialWeights:
    tensors = _taken(_under(state, "generator."), limits)
    kernels = [tensor.shape for tensor in tensors.values() if tensor.ndim == 4]
    if not kernels or kernels[0][1] not in (3, 4):
        raise Refused("has a line removal whose first layer takes neither 3 nor 4 channels")
    if not 1 <= kernels[0][0] <= LARGEST_INFILL or len(kernels) > LARGEST_INFILL:
        raise Refused("has a line removal whose size makes no sense")
    config = {"width": kernels[0][0], "depth": len(kernels), "use_keep": kernels[0][1] == 4}
    return OfficialWeights("published-infill", "infill", tensors, config)


def _tagger(state: Mapping[Any, Any], limits: Limits) -> OfficialWeights:
    tensors = _taken(_under(state, "resnet."), limits)
    return OfficialWeights("tagger", "resnet", tensors, {"classes": 1062})


def _under(state: Mapping[Any, Any], prefix: str) -> dict[str, object]:
    """Return the entries of a state dict whose names begin with `prefix`."""
    return {name: value for name, value in state.items() if isinstance(name, str) and name.startswith(prefix)}


def _taken(records: Mapping[str, object], limits: Limits) -> Tensors:
    """Return the numbers of tensors.

    Raises:
        Refused: one is no tensor or of another type than the networks compute in, or they are too many.
    """
    total = 0
    for name, record in records.items():
        if not isinstance(record, TensorRecord):
            raise Refused(f"has no tensor where “{name[:80]}” should be")
        counts = name.endswith(".num_batches_tracked")
        wanted = np.dtype("<i8") if counts else np.dtype("<f4")
        if record.storage.dtype != wanted:
            raise Refused(f"has another type of numbers than {wanted.name} in “{name[:80]}”")
        total += record.storage.dtype.itemsize * int(np.prod([int(size) for size in record.shape], dtype=object))
        if total > limits.array_bytes:
            raise Refused("has more numbers than any of the networks")
    return {name: record.array() for name, record in records.items() if isinstance(record, TensorRecord)}


# Principal components -------------------------------------------------------------------------------------------------


def _components(components: NDArray[Any], mean: NDArray[Any]) -> OfficialWeights:
    """Take mean and the first 512 components; the rest of scikit-learn's object is left alone."""
    for name, array in (("components_", components), ("mean_", mean)):
        if array.dtype not in (np.dtype("f4"), np.dtype("f8")):
            raise Refused(f"has another type of numbers than float32 or float64 in “{name}”")
    if components.ndim != 2 or len(components) < COMPONENTS or mean.shape != components.shape[1:]:
        raise Refused(f"has principal components of another shape than {COMPONENTS} x 2048")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        tensors = {"components": components[:COMPONENTS].astype("<f4"), "mean": mean.astype("<f4")}
    return OfficialWeights("tagger-components", "components", tensors, {"components": COMPONENTS})

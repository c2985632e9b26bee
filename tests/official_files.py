"""Files of the form that the authors released, made by ourselves: own stub classes, own source text, random numbers.

Every file that is made here carries a text which would leave a note if anybody executed it.
"""

import io
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from paic3d_studio.nets.backbones.published import PublishedBackbone, PublishedConfig
from paic3d_studio.nets.infill import InfillNetwork
from paic3d_studio.nets.tagger import TaggerTrunk

TINY = PublishedConfig(
    z_dim=8,
    w_dim=8,
    channel_base=256,
    channel_max=16,
    resolution=16,
    triplane_channels=4,
    tag_channels=8,
    superresolution_channels=4,
    render_size=8,
)
"""A generator of the published form that is made in no time."""


def seeded(build: Any, seed: int = 5) -> Any:
    """Build a network with random numbers of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build().eval().requires_grad_(False)


def tiny_generator(*, density: float = 0.0) -> PublishedBackbone:
    """Return a small generator; `density` is added to that of its field."""
    network: PublishedBackbone = seeded(lambda: PublishedBackbone(TINY))
    network.decoder.net[2].bias[0] += density
    return network


def small_infill(*, use_keep: bool = False) -> InfillNetwork:
    network: InfillNetwork = seeded(lambda: InfillNetwork(width=8, depth=3, use_keep=use_keep), 6)
    return network


def full_trunk() -> TaggerTrunk:
    with torch.device("meta"):
        trunk = TaggerTrunk()
    generator = np.random.default_rng(7)
    filled = {}
    for name, tensor in trunk.state_dict().items():
        if name.endswith("num_batches_tracked"):
            filled[name] = torch.tensor(3)
            continue
        numbers = generator.standard_normal(tuple(tensor.shape), np.float32) * np.float32(0.05)
        filled[name] = torch.from_numpy(np.abs(numbers) + np.float32(0.5) if name.endswith("running_var") else numbers)
    trunk.load_state_dict(filled, assign=True)
    return trunk.eval().requires_grad_(False)


# Stand-ins for classes of others -----------------------------------------------------------------------------------


@contextmanager
def foreign(*paths: str) -> Iterator[list[Any]]:
    """Yield empty classes of modules that exist only while something is pickled."""
    made, added = [], []
    for path in paths:
        module, _, name = path.rpartition(".")
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            parent = ".".join(parts[:end])
            if parent not in sys.modules:
                sys.modules[parent] = types.ModuleType(parent)
                added.append(parent)
        kind = type(name, (dict,) if name.endswith("Dict") else (), {"__module__": module})
        setattr(sys.modules[module], name, kind)
        made.append(kind)
    try:
        yield made
    finally:
        for module in added:
            del sys.modules[module]


class Persistent:
    """A module that pickles itself as a call with its name, its source text and its state."""

    def __init__(self, rebuild: Any, bag: Any, meta: dict[str, Any]) -> None:
        self.rebuild, self.meta = rebuild, bag(meta)

    def __reduce__(self) -> Any:
        return self.rebuild, (self.meta,)


def persistent(module: nn.Module, *, rebuild: Any, bag: Any, source: str, more: dict[str, Any] | None = None) -> Any:
    """Return a network of ours as a tree of self-describing modules; containers of torch stay what they are."""
    state = {key: value for key, value in vars(module).items() if key.startswith("_") or key == "training"}
    state["_modules"] = OrderedDict(
        (name, persistent(child, rebuild=rebuild, bag=bag, source=source)) for name, child in module._modules.items()
    )
    if type(module).__module__.startswith("torch.nn"):
        plain = type(module).__new__(type(module))
        vars(plain).update(state)
        return plain
    meta = {"type": "class", "version": 6, "module_src": source, "class_name": type(module).__name__}
    return Persistent(rebuild, bag, {**meta, "state": {**state, **(more or {})}})


def constructor(config: PublishedConfig) -> dict[str, Any]:
    """Return the arguments that the published generator would have been made with."""
    return {
        "z_dim": config.z_dim,
        "c_dim": config.camera_dim,
        "w_dim": config.w_dim,
        "img_resolution": 512,
        "img_channels": 3,
        "cond_mode": f"ortho_front.cond_img_norm_4.concatfront.crossavg_4.reschonk_add_{config.tag_channels}.inj_6b_4",
        "mapping_kwargs": {"num_layers": config.mapping_layers},
        "channel_base": config.channel_base,
        "channel_max": config.channel_max,
        "sr_channels_hidden": config.superresolution_channels,
        "triplane_width": config.triplane_channels,
        "backbone_resolution": config.resolution,
        "rendering_kwargs": {"triplane_depth": config.triplane_layers, "use_triplane": 1, "box_warp": config.box_side},
    }


def note_leaving_source(note: Path) -> str:
    """Return source text that leaves a note where it is executed."""
    return f"from pathlib import Path\nPath({str(note)!r}).touch()\n"


def snapshot(
    generator: PublishedBackbone, *, note: Path, arguments: dict[str, Any] | None = None, protocol: int = 4, **more: Any
) -> bytes:
    """Return a snapshot of a generator, beside others that nobody wants."""
    source = note_leaving_source(note)
    other = tiny_generator()
    with foreign("persistence.of_others.rebuild", "persistence.of_others.BagDict") as (rebuild, bag):
        extra = {
            "_init_args": (),
            "_init_kwargs": bag(arguments or constructor(generator.config)),
            "neural_rendering_resolution": generator.config.render_size,
        }
        made = [
            persistent(network, rebuild=rebuild, bag=bag, source=source, more=extra) for network in (other, generator)
        ]
        content = {
            "training_set_kwargs": bag(path="somewhere", size=3),
            "G": made[0],
            "D": made[0],
            "G_ema": made[1],
            "augment_pipe": None,
            **more,
        }
        return pickle.dumps(content, protocol=protocol)


def checkpoint(state: dict[str, Any], *, zipped: bool = True, **more: Any) -> bytes:
    """Return a checkpoint of the form that Lightning writes, with an optimiser's state beside the weights."""
    written = io.BytesIO()
    with foreign("lightning.of_others.AttributeDict", "lightning.of_others.Callback") as (bag, callback):
        content = {
            "epoch": 199,
            "global_step": 12,
            "pytorch-lightning_version": "1.7.7",
            "state_dict": OrderedDict(state),
            "callbacks": {callback: {"best": torch.tensor(0.5)}},
            "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 1e-3}]}],
            "hyper_parameters": bag(width=8),
            **more,
        }
        torch.save(content, written, _use_new_zipfile_serialization=zipped)
    return written.getvalue()


def components(
    *, count: int = 600, features: int = 2048, protocol: int = 4, dtype: str = "f8", wrapped: bool = False, **more: Any
) -> tuple[bytes, np.ndarray, np.ndarray]:
    """Return pickled principal components, and the two arrays in it."""
    random = np.random.default_rng(8)
    axes, mean = random.standard_normal((count, features)).astype(dtype), random.standard_normal(features).astype(dtype)
    with foreign("sklearn_of_others.decomposition.PCA") as (kind,):
        analysis = kind()
        vars(analysis).update(
            {
                "n_components": count,
                "whiten": False,
                "components_": axes,
                "mean_": mean,
                "variance_": np.float64(1),
                **more,
            }
        )
        content = {"version": 1, "pca": analysis} if wrapped else analysis
        return pickle.dumps(content, protocol=protocol), axes, mean

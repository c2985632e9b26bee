"""Scenes of the compact reconstructor that no network made, and networks that know nothing."""

import numpy as np
import torch

from paic3d_studio.nets.backbones.compact import CLASSES, CompactBackbone, Scene
from paic3d_studio.nets.field import RadianceField

SIDE = 512
HAIR, SKIN = CLASSES.index("hair"), CLASSES.index("skin")


def classes_of(hair: torch.Tensor) -> torch.Tensor:
    """Return class logits (1, 4, 256, 256) that are sure of hair where a map (64, 64) is true, of skin elsewhere."""
    logits = torch.full((1, len(CLASSES), 64, 64), -8.0)
    logits[0, HAIR][hair] = 8.0
    logits[0, SKIN][~hair] = 8.0
    return logits.repeat_interleave(4, 2).repeat_interleave(4, 3)


def scene_of(front: torch.Tensor, *, hair: torch.Tensor | None = None, hair_behind: bool = True) -> Scene:
    """Return a scene of one solid picture (3, SIDE, SIDE) and a grey back."""
    hair = torch.ones(64, 64, dtype=torch.bool) if hair is None else hair
    logits = torch.full((1, len(CLASSES), 128, 128), -8.0)
    logits[0, HAIR if hair_behind else SKIN] = 8.0
    return Scene(
        planes=torch.zeros(1, 3, 16, 3, 64, 64),
        front=front[None],
        back=torch.full((1, 3, 128, 128), 0.5),
        alpha=torch.ones(1, 1, SIDE, SIDE),
        depths=torch.tensor([0.1, -0.1]).view(1, 2, 1, 1).expand(1, 2, 256, 256).clone(),
        palette=torch.full((1, 12, 3), 0.5),
        classes=classes_of(hair),
        back_classes=logits.log_softmax(1),
    )


def whole() -> CompactBackbone:
    """Return a network of the shipped sizes that knows nothing, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return CompactBackbone()


def empty_handed() -> CompactBackbone:
    """Return a network whose planes say that nothing is anywhere, however the depths lie."""
    empty = whole().eval().requires_grad_(False)
    for parameter in empty.density_out.parameters():
        parameter.zero_()
    empty.density_out.bias.fill_(-4.0)
    return empty


def extent_along_z(field: RadianceField, x: float, y: float) -> tuple[float, float]:
    """Return where the field is solid along z at one place, first and last in metres."""
    z = np.linspace(-0.3, 0.3, 1201)
    solid = field.density(torch.tensor([(x, y, float(depth)) for depth in z], dtype=torch.float32)).numpy()
    found = z[solid > field.surface_level]
    return float(found.min()), float(found.max())

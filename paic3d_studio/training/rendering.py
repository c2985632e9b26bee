"""Views of a published generator through which gradients flow, for a batch of pictures at once.

The studio's own path (`nets.volume`) keeps no gradients and asks for colour only where light is stopped; training wants
both at every sample. The rules are the same (specification, section 1.7); with `streams` None so are the places.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from paic3d_studio.nets.backbones.published import PublishedBackbone
from paic3d_studio.nets.field import FieldSample
from paic3d_studio.nets.modulated import NoiseMode
from paic3d_studio.nets.triplane import sample_triplane, split_layers
from paic3d_studio.nets.volume import RaySampling, coarse_depths, composited, fine_depths, march_weights

Streams = Sequence[torch.Generator]
"""One random generator per picture of a batch, so that a picture's lot does not depend on its neighbours."""


@dataclasses.dataclass(frozen=True, eq=False)
class Planes:
    """What the backbone made of N pictures: `triplane` (N, 3, C, L, h, w) float32, `ws` (N, count, w_dim)."""

    triplane: Tensor
    ws: Tensor

    def __len__(self) -> int:
        return len(self.ws)


@dataclasses.dataclass(frozen=True, eq=False)
class Views:
    """One view of each of N pictures.

    `final` (N, 3, S, S) after super-resolution and `raw` (N, 3, s, s) before it, sRGB about 0..1 on white; `alpha`
    (N, 1, s, s) the share of light stopped; `xyz` (N, 3, s, s) the composited point in metres, 0 where nothing is.
    """

    final: Tensor
    raw: Tensor
    alpha: Tensor
    xyz: Tensor


def planes_of(
    network: PublishedBackbone,
    picture: Tensor,
    tags: Tensor,
    *,
    z: Tensor,
    noise: NoiseMode = "const",
    half: bool = False,
) -> Planes:
    """Run mapping and backbone on condition pictures (N, 3, S, S) 0..1, tags (N, C, 8, 8) and codes (N, z_dim).

    With `half` the backbone computes in bfloat16 where its layers allow; the triplane comes back as float32.
    """
    camera = torch.zeros(len(z), network.config.camera_dim, device=z.device)
    with torch.autocast(picture.device.type, torch.bfloat16, enabled=half):
        ws = network.backbone.styles(z, camera)
        flat: Tensor = network.backbone.synthesis(ws, picture, tags, noise=noise)
    three = flat.float().reshape(len(z), 3, -1, *flat.shape[-2:])
    return Planes(split_layers(three, network.config.triplane_layers), ws.float())


def field_at(network: PublishedBackbone, planes: Planes, xyz: Tensor) -> FieldSample:
    """Evaluate the fields of N pictures at their own points (N, P, 3): density (N, P), colour (N, P, 3), features."""
    config = network.config
    features = sample_triplane(planes.triplane, xyz, box_side=config.box_side, axes=config.axes)  # (N, P, C)
    found: FieldSample = network.decoder(features.flatten(0, 1))
    return FieldSample(
        *(part.reshape(*xyz.shape[:2], *part.shape[1:]) for part in (found.density, found.colour, found.features))
    )


def views_of(
    network: PublishedBackbone,
    planes: Planes,
    origins: Tensor,
    directions: Tensor,
    *,
    sampling: RaySampling,
    streams: Streams | None = None,
    half: bool = False,
) -> Views:
    """Render one view of each picture.

    Args:
        network: the generator.
        planes: of N pictures.
        origins: of the rays of square pictures row by row, metres (N, s * s, 3).
        directions: unit vectors (N, s * s, 3).
        sampling: where each ray is sampled.
        streams: jitter of the coarse samples and places of the fine ones; None puts the samples where inference does.
        half: super-resolution computes in bfloat16.
    """
    depths, values, density = _samples(network, planes, origins, directions, sampling=sampling, streams=streams)
    weights = march_weights(depths, density)  # (N * R, S - 1)
    points = origins.flatten(0, 1)[:, None] + directions.flatten(0, 1)[:, None] * depths[..., None]
    alpha = _pictures(weights.sum(dim=1, keepdim=True), len(planes))
    features = _pictures(composited(weights, values), len(planes)) + 1 - alpha
    with torch.autocast(features.device.type, torch.bfloat16, enabled=half):
        final: Tensor = network.superresolution(features * 2 - 1, planes.ws)
    return Views(final.float(), features[:, :3], alpha, _pictures(composited(weights, points), len(planes)))


def _samples(
    network: PublishedBackbone,
    planes: Planes,
    origins: Tensor,
    directions: Tensor,
    *,
    sampling: RaySampling,
    streams: Streams | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Sample every ray coarsely, then finely: depths (N * R, S), values (N * R, S, 3 + F), densities (N * R, S)."""
    count, rays = origins.shape[:2]

    def ask(depths: Tensor) -> tuple[Tensor, Tensor]:
        spread = depths.reshape(count, rays, -1, 1)
        xyz = origins[:, :, None] + directions[:, :, None] * spread  # (N, R, S, 3)
        found = field_at(network, planes, xyz.flatten(1, 2))
        values = torch.cat([found.colour, found.features], dim=-1)
        return values.reshape(count * rays, depths.shape[1], -1), found.density.reshape(count * rays, -1)

    depths = coarse_depths(sampling).to(origins).expand(count * rays, sampling.coarse)
    if streams is not None:
        jitter = _uniform(streams, rays, sampling.coarse, like=origins)
        depths = depths + (jitter - 0.5) * sampling.step  # the even places stand half a step late
    values, density = ask(depths)
    if not sampling.fine:
        return depths, values, density
    with torch.no_grad():
        at = None if streams is None else _uniform(streams, rays, sampling.fine, like=origins)
        added = fine_depths(depths, march_weights(depths, density), sampling.fine, at=at)
    added_values, added_density = ask(added)
    depths, order = torch.cat([depths, added], dim=1).sort(dim=1, stable=True)
    values = torch.cat([values, added_values], dim=1)
    values = values.gather(1, order[..., None].expand_as(values))
    return depths, values, torch.cat([density, added_density], dim=1).gather(1, order)


def _uniform(streams: Streams, rays: int, count: int, *, like: Tensor) -> Tensor:
    """Draw numbers 0..1 for each picture from its own generator, (N * rays, count)."""
    return torch.cat([torch.rand(rays, count, generator=each, device=like.device) for each in streams])


def _pictures(rows: Tensor, count: int) -> Tensor:
    """Lay rays (N * s * s, C) out as pictures (N, C, s, s)."""
    side = round((len(rows) // count) ** 0.5)
    return rows.reshape(count, side, side, -1).permute(0, 3, 1, 2)

"""The published generator: a StyleGAN2 whose features are steered by the picture (specification, sections 1.3 to 1.8).

Tensor names and shapes are those of the released generator, so that weights converted to safetensors load unchanged.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import Camera
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.nets.decoder import FoldedDecoder, TriplaneDecoder
from paic3d_studio.nets.field import FieldCondition, FieldSample, RadianceField, grid_points
from paic3d_studio.nets.modulated import FullyConnected, NoiseMode, SynthesisBlock, activated
from paic3d_studio.nets.stitching import FrontSource, StitchOptions, enlarged, stitched
from paic3d_studio.nets.superresolution import OUTPUT_SIZE, SuperResolution
from paic3d_studio.nets.triplane import PANIC3D_AXES, TriplaneAxes, split_layers
from paic3d_studio.nets.triplane_grid import TriplaneGrid, grid_densities
from paic3d_studio.nets.triplane_table import TriplaneTable
from paic3d_studio.nets.volume import (
    DensityEdit,
    MarchedRays,
    RaySampling,
    cropped,
    culled,
    edited,
    edited_density,
    march_picture,
)

_TILE = 1 << 13
"""Points at once: what is held of them stays in a core's second-level cache."""

TAG_RESOLUTION = 8
"""Resolution of the features to which the tagger's map is added."""


@dataclasses.dataclass(frozen=True)
class PublishedConfig:
    """Sizes of the published generator; a block of resolution r has min(channel_base / r, channel_max) channels.

    `resolution` is that of the planes, `render_size` the side in pixels of what rays are sent for, `output_size` that
    of the picture after super-resolution.
    """

    z_dim: int = 512
    w_dim: int = 512
    camera_dim: int = 25
    mapping_layers: int = 2
    channel_base: int = 32768
    channel_max: int = 512
    resolution: int = 256
    triplane_channels: int = 16
    triplane_layers: int = 3
    tag_channels: int = 512
    superresolution_channels: int = 16
    output_size: int = OUTPUT_SIZE
    render_size: int = 96
    box_side: float = BOX_SIDE
    axes: TriplaneAxes = PANIC3D_AXES
    feature_pooling: bool = True

    @classmethod
    def published(cls) -> PublishedConfig:
        """Return the sizes of the best published model: 29,211,200 numbers."""
        return cls()

    def channels(self, resolution: int) -> int:
        """Return how many channels the block of a resolution has."""
        return min(self.channel_base // resolution, self.channel_max)

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Resolutions of the blocks: 4, 8, ..., `resolution`."""
        return tuple(2**power for power in range(2, self.resolution.bit_length()))


class MappingNetwork(nn.Module):
    """A random code and a camera to one style code."""

    w_avg: Tensor

    def __init__(self, config: PublishedConfig) -> None:
        super().__init__()
        self.layers = config.mapping_layers
        self.embed = FullyConnected(config.camera_dim, config.w_dim)
        inputs = config.z_dim + config.w_dim
        for index in range(self.layers):
            setattr(self, f"fc{index}", FullyConnected(inputs, config.w_dim, learning_rate=0.01))
            inputs = config.w_dim
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(self, z: Tensor, camera: Tensor, *, truncation: float = 1.0) -> Tensor:
        """Map z (N, z_dim) and camera labels (N, 25) to w (N, w_dim); `truncation` below 1 draws it to the average."""
        x = torch.cat([_normalised(z), _normalised(self.embed(camera))], dim=1)
        for index in range(self.layers):
            x = activated(getattr(self, f"fc{index}")(x))
        return self.w_avg.lerp(x, truncation) if truncation != 1 else x


def _normalised(x: Tensor) -> Tensor:
    """Scale each row to a mean square of 1."""
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


def pooled_along_axes(x: Tensor) -> Tensor:
    """Replace the first eighth of the channels by their means along rows, the second by means along columns.

    So that what a row or column holds reaches the planes that do not see the picture (PAniC-3D, section 3.2).
    """
    eighth = x.shape[1] // 8
    rows, columns, rest = x[:, :eighth], x[:, eighth : 2 * eighth], x[:, 2 * eighth :]
    return torch.cat(
        [rows.mean(dim=3, keepdim=True).expand_as(rows), columns.mean(dim=2, keepdim=True).expand_as(columns), rest],
        dim=1,
    )


class SynthesisNetwork(nn.Module):
    """Style codes and conditions to the channels of a triplane."""

    def __init__(self, config: PublishedConfig) -> None:
        super().__init__()
        self.config = config
        inputs = 0
        for resolution in config.resolutions:
            outputs = config.channels(resolution)
            block = SynthesisBlock(
                inputs,
                outputs,
                w_dim=config.w_dim,
                resolution=resolution,
                picture=3 * config.triplane_channels * config.triplane_layers,
            )
            setattr(self, f"b{resolution}", block)
            inputs = outputs

    @property
    def style_count(self) -> int:
        """How many style codes the blocks take together."""
        return 2 * len(self.config.resolutions)

    def forward(
        self,
        ws: Tensor,
        picture: Tensor,
        tags: Tensor,
        *,
        noise: NoiseMode = "const",
        blocks: list[tuple[Tensor, Tensor]] | None = None,
        monitor: Monitor = SILENT,
    ) -> Tensor:
        """Return the planes (N, 3 * C * L, H, W).

        Args:
            ws: style codes (N, style_count, w_dim).
            picture: the condition, sRGB 0..1 on white, (N, 3, 512, 512).
            tags: the tagger's features (N, tag_channels, 8, 8).
            noise: whether the fixed noise is added.
            blocks: when given, receives features and skip picture of each block, conditions included.
            monitor: progress and cancel.

        Raises:
            Cancelled: as `monitor`.
        """
        x: Tensor | None = None
        skip: Tensor | None = None
        first = 0
        # The planes' rows run upwards, the picture's downwards.
        signal = (4 * (2 * picture - 1)).flip(2)
        for done, resolution in enumerate(self.config.resolutions):
            monitor.report(done / len(self.config.resolutions))
            block: SynthesisBlock = getattr(self, f"b{resolution}")
            x, skip = block(x, skip, ws[:, first : first + block.styles + 1], noise=noise)
            first += block.styles
            x, skip = self._conditioned(x, skip, signal, tags)
            if blocks is not None:
                blocks.append((x, skip))
        assert skip is not None
        return skip

    def _conditioned(self, x: Tensor, skip: Tensor, signal: Tensor, tags: Tensor) -> tuple[Tensor, Tensor]:
        """Add the tagger's map to a block's features, or lay the picture over them and pool along rows and columns."""
        resolution = x.shape[-1]
        if resolution == TAG_RESOLUTION:
            count = tags.shape[1]
            return torch.cat([x[:, :count] + tags, x[:, count:]], dim=1), skip
        resized = F.interpolate(signal, size=(resolution, resolution), mode="bilinear", align_corners=False)
        x = torch.cat([x[:, :-3], resized], dim=1)
        if resolution == self.config.resolution:
            skip = torch.cat([skip[:, :3] + resized, skip[:, 3:]], dim=1)
        return (pooled_along_axes(x) if self.config.feature_pooling else x), skip


class TriplaneGenerator(nn.Module):
    """Mapping and synthesis together."""

    def __init__(self, config: PublishedConfig) -> None:
        super().__init__()
        self.synthesis = SynthesisNetwork(config)
        self.mapping = MappingNetwork(config)

    def styles(self, z: Tensor, camera: Tensor, *, truncation: float = 1.0) -> Tensor:
        """Return the style codes of all layers (N, style_count, w_dim), all the same."""
        w: Tensor = self.mapping(z, camera, truncation=truncation)
        return w[:, None].expand(-1, self.synthesis.style_count, -1)


class PublishedField(RadianceField):
    """A triplane with its decoder; outside the box the decoder's answer to zeros stands, as published.

    Args:
        planes: (3, C, L, h, w).
        ws: the style codes, which steer super-resolution (1, count, w_dim).
        edits: applied to every density.
        surface_edits: those that also hold where the surface is taken; all of them when None.
        backbone: what made the field, and makes sharp views of it; None where none are wanted.
    """

    empty_outside = False

    def __init__(
        self,
        planes: Tensor,
        ws: Tensor,
        *,
        decoder: TriplaneDecoder,
        config: PublishedConfig,
        edits: Sequence[DensityEdit] = (),
        surface_edits: Sequence[DensityEdit] | None = None,
        backbone: PublishedBackbone | None = None,
    ) -> None:
        self._surface_edits = tuple(edits if surface_edits is None else surface_edits)
        self._backbone = backbone
        self.planes, self.ws, self.decoder, self.edits = planes, ws, decoder, tuple(edits)
        self.box_side, self.axes = config.box_side, config.axes

    def for_surface(self) -> PublishedField:
        """Return the field with the crop, but without the cull."""
        smooth = copy.copy(self)
        smooth.edits = self._surface_edits
        return smooth

    @cached_property
    def _table(self) -> TriplaneTable:
        return TriplaneTable(self.planes, box_side=self.box_side, axes=self.axes)

    @cached_property
    def _folded(self) -> FoldedDecoder:
        return self.decoder.folded(self.planes)

    @torch.no_grad()
    def query(self, xyz: Tensor) -> FieldSample:
        """Evaluate density, colour and 29 features at points (P, 3)."""
        samples = [self._folded(self._table.features(tile)) for tile in torch.split(xyz, _TILE)]
        density, colour, features = (
            torch.cat([getattr(sample, name.name) for sample in samples]) for name in dataclasses.fields(FieldSample)
        )
        return FieldSample(edited(density, xyz, self.edits), colour, features)

    @torch.no_grad()
    def density(self, xyz: Tensor) -> Tensor:
        """Evaluate the density alone at points (P, 3)."""
        return edited_density(self._unedited, xyz, self.edits)

    def _unedited(self, xyz: Tensor) -> Tensor:
        return torch.cat([self._folded.density(self._table.features(tile)) for tile in torch.split(xyz, _TILE)])

    @torch.no_grad()
    def density_grid(self, x: Tensor, y: Tensor, z: Tensor, *, monitor: Monitor = SILENT) -> Tensor:
        """Evaluate the density on a grid; arguments as `RadianceField.density_grid`."""
        grid = TriplaneGrid(self.planes, x, y, z, box_side=self.box_side, axes=self.axes)

        def of_slab(density: Tensor, i: int) -> Tensor:
            return edited(density, grid_points(x[i : i + 1], y, z), self.edits)

        return grid_densities(grid, self._folded, edited=of_slab if self.edits else None, monitor=monitor)

    def sharp_view(
        self, camera: Camera, *, size: int = OUTPUT_SIZE, stitch: StitchSource | None = None, monitor: Monitor = SILENT
    ) -> Tensor | None:
        """Render a view of 512 pixels through super-resolution; a stitched one may be larger, sRGB (1, 3, S, S)."""
        if self._backbone is None or stitch is None:
            return None if self._backbone is None else self._backbone.sharp_view(self, camera, monitor=monitor)
        front, size = FrontSource.of(stitch), max(size, OUTPUT_SIZE)
        return self._backbone.stitched_view(self, camera, front=front, size=size, monitor=monitor)


class PublishedBackbone(nn.Module):
    """The published generator: picture and tagger features to a radiance field, and views of it."""

    def __init__(self, config: PublishedConfig | None = None) -> None:
        super().__init__()
        self.config = config or PublishedConfig.published()
        self.backbone = TriplaneGenerator(self.config)
        self.superresolution = SuperResolution(
            hidden=self.config.superresolution_channels, w_dim=self.config.w_dim, size=self.config.output_size
        )
        self.decoder = TriplaneDecoder(self.config.triplane_channels)

    def field(
        self,
        condition: FieldCondition,
        *,
        seed: int = 0,
        edits: Sequence[DensityEdit] | None = None,
        monitor: Monitor = SILENT,
    ) -> PublishedField:
        """Reconstruct the field of one picture.

        Args:
            condition: the line-free picture and the tagger's features of the original one.
            seed: of the random code; the published system draws it from numpy's legacy generator.
            edits: changes to the density; None crops 0.1 m from the sides and culls what is thinner than 0.5, as the
                published system does when it renders.
            monitor: asked for cancel between the blocks of the network.

        Raises:
            Cancelled: as `monitor`.
            ValueError: the condition holds no tagger features.
        """
        if condition.tags is None:
            raise ValueError("the published backbone needs the tagger's features")
        z = self.code(seed=seed)
        surface_edits = edits
        if edits is None:
            crop = cropped(0.1, box_side=self.config.box_side)
            edits, surface_edits = (crop, culled(0.5)), (crop,)
        with torch.no_grad():
            ws = self.backbone.styles(z, torch.zeros(1, self.config.camera_dim))
            planes = self.backbone.synthesis(ws, condition.picture, condition.tags, monitor=monitor)
        return PublishedField(
            self.split(planes),
            ws,
            decoder=self.decoder,
            config=self.config,
            edits=edits,
            surface_edits=surface_edits,
            backbone=self,
        )

    def code(self, *, seed: int) -> Tensor:
        """Return the random code z of a seed (1, z_dim), drawn from numpy's legacy generator as published."""
        return torch.from_numpy(np.random.RandomState(seed).randn(1, self.config.z_dim)).float()

    def split(self, planes: Tensor) -> Tensor:
        """Reshape one synthesised triplane: (1, 3 * C * L, h, w) -> (3, C, L, h, w)."""
        three = planes.reshape(len(planes), 3, -1, *planes.shape[-2:])
        return split_layers(three, self.config.triplane_layers)[0]

    def sharp_view(
        self,
        field: PublishedField,
        camera: Camera,
        *,
        coarse: int = 96,
        fine: int = 96,
        edits: Sequence[DensityEdit] = (),
        monitor: Monitor = SILENT,
    ) -> Tensor:
        """Render a view of 512 pixels: features at the render size, then super-resolution; sRGB (1, 3, 512, 512)."""
        sampling = RaySampling(camera.distance - 0.5, camera.distance + 0.5, coarse, fine)
        marched = march_picture(
            field, camera, size=self.config.render_size, sampling=sampling, edits=edits, monitor=monitor
        )
        return self.sharpened(field, marched)

    def stitched_view(
        self,
        field: PublishedField,
        camera: Camera,
        *,
        front: FrontSource,
        size: int = OUTPUT_SIZE,
        coarse: int = 96,
        fine: int = 96,
        options: StitchOptions | None = None,
        monitor: Monitor = SILENT,
    ) -> Tensor:
        """Render a view and put the front picture back onto what the front sees; sRGB (1, 3, size, size).

        Args:
            field: what is shown.
            camera: where from.
            front: the artist's portrait or the line-free picture.
            size: side of the view in pixels; beyond 512 only stitched pixels gain detail.
            coarse: evenly spread samples on each ray.
            fine: further samples on each ray.
            options: thresholds of the stitching.
            monitor: progress and cancel.

        Raises:
            Cancelled: the work was cancelled.
        """
        sampling = RaySampling(camera.distance - 0.5, camera.distance + 0.5, coarse, fine)
        marched = march_picture(
            field, camera, size=self.config.render_size, sampling=sampling, monitor=monitor.child(0.0, 0.7)
        )
        sharp = self.sharpened(field, marched)
        with torch.inference_mode():
            return stitched(
                sharp if size == sharp.shape[-1] else enlarged(sharp, size),
                front=front,
                field=field,
                camera=camera,
                marched=marched,
                sampling=sampling,
                options=options,
                monitor=monitor.child(0.7, 1.0),
            )

    def sharpened(self, field: PublishedField, marched: MarchedRays) -> Tensor:
        """Turn the marched rays of a square picture into a view of 512 pixels, sRGB (1, 3, 512, 512)."""
        size = round(len(marched.weights) ** 0.5)
        on_white = marched.values + 1 - marched.weights[:, None]
        features = (on_white * 2 - 1).T.reshape(1, -1, size, size)
        with torch.no_grad():
            view: Tensor = self.superresolution(features, field.ws)
        return view

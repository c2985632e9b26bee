"""Our own small reconstructor: one picture to a multi-layer triplane, two pictures, two depth maps and a palette.

What differs from the published generator, and why: the side planes never see picture-aligned features beyond the
coarsest scale, because columns of the picture are then read as depth; a back picture is predicted beside the front one,
and each colours only what lies behind its own surface, because otherwise the face shows on the back of the head; all
other colours are mixed from colours of the picture, sorted by class, because a free colour turns unseen hair grey.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.nets.attributes import AttributeTagger
from paic3d_studio.nets.backbones.blocks import Encoder, FrontDecoder, Residual, convolution
from paic3d_studio.nets.backbones.depth_network import DepthNetwork
from paic3d_studio.nets.backbones.finish import Finish, finished_colour, picture_shares
from paic3d_studio.nets.backbones.maps import HALF, bled_colours, coordinates, resized, sampled_at
from paic3d_studio.nets.field import FieldCondition, RadianceField
from paic3d_studio.nets.triplane import sample_triplane

CLASSES: Final = ("hair", "skin", "cloth", "feature")
"""What the class maps tell apart; `feature` is eyes, brows and mouth."""

SHARPNESS: Final = 4.0
"""Factor of the logit inside the sigmoid of the occupancy that training sees; at 1 the field is fog."""

SLAB_WIDTH: Final = 0.02
"""Metres before or behind a surface over which the logit between the two depth maps grows by one."""

SLAB_RANGE: Final = (-3.0, 1.5)
"""Logits that the depth maps and the matte alone may reach; the decoder adds to them."""

FURTHER_LOOKS: Final = ((1.0, True), (0.93, False), (0.93, True))
"""Size and mirroring of the picture in each further look; the depth maps of all are averaged: errors differ from
look to look, the head does not."""

ADVISER: Final = "adviser."
"""How the names of the adviser's tensors begin."""

ADVISED_SHARE: Final = 0.5
"""How much of the depth maps is the adviser's, but for their edges."""


def without_adviser(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a compact reconstructor, by name, but for its adviser's."""
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(ADVISER)}


@dataclasses.dataclass(frozen=True)
class CompactConfig:
    """Sizes of the compact reconstructor.

    `picture` and `plane` are sides in pixels of what the encoder sees and of the planes (depths and classes of the
    front come out twice as fine as `picture`); `channels` and `layers` shape each plane; widths are channels at 1/2,
    1/4, 1/8 and 1/16 of the picture (encoder) and at 1/8, 1/4 and 1/2 (decoders); depths count further residual blocks
    there, wider inside (`blocks.DEEP_FACTOR`): where maps are coarse they cost next to nothing. `slots` counts palette
    colours per class, in the order of CLASSES. With `tags` the coarsest map also sees the feature map of a frozen
    AttributeTagger that knows them, as the published generator sees its tagger's. With `adviser` a frozen DepthNetwork
    of its usual sizes has a say in the depth maps of a finished field.
    """

    picture: int = 128
    plane: int = 64
    channels: int = 16
    layers: int = 3
    encoder_widths: tuple[int, ...] = (32, 48, 96, 160)
    front_widths: tuple[int, ...] = (96, 48, 32)
    side_widths: tuple[int, ...] = (64, 40, 24)
    encoder_depths: tuple[int, ...] = (0, 0, 2, 2)
    front_depths: tuple[int, ...] = (2, 1, 0)
    detail_width: int = 16
    edge_width: int = 24
    position_channels: int = 8
    hidden: int = 64
    slots: tuple[int, ...] = (4, 3, 4, 1)
    tags: tuple[str, ...] = ()
    adviser: bool = False

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):
                object.__setattr__(self, field.name, tuple(value))


@dataclasses.dataclass(frozen=True)
class Scene:
    """What the network knows about N pictures; rows of every map run upwards (y up), columns along x.

    `planes` (N, 3, C, L, h, w) at (x, y), (x, z) and (y, z); `front`, `back` (N, 3, H, W) colours 0..1 of the first
    surface seen from +z and from -z, without background; `alpha` (N, 1, H, W) 0..1; `depths` (N, 2, h, w) z of these
    surfaces in metres; `palette` (N, slots, 3); `classes` (N, 4, h, w) logits of the front picture; `back_classes`
    (N, 4, h, w) log-probabilities of the back picture. Sides differ from map to map.
    """

    planes: Tensor
    front: Tensor
    back: Tensor
    alpha: Tensor
    depths: Tensor
    palette: Tensor
    classes: Tensor
    back_classes: Tensor

    def hair_before(self, side: int) -> Tensor:
        """Return how sure each pixel of the front is to be hair, (N, 1, side, side) 0..1."""
        share = self.classes.softmax(1)[:, CLASSES.index("hair")][:, None]
        return F.interpolate(share, size=(side, side), mode="bilinear")

    def hair_behind(self, side: int) -> Tensor:
        """Return where the back picture is hair, (N, 1, side, side) 0..1."""
        share = self.back_classes.exp()[:, CLASSES.index("hair")][:, None]
        return (F.interpolate(share, size=(side, side), mode="bilinear") * 4 - 1.5).clamp(0, 1)


@dataclasses.dataclass(frozen=True)
class PointValues:
    """What the decoder says about points: `logit` (N, P), `colour` (N, P, 3) 0..1, `classes` (N, P, 4) shares."""

    logit: Tensor
    colour: Tensor
    classes: Tensor


class _SideDecoder(nn.Module):
    """A plane along z from the coarsest map and the means of the finer ones along the picture axis it drops."""

    def __init__(self, config: CompactConfig, *, drops: int) -> None:
        super().__init__()
        self.drops = drops
        skips = list(reversed(config.encoder_widths))
        side = config.plane // 8
        self.start = nn.Sequential(nn.Linear(skips[0], config.side_widths[0]), nn.SiLU())
        before = config.side_widths[0]
        steps, positions = [], []
        for number, (width, skip) in enumerate(zip((before, *config.side_widths), skips, strict=True)):
            steps.append(nn.Sequential(convolution(before + skip + config.position_channels, width), Residual(width)))
            positions.append(nn.Parameter(torch.randn(1, config.position_channels, side << number, side << number)))
            before = width
        self.steps = nn.ModuleList(steps)
        self.positions = nn.ParameterList(positions)
        self.out = nn.Conv2d(before, config.channels * config.layers, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return (N, channels * layers, plane, plane): rows along z, columns along the axis that is kept."""
        x = self.start(maps[-1].mean((2, 3)))[:, :, None, None]
        for step, position, skip in zip(self.steps, self.positions, reversed(maps), strict=True):
            means = skip.contiguous().mean(self.drops)[:, :, None, :]  # (N, C, 1, kept)
            side = position.shape[2]
            parts = (
                x.expand(-1, -1, side, side) if x.shape[-1] == 1 else F.interpolate(x, size=(side, side)),
                means.expand(-1, -1, side, -1),
                position.expand(x.shape[0], -1, -1, -1),
            )
            x = step(torch.cat(parts, 1))
        plane: Tensor = self.out(x)
        return plane


class _Edges(nn.Module):
    """What the picture's own pixels add to depths and classes, twice as fine as the encoder sees it; nothing at first.

    A strand before a cheek is narrower than a pixel of the encoder's maps.
    """

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        width, finer = config.edge_width, 2 * 2  # pixels in one of the encoder's
        inputs = config.front_widths[-1] + 6 + finer * 4
        self.layers = nn.Sequential(convolution(inputs, width), convolution(width, width))
        self.out = nn.Conv2d(width, finer * (2 + len(CLASSES)), 3, 1, 1)
        for values in self.out.parameters():
            nn.init.zeros_(values)

    def forward(self, features: Tensor, large: Tensor) -> tuple[Tensor, Tensor]:
        """Return depths in metres (N, 2, H, H) and logits of classes (N, 4, H, H) to be added.

        Args:
            features: (N, C, H / 2, H / 2).
            large: the picture and its matte, (N, 4, H, H) -1..1.
        """
        added = F.pixel_shuffle(self.out(self.layers(torch.cat((features, F.pixel_unshuffle(large, 2)), 1))), 2)
        return added[:, :2].float() * 0.1, added[:, 2:].float()


class CompactBackbone(nn.Module):
    """Turns a front picture into a radiance field in one pass; deterministic, without a latent (`seed` is unused).

    Args:
        config: sizes; the defaults are what the shipped weights were trained with, but that these have an adviser too.
    """

    def __init__(self, config: CompactConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or CompactConfig()
        width, slots = config.front_widths[-1], sum(config.slots)
        self.encoder = Encoder(6, config.encoder_widths, config.encoder_depths)
        if config.tags:
            self.tagger = AttributeTagger(config.tags).requires_grad_(False)
            self.tag_map = nn.Conv2d(self.tagger.channels, config.encoder_widths[-1], 1)
        if config.adviser:
            self.adviser = DepthNetwork().requires_grad_(False)
        self.front_decoder = FrontDecoder(config.encoder_widths, config.front_widths, config.front_depths)
        self.side_decoders = nn.ModuleList((_SideDecoder(config, drops=2), _SideDecoder(config, drops=3)))
        self.front_plane = nn.Conv2d(width, config.channels * config.layers, 1)
        self.class_map = nn.Conv2d(width, len(CLASSES), 1)
        self.slot_map = nn.Conv2d(width, slots, 1)
        self.detail = nn.Sequential(
            convolution(width + 6, config.detail_width), convolution(config.detail_width, config.detail_width)
        )
        self.depth_map = nn.Conv2d(config.detail_width, 2, 1)
        self.edges = _Edges(config)
        self.back_map = nn.Conv2d(config.detail_width, slots + 3, 1)
        inputs = 3 * config.channels + 12
        self.density_layers = nn.Sequential(
            nn.Linear(inputs, config.hidden), nn.SiLU(), nn.Linear(config.hidden, config.hidden), nn.SiLU()
        )
        self.density_out = nn.Linear(config.hidden, 1)
        self.colour_layers = nn.Sequential(nn.Linear(config.hidden + inputs, config.hidden), nn.SiLU())
        self.colour_out = nn.Linear(config.hidden, slots + 6)
        owner = torch.repeat_interleave(torch.arange(len(CLASSES)), torch.tensor(config.slots))
        self.register_buffer("slot_class", F.one_hot(owner, len(CLASSES)).float(), persistent=False)  # (slots, 4)

    def scene(self, picture: Tensor, alpha: Tensor) -> Scene:
        """Encode pictures.

        Args:
            picture: (N, 3, H, H) 0..1 on white, row 0 at the top; H is at least twice the configured picture side.
            alpha: (N, 1, H, H) 0..1.
        """
        told = self._told(picture, alpha)
        picture, alpha = picture.flip(2), alpha.flip(2)
        front = bled_colours(picture, alpha)
        side = self.config.picture
        large = F.interpolate(torch.cat((front, alpha), 1), size=(2 * side, 2 * side), mode="area")
        small = F.avg_pool2d(large, 2)
        seen = torch.cat((_on_white(small), coordinates(small)), 1) * 2 - 1
        maps = self.encoder(seen)
        maps[-1] = maps[-1] + told
        features = self.front_decoder(maps)
        classes = self.class_map(features).float()
        palette = self._palette(features, classes, small)
        fine = torch.cat((F.interpolate(features, scale_factor=2.0, mode="bilinear"), seen), 1)
        detail = self.detail(fine)
        back, back_classes = self._back(detail, palette)
        deeper, surer = self.edges(fine, _on_white(large) * 2 - 1)
        depths = F.interpolate(self.depth_map(detail).float() * 0.1, scale_factor=2.0, mode="bilinear") + deeper
        classes = F.interpolate(classes, scale_factor=4.0, mode="bilinear") + surer
        planes = torch.stack([self.front_plane(features), *(side(maps) for side in self.side_decoders)], 1).float()
        n, _, _, h, w = planes.shape
        planes = planes.view(n, 3, self.config.channels, self.config.layers, h, w)
        return Scene(planes, front, back, alpha, depths, palette, classes, back_classes)

    def _told(self, picture: Tensor, alpha: Tensor) -> Tensor | float:
        """Return what the tagger adds to the coarsest map, rows upwards; nothing without one."""
        if not self.config.tags:
            return 0.0
        added: Tensor = self.tag_map(self.tagger.features(picture, alpha).flip(2))
        return added

    def _palette(self, features: Tensor, classes: Tensor, picture: Tensor) -> Tensor:
        """Return (N, slots, 3): means of picture colours under attention maps, each kept to its slot's class."""
        side = features.shape[-1]
        small = F.interpolate(picture, size=(side, side), mode="area").flatten(2)
        belongs = torch.einsum("sc,ncp->nsp", self.slot_class, F.log_softmax(classes, 1).flatten(2))
        logits = self.slot_map(features).float().flatten(2) + belongs + (small[:, 3:] + 1e-4).log()
        return torch.einsum("nsp,ncp->nsc", logits.softmax(2), small[:, :3])

    def _back(self, detail: Tensor, palette: Tensor) -> tuple[Tensor, Tensor]:
        """Return the back picture (N, 3, H, W) and the log-probabilities of its classes (N, 4, H, W)."""
        values = self.back_map(detail).float()
        slots = palette.shape[1]
        shares = values[:, :slots].softmax(1)
        colour = torch.einsum("nshw,nsc->nchw", shares, palette) + 0.15 * values[:, slots:].tanh()
        classes = torch.einsum("nshw,sc->nchw", shares, self.slot_class)
        return colour.clamp(0, 1), (classes + 1e-5).log()

    def values(self, scene: Scene, xyz: Tensor, *, finish: Finish | None = None) -> PointValues:
        """Decode density and colour at points (N, P, 3) in metres.

        Args:
            scene: what is known about the pictures.
            xyz: where.
            finish: what only a finished field knows; while the network is trained the predicted depths stand in for
                its surfaces. What a picture shows is its colour for certain.
        """
        inputs, pictures, depths = self._inputs(scene, xyz)
        hidden = self.density_layers(inputs)
        logit = _slab_logit(xyz, depths, pictures[..., 3]) + self.density_out(hidden).float()[..., 0]
        colours = self.colour_out(self.colour_layers(torch.cat((hidden, inputs), 2))).float()
        slots = scene.palette.shape[1]
        shares = colours[..., :slots].softmax(2)
        palette = torch.bmm(shares, scene.palette) + 0.15 * colours[..., slots : slots + 3].tanh()
        sources = colours[..., slots + 3 :].softmax(2)
        classes = shares @ self.slot_class
        if finish is not None:
            colour = finished_colour(finish, xyz, pictures, palette, sources, classes[..., :1])
        else:
            front, back = picture_shares(sources, xyz[..., 2], depths.detach())
            colour = front * pictures[..., :3] + back * pictures[..., 4:] + (1 - front - back) * palette
        return PointValues(logit, colour.clamp(0, 1), classes)

    def logit(self, scene: Scene, xyz: Tensor) -> Tensor:
        """Decode the density logit alone at points (N, P, 3) in metres, (N, P)."""
        inputs, pictures, depths = self._inputs(scene, xyz)
        added: Tensor = self.density_out(self.density_layers(inputs)).float()[..., 0]
        return _slab_logit(xyz, depths, pictures[..., 3]) + added

    def _inputs(self, scene: Scene, xyz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the decoder's inputs (N, P, F), the pictures (N, P, 7) and the two depths (N, P, 2) at points."""
        features = sample_triplane(scene.planes, xyz, box_side=BOX_SIDE, reduce="none")
        features = features.permute(0, 2, 1, 3).flatten(2)  # (N, 3, P, C) -> (N, P, 3 C)
        front = sampled_at(torch.cat((scene.front, scene.alpha), 1), xyz)
        pictures, depths = torch.cat((front, sampled_at(scene.back, xyz)), 2), sampled_at(scene.depths, xyz)
        place = ((xyz[..., 2:] - depths) / 0.03).tanh()
        return torch.cat((features, pictures.detach() * 2 - 1, place, xyz / HALF), 2), pictures, depths

    @torch.no_grad()
    def field(
        self,
        condition: FieldCondition,
        *,
        seed: int = 0,  # noqa: ARG002 - contract of backbones
        monitor: Monitor = SILENT,
    ) -> RadianceField:
        """Return the radiance field of one picture.

        Args:
            condition: the line-free picture on white and its alpha; tags are not used.
            seed: not used: this network has no latent.
            monitor: progress and cancel.

        Raises:
            Cancelled: as `monitor`.
        """
        from paic3d_studio.nets.backbones.compact_field import CompactField

        monitor.report(0.0)
        scene = self.scene(condition.picture, condition.alpha)
        depths = self._steady_depths(condition, first=scene.depths, monitor=monitor.child(0.2, 0.7))
        return CompactField(self, dataclasses.replace(scene, depths=depths), monitor=monitor.child(0.7, 1.0))

    def _steady_depths(self, condition: FieldCondition, *, first: Tensor, monitor: Monitor) -> Tensor:
        """Return the depth maps (1, 2, h, w) as the mean of those of the `first` look and of FURTHER_LOOKS.

        An adviser has a share of it. Edges are those of the looks at full size, which no resizing has blurred.
        """
        found, sharp, advised = [first], [first], []
        if self.config.adviser:
            advised.append(self.adviser(condition.picture, condition.alpha))
        for done, (size, mirrored) in enumerate(FURTHER_LOOKS):
            monitor.report(done / len(FURTHER_LOOKS))
            look = _Look(condition, size=size, mirrored=mirrored)
            found.append(look.undone(self.scene(look.picture, look.alpha).depths))
            sharp += [found[-1]] * (size == 1)
            if self.config.adviser:
                advised.append(look.undone(self.adviser(look.picture, look.alpha)))
        edges, mean = torch.stack(sharp).mean(0), torch.stack(found).mean(0)
        if advised:
            advice = F.interpolate(torch.stack(advised).mean(0), size=mean.shape[2:], mode="bilinear")
            mean = torch.lerp(mean, advice, ADVISED_SHARE)
        correction = F.avg_pool2d(mean - edges, 4)
        return edges + F.interpolate(correction, scale_factor=4.0, mode="bilinear")


class _Look:
    """A picture seen again, smaller or mirrored: `picture` and `alpha` as in its condition."""

    def __init__(self, condition: FieldCondition, *, size: float, mirrored: bool) -> None:
        self._size, self._mirrored = size, mirrored
        self.picture = self._turned(resized(condition.picture, size, outside=1.0))
        self.alpha = self._turned(resized(condition.alpha, size, outside=0.0))

    def undone(self, depths: Tensor) -> Tensor:
        """Return depth maps (1, C, h, w) of this look as those of the picture itself."""
        return resized(self._turned(depths), 1 / self._size, outside=0.0) / self._size

    def _turned(self, maps: Tensor) -> Tensor:
        return maps.flip(3) if self._mirrored else maps


def _on_white(maps: Tensor) -> Tensor:
    """Return colours and matte (N, 4, H, W) with the colours composited on white."""
    colours, alpha = maps[:, :3], maps[:, 3:]
    return torch.cat((colours * alpha + 1 - alpha, alpha), 1)


def _slab_logit(xyz: Tensor, depths: Tensor, alpha: Tensor) -> Tensor:
    """Return the logit (N, P) of lying under the matte and between the two depth maps, before any correction."""
    ahead, behind = depths[..., 0] - xyz[..., 2], xyz[..., 2] - depths[..., 1]
    within = torch.minimum(ahead, behind) / SLAB_WIDTH
    edge = (2 * alpha - 1) * torch.where(alpha < 0.5, -SLAB_RANGE[0], SLAB_RANGE[1])
    return torch.minimum(within, edge).clamp(*SLAB_RANGE)

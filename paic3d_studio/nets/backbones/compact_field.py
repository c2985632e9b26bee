"""The field that the compact reconstructor makes of one picture."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.nets.backbones.closing import FLOOR, closed, closed_at, lattice, nothing_closed
from paic3d_studio.nets.backbones.compact import Scene
from paic3d_studio.nets.backbones.finish import Finish
from paic3d_studio.nets.backbones.hair_shells import HairShells
from paic3d_studio.nets.backbones.maps import HALF, sampled_at
from paic3d_studio.nets.backbones.slender import SlenderLocks
from paic3d_studio.nets.backbones.unseen import seam, sides, smooth_back, strands
from paic3d_studio.nets.field import FieldSample, RadianceField

if TYPE_CHECKING:
    from paic3d_studio.nets.backbones.compact import CompactBackbone

DENSITY_SCALE: Final = 300.0
"""Density of the inside in 1/m: a ray that enters is opaque after two centimetres."""

EMPTY_DENSITY: Final = 1 + math.log(math.expm1(1e-4))
"""The density whose extinction is 1e-4 per metre."""

FIELD_SHARPNESS: Final = 10.0
"""The same factor in the finished field: what training was unsure of is decided, the surface stays where it is."""

ENTRY: Final = 0.05
"""Added to every logit: composited depth lies about two millimetres behind the surface that a ray enters. That makes
up for one of them; with twice as much silhouettes are too wide (docs/training-log.md)."""

LIFT_LEVEL: Final = 0.05
"""Logit that every solid pixel of the matte reaches somewhere along its ray."""

LIFT_SIDE: Final = 128
"""Side of the map of these rays, in pixels."""

LIFT_MOST: Final = 1.5
"""The most that is added to a logit to that end."""

LIFT_MARGIN: Final = 0.006
"""Metres outside the depth maps from which on nothing is added: what is raised there is a blade in the air."""

LIFT_FALL: Final = 0.002
"""Metres before that over which less is added. All is up to 4 mm outside them, 8 mm along a ray where they meet, which
holds one of its samples."""

LIFT_STEPS: Final = 56
"""Samples along such a ray."""

LIFT_REACH: Final = 0.2
"""Metres before and behind z = 0 that such a ray covers."""

PART: Final = 57_344
"""Points that are decoded at once: 1,024 such rays."""

OUTER_MARGIN: Final = 0.02
"""Metres before the first and behind the last predicted surface beyond which nothing can stand."""

OUTER_FALL: Final = 0.01
"""Metres over which the highest possible logit falls by one there."""

STEP: Final = 0.005
"""Metres of depth within a pixel of that map that are a step."""


def density_from_logit(logit: Tensor) -> Tensor:
    """Return the density d for which softplus(d - 1) is DENSITY_SCALE * sigmoid(FIELD_SHARPNESS * (logit + ENTRY))."""
    extinction = (DENSITY_SCALE * torch.sigmoid(FIELD_SHARPNESS * (logit + ENTRY))).clamp(min=1e-4)
    return 1 + extinction + torch.log(-torch.expm1(-extinction))


def _last_crossing(logit: Tensor, z: Tensor) -> Tensor:
    """Return where rows of logits (R, S) at `z` (S,), each positive somewhere, are so for the last time, (R,)."""
    count = len(z)
    last = count - 1 - (logit > 0).flip(1).int().argmax(1)
    after = (last + 1).clamp(max=count - 1)
    inner, outer = logit.gather(1, last[:, None])[:, 0], logit.gather(1, after[:, None])[:, 0]
    along = (inner / (inner - outer).clamp(min=1e-6)).clamp(0, 1)
    return torch.lerp(z[last], z[after], along)


class CompactField(RadianceField):
    """The field of one picture; 1e-4 per metre is its emptiest, DENSITY_SCALE its fullest extinction.

    Nothing is where the front picture shows nothing, which also spares most points the network; and something is
    behind every solid pixel, hair where it shows hair on either side, and no hole in the back of the head. Locks that
    stand free are as deep as wide, whatever the network says of them.
    """

    surface_level = 1 + DENSITY_SCALE / (1 + math.exp(-FIELD_SHARPNESS * ENTRY))  # where the logit is 0

    def __init__(self, backbone: CompactBackbone, scene: Scene, *, monitor: Monitor = SILENT) -> None:
        self._backbone = backbone
        self.scene = dataclasses.replace(scene, back=smooth_back(scene))
        self.box_side = BOX_SIDE
        self._shown = F.max_pool2d(scene.alpha, 5, 1, 2)[0, 0] > 0.02
        self._lift = scene.depths.new_zeros(1, 1, LIFT_SIDE, LIFT_SIDE)
        self._shells = HairShells.of(scene)
        self._slender = SlenderLocks.of(scene)
        self._bounds = torch.cat((scene.depths, self._shells.hair_on_both), 1)
        self._closed = nothing_closed()
        predicted = _shrunk(scene.depths)
        surfaces = self._look_along_rays(predicted, monitor)
        found = (surfaces - predicted) * (1 - _steps(scene.depths))
        surfaces = scene.depths + F.interpolate(found, size=scene.depths.shape[2:], mode="bilinear")
        surfaces = self._slender.surfaces(surfaces)
        first, last = surfaces[:, :1], surfaces[:, 1:]
        self._finish = Finish(surfaces, strands(scene), sides(scene, first), seam(scene, last), self._shells.where)

    def _look_along_rays(self, predicted: Tensor, monitor: Monitor) -> Tensor:
        """Find what the best logit of each solid pixel lacks, then the gaps; return the first and last surfaces.

        They are z in metres, (1, 2, LIFT_SIDE, LIFT_SIDE); where no pixel is solid or nothing is met, as `predicted`.
        """
        rows, columns = torch.nonzero(_shrunk(self.scene.alpha)[0, 0] > 0.5, as_tuple=True)
        x, y = (((place + 0.5) / LIFT_SIDE - 0.5) * BOX_SIDE for place in (columns, rows))
        z = torch.linspace(-LIFT_REACH, LIFT_REACH, LIFT_STEPS)
        xyz = torch.stack((x[:, None].expand(-1, len(z)), y[:, None].expand(-1, len(z)), z.expand(len(x), -1)), 2)
        points = xyz.flatten(0, 1)
        capped = self._capped_in_parts(points, monitor.child(0.0, 0.7))
        seen = torch.maximum(capped, self._shells.logits(points)[:, 0])  # hair at the back is no reason to see it
        first, last = sampled_at(self.scene.depths, points[None])[0].unbind(1)
        seen, between = (values.view(-1, len(z)) for values in (seen, _between(points[:, 2], first, last)))
        lack = LIFT_LEVEL - seen.where(between >= 1, -LIFT_MOST).amax(1)  # of the best place between the maps
        self._lift[0, 0][rows, columns] = lack.clamp(0, LIFT_MOST).where(seen.amax(1) < LIFT_LEVEL, 0.0)
        self._closed = self._closed_gaps(monitor.child(0.7, 1.0))
        logit = self._raised(capped, points).view(-1, len(z))
        hit = (logit > 0).any(1)
        rows, columns, logit = rows[hit], columns[hit], logit[hit]
        surfaces = predicted.clone()
        surfaces[0, 0][rows, columns] = _last_crossing(logit, z)
        surfaces[0, 1][rows, columns] = _last_crossing(logit.flip(1), z.flip(0))
        return surfaces

    def _capped_in_parts(self, xyz: Tensor, monitor: Monitor) -> Tensor:
        """Return capped logits (P,) of many points."""
        logit = xyz.new_empty(len(xyz))
        for start in range(0, len(xyz), PART):
            monitor.report(start / len(xyz))
            part = xyz[start : start + PART]
            logit[start : start + PART] = self._capped(self._backbone.logit(self.scene, part[None])[0], part)
        return logit

    def _closed_gaps(self, monitor: Monitor) -> Tensor:
        """Return the volume that closes gaps in the field as it is so far."""
        xyz = lattice()
        first, last = sampled_at(self.scene.depths, xyz[None])[0].unbind(1)
        lowest = FLOOR * OUTER_FALL - OUTER_MARGIN  # further out no logit is above the floor
        asked = self._candidates(xyz) & (torch.minimum(first - xyz[:, 2], xyz[:, 2] - last) > lowest)
        points, logit = xyz[asked], xyz.new_full((len(xyz),), FLOOR)
        logit[asked] = self._raised(self._capped_in_parts(points, monitor), points)
        return closed(logit)

    def _capped(self, logit: Tensor, xyz: Tensor) -> Tensor:
        """Return logits (P,) with nothing afloat before the first surface or behind the last."""
        first, last = sampled_at(self.scene.depths, xyz[None])[0].unbind(1)
        inwards = torch.minimum(first - xyz[:, 2], xyz[:, 2] - last)
        return torch.minimum(logit, (inwards + OUTER_MARGIN) / OUTER_FALL)

    def _raised(self, capped: Tensor, xyz: Tensor) -> Tensor:
        """Return capped logits (P,), raised where their pixel would stay empty, where hair stands and in gaps.

        Those of slender locks are these locks' alone.
        """
        first, last, hair = sampled_at(self._bounds, xyz[None])[0].unbind(1)
        z = xyz[:, 2]
        lifted = capped + _between(z, first, last) * sampled_at(self._lift, xyz[None])[0, :, 0]
        gaps = closed_at(self._closed, xyz, past_first=first - z, ahead_of_last=z - last, within_hair=hair)
        raised = torch.maximum(torch.maximum(lifted, self._shells.logits(xyz).amax(1)), gaps)
        return self._slender.shaped(raised, xyz)

    def _density(self, logit: Tensor, xyz: Tensor) -> Tensor:
        """Return the density (P,) that a decoded logit (P,) comes to."""
        return density_from_logit(self._raised(self._capped(logit, xyz), xyz))

    def _candidates(self, xyz: Tensor) -> Tensor:
        """Return which points (P, 3) lie before or behind a pixel of the matte, or within two pixels of one."""
        side = len(self._shown)
        place = ((xyz[:, :2] / BOX_SIDE + 0.5) * side).floor().long()
        inside = ((place >= 0) & (place < side)).all(1) & (xyz[:, 2].abs() <= HALF)
        column, row = place.clamp(0, side - 1).unbind(1)
        return inside & self._shown[row, column]

    @torch.no_grad()
    def query(self, xyz: Tensor) -> FieldSample:
        """Return density, colour and class shares (as features) at points (P, 3) in metres."""
        values = self._backbone.values(self.scene, xyz[None], finish=self._finish)
        density = self._density(values.logit[0], xyz).where(self._candidates(xyz), EMPTY_DENSITY)
        return FieldSample(density, values.colour[0], values.classes[0])

    @torch.no_grad()
    def density(self, xyz: Tensor) -> Tensor:
        """Return density (P,) at points (P, 3) in metres, at a fraction of the price of `query`."""
        asked = self._candidates(xyz)
        density = xyz.new_full((len(xyz),), EMPTY_DENSITY)
        density[asked] = self._density(self._backbone.logit(self.scene, xyz[asked][None])[0], xyz[asked])
        return density


def _between(z: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """Return 1 for z between two depths, whichever is nearer, falling to 0 at LIFT_MARGIN outside them."""
    inwards = torch.minimum(torch.maximum(first, last) - z, z - torch.minimum(first, last))
    return ((inwards + LIFT_MARGIN) / LIFT_FALL).clamp(0, 1)


def _steps(depths: Tensor) -> Tensor:
    """Return 1 for pixels of LIFT_SIDE in which depth maps (N, C, h, w) step, where a ray tells of one side, else 0."""
    size = (LIFT_SIDE, LIFT_SIDE)
    return (F.adaptive_max_pool2d(depths, size) + F.adaptive_max_pool2d(-depths, size) > STEP).float()


def _shrunk(maps: Tensor) -> Tensor:
    """Return maps (N, C, h, w) with LIFT_SIDE pixels a side."""
    return F.interpolate(maps, size=(LIFT_SIDE, LIFT_SIDE), mode="area")

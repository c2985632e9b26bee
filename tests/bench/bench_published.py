"""Measure the published generator at full size: seconds and peak memory of each part, each in a fresh process.

PYTHONPATH=. python tests/bench/bench_published.py [--runs 5] [--threads 2] [CASE ...]

The weights are random but seeded: N(0, 1), as StyleGAN initialises them. They make a thin fog in which no ray ever ends
and no space is empty ("fog", rendered without edits). The "head" is the same planes and decoder with one feature
replaced by an ellipsoid of a head's size that one hidden unit turns into a density of up to 300, and with the rest of
space emptied by the bias; it is rendered with the published crop and cull. A trained field lies between the two.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from paic3d_studio.core.camera import Camera
from paic3d_studio.nets.backbones.published import PublishedBackbone, PublishedField
from paic3d_studio.nets.field import FieldCondition, RadianceField, density_lattice
from paic3d_studio.nets.infill import InfillNetwork
from paic3d_studio.nets.stitching import stitched
from paic3d_studio.nets.tagger import Tagger
from paic3d_studio.nets.volume import DensityEdit, RaySampling, cropped, culled, march_picture

SAMPLING = RaySampling(0.5, 1.5, 96, 96)
CAMERA = Camera(15, 5)
HEAD = (0.16, 0.2, 0.17)
"""Half axes of the head, metres."""


def backbone() -> PublishedBackbone:
    torch.manual_seed(0)
    return PublishedBackbone().eval().requires_grad_(False)


def condition() -> FieldCondition:
    generator = torch.Generator().manual_seed(1)
    small = torch.rand(1, 3, 16, 16, generator=generator)
    picture = torch.nn.functional.interpolate(small, size=(512, 512), mode="bicubic").clamp(0, 1)
    return FieldCondition(picture, torch.ones(1, 1, 512, 512), torch.randn(1, 512, 8, 8, generator=generator))


def fog(network: PublishedBackbone) -> PublishedField:
    return network.field(condition(), edits=())


def head(network: PublishedBackbone) -> PublishedField:
    fog = network.field(condition(), edits=())
    planes, size = fog.planes.clone(), fog.planes.shape[-1]
    steps = ((torch.arange(size) + 0.5) / size - 0.5) * fog.box_side
    x, y, z = ((steps / half).square() for half in HEAD)
    planes[0, 0] = 1.5 * (1 - x[None, :] - y[:, None])  # the mean of the three planes is 1 - r^2, about
    planes[1, 0] = 1.5 * (1 - x[None, :] - z[:, None])
    planes[2, 0] = 1.5 * (1 - y[None, :] - z[:, None])
    first, last = network.decoder.net[0], network.decoder.net[2]
    first.weight[0] = 0
    first.weight[0, 0] = 20 / first.weight_gain
    last.weight[0, 0] = 300 / 20 / last.weight_gain
    last.bias[0] = -12
    return PublishedField(planes, fog.ws, decoder=network.decoder, config=network.config, edits=EDITS)


EDITS: tuple[DensityEdit, ...] = (cropped(0.1, box_side=0.7), culled(0.5))


def stitched_view(network: PublishedBackbone, field: PublishedField) -> Tensor:
    marched = march_picture(field, CAMERA, size=network.config.render_size, sampling=SAMPLING)
    view = network.sharpened(field, marched)
    front = condition().picture
    return stitched(view, front=front, field=field, camera=CAMERA, marched=marched, sampling=SAMPLING)


def planes_case() -> Callable[[], object]:
    network, seen = backbone(), condition()
    return lambda: network.field(seen, edits=())


def tagger_case() -> Callable[[], object]:
    torch.manual_seed(0)
    tagger, picture = Tagger().eval().requires_grad_(False), condition().picture
    return lambda: tagger(picture)


def view_case(make: Callable[[PublishedBackbone], PublishedField]) -> Callable[[], object]:
    field = make(backbone())
    return lambda: march_picture(field, CAMERA, size=96, sampling=SAMPLING)


def stitched_case(make: Callable[[PublishedBackbone], PublishedField]) -> Callable[[], object]:
    network = backbone()
    field = make(network)
    return lambda: stitched_view(network, field)


def dense_density(field: RadianceField, resolution: int) -> Tensor:
    axis = torch.linspace(-field.box_side / 2, field.box_side / 2, resolution)
    with torch.inference_mode():
        return field.density_grid(axis, axis, axis)


def grid_case(resolution: int) -> Callable[[], object]:
    field = fog(backbone())
    return lambda: dense_density(field, resolution)


def lattice_case(resolution: int) -> Callable[[], object]:
    field = head(backbone())
    return lambda: density_lattice(field, resolution)


def infill_case() -> Callable[[], object]:
    torch.manual_seed(0)
    network, picture = InfillNetwork().eval().requires_grad_(False), condition().picture
    lines = (picture[:, :1] > 0.8).float()
    return lambda: network(picture, lines)


def whole_case() -> Callable[[], object]:
    network, infill, tagger = backbone(), infill_case(), tagger_case()

    def run() -> None:
        infill()
        tagger()
        field = network.field(condition(), edits=())
        dense_density(field, 256)
        stitched_view(network, head(network))

    return run


CASES: dict[str, tuple[str, Callable[[], Callable[[], object]]]] = {
    "planes": ("planes from a picture and tags (backbone)", planes_case),
    "tagger": ("tagger, 512 to 8 x 8", tagger_case),
    "view-fog": ("view 96 x 96, 96 + 96 samples, fog", lambda: view_case(fog)),
    "view-head": ("view 96 x 96, 96 + 96 samples, head", lambda: view_case(head)),
    "stitched-fog": ("stitched view of 512, fog", lambda: stitched_case(fog)),
    "stitched-head": ("stitched view of 512, head", lambda: stitched_case(head)),
    "grid-128": ("density on a full grid of 128^3", lambda: grid_case(128)),
    "grid-256": ("density on a full grid of 256^3", lambda: grid_case(256)),
    "lattice-256": ("density lattice of 256^3 along the surface, head", lambda: lattice_case(256)),
    "infill": ("line removal at 512", infill_case),
    "whole": ("all of it once: line removal, tagger, planes, grid of 256^3, stitched head", whole_case),
}


def measured(case: str, runs: int, threads: int) -> dict[str, float]:
    """Run one case in this process: median seconds, median processor seconds, peak and resting memory in MiB."""
    torch.set_num_threads(threads)
    with torch.inference_mode():
        run = CASES[case][1]()
        resting = _peak()
        if runs > 1:
            run()
        walls, processors = [], []
        for _ in range(runs):
            wall, processor = time.perf_counter(), time.process_time()
            run()
            walls.append(time.perf_counter() - wall)
            processors.append(time.process_time() - processor)
    return {
        "wall": statistics.median(walls),
        "least": min(walls),
        "processor": statistics.median(processors),
        "resting": resting,
        "peak": _peak(),
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def commit() -> str:
    """Return the commit that is measured, with a plus where the tree differs from it."""
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measured(arguments.child, arguments.runs, arguments.threads)))
        return
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__} with {arguments.threads} threads, "
        f"commit {commit()}, median of {arguments.runs} runs after one to warm up\n"
    )
    print("| what | seconds | least | processor seconds | peak MiB | of which before the first run |")
    print("|---|---|---|---|---|---|", flush=True)
    for case in arguments.cases or CASES:
        runs = 1 if case == "whole" else arguments.runs
        command = [sys.executable, __file__, "--child", case, "--runs", str(runs), "--threads", str(arguments.threads)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        print(
            f"| {CASES[case][0]} | {found['wall']:.3f} | {found['least']:.3f} | {found['processor']:.3f} "
            f"| {found['peak']:.0f} | {found['resting']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""Average the weights of networks of one shape: `python -m paic3d_studio.training.average A=0.3 B=0.7 --out FILE`.

What was trained on from one beginning lies in one valley of the loss: the mean is often better than its parts
(Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files


def averaged(parts: Sequence[tuple[Mapping[str, Tensor], float]]) -> dict[str, Tensor]:
    """Return the weighted mean of tensors of the same names and shapes, as float16; shares are divided by their sum.

    Raises:
        UserError: names or shapes differ, or the shares sum to nothing.
    """
    total = sum(share for _, share in parts)
    first = parts[0][0]
    shapes = [{name: tensor.shape for name, tensor in tensors.items()} for tensors, _ in parts]
    if total <= 0 or any(shape != shapes[0] for shape in shapes):
        raise UserError("These weights cannot be averaged.", "Give files of one network, with shares above zero.")
    return {
        name: torch.stack([tensors[name].float() * (share / total) for tensors, share in parts]).sum(0).half()
        for name in first
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Average from the command line; exit code 2 for what the caller can mend."""
    parser = argparse.ArgumentParser(prog="python -m paic3d_studio.training.average", description=__doc__)
    parser.add_argument("parts", metavar="FILE=SHARE", nargs="+", help="safetensors and how much they count")
    parser.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    arguments = parser.parse_args(argv)
    try:
        named = [part.rpartition("=") for part in arguments.parts]
        parts = [(safetensors.torch.load_file(Path(file)), float(share)) for file, _, share in named]
        size = write_files({arguments.out: safetensors.torch.save(averaged(parts))})
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"{error}. Give files as FILE=SHARE.", file=sys.stderr)
        return 2
    print(f"{arguments.out}: {size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Average the weights of networks of one shape: `python -m paic3d_studio.training.average A=0.3 B=0.7 --out FILE`.

What was trained on from one beginning lies in one valley of the loss: the mean is often better than its parts
(Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022). With `--adviser` a depth network joins a compact
reconstructor; one file with any share will do then.
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
from paic3d_studio.nets.backbones.compact import ADVISER, without_adviser


def averaged(parts: Sequence[tuple[Mapping[str, Tensor], float]], *, whole: str = "") -> dict[str, Tensor]:
    """Return the weighted mean of tensors of the same names and shapes, as float16; shares are divided by their sum.

    Args:
        parts: tensors by name, and how much they count.
        whole: how the names begin of tensors that are the last part's alone, as those of layers that the others do not
            have or had not trained; "" averages all.

    Raises:
        UserError: names or shapes differ, the shares sum to nothing, or the last part has no tensor named `whole`.
    """
    last = parts[-1][0]
    alone = {name: tensor.half() for name, tensor in last.items() if whole and name.startswith(whole)}
    if whole and not alone:
        raise UserError(f"No tensor has a name that begins with “{whole}”.", "Check the name.")
    total = sum(share for _, share in parts)
    shared = [{name: tensor for name, tensor in tensors.items() if name not in alone} for tensors, _ in parts]
    shapes = [{name: tensor.shape for name, tensor in tensors.items()} for tensors in shared]
    if total <= 0 or any(shape != shapes[0] for shape in shapes):
        raise UserError("These weights cannot be averaged.", "Give files of one network, with shares above zero.")
    shares = [share / total for _, share in parts]
    mean = {
        name: torch.stack([tensors[name].float() * share for tensors, share in zip(shared, shares, strict=True)]).sum(0)
        for name in shared[0]
    }
    return {name: tensor.half() for name, tensor in mean.items()} | alone


def with_adviser(compact: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a compact reconstructor with an adviser, in place of one that it has.

    Args:
        compact: its tensors by name.
        other: those of a depth network, or of a reconstructor whose adviser is taken.

    Raises:
        UserError: `other` is a reconstructor without an adviser.
    """
    lent = {name: tensor for name, tensor in other.items() if name.startswith(ADVISER)}
    if not lent and "density_out.weight" in other:
        raise UserError("This reconstructor has no adviser.", "Give weights of training.depth, or leave --adviser out.")
    adviser = lent or {ADVISER + name: tensor for name, tensor in other.items()}
    return without_adviser(compact) | {name: tensor.half() for name, tensor in adviser.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Average from the command line; exit code 2 for what the caller can mend."""
    parser = argparse.ArgumentParser(prog="python -m paic3d_studio.training.average", description=__doc__)
    parser.add_argument("parts", metavar="FILE=SHARE", nargs="+", help="safetensors and how much they count")
    parser.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    parser.add_argument(
        "--adviser",
        type=Path,
        default=None,
        help="weights of `training.depth`, or of a reconstructor, whose adviser the mean gets; else it has none",
    )
    parser.add_argument(
        "--whole", metavar="NAME", default="", help="tensors so named, or below it, are the last file's"
    )
    arguments = parser.parse_args(argv)
    try:
        named = [part.rpartition("=") for part in arguments.parts]
        parts = [(without_adviser(safetensors.torch.load_file(Path(file))), float(share)) for file, _, share in named]
        mean = averaged(parts, whole=arguments.whole)
        if arguments.adviser is not None:
            mean = with_adviser(mean, safetensors.torch.load_file(arguments.adviser))
        size = write_files({arguments.out: safetensors.torch.save(mean)})
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"{error}. Give weights as FILE=SHARE, and a file of an adviser if any.", file=sys.stderr)
        return 2
    print(f"{arguments.out}: {size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Command-line words that stand for tables which are slow to import."""

import argparse
import hashlib
from pathlib import Path

import pytest

from paic3d_studio.arguments import CUTS, TERMS, height_of_cut, number
from paic3d_studio.cli import batch_parser, reconstruct_parser
from paic3d_studio.core import surface, terms
from paic3d_studio.core.upscaling import Upscaling
from paic3d_studio.errors import UserError
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.batch import PLAIN_OPTIONS, items_for
from paic3d_studio.session.headless import configured

PROJECT = Project(picture=PictureSource(name="a.png", encoded=b""))


def configured_with(*options: str) -> Project:
    return configured(PROJECT, reconstruct_parser().parse_args(["a.png", *options]))


def test_the_names_are_those_of_the_tables() -> None:
    assert tuple(surface.CUTS) == CUTS
    assert {name: choices for name, (_, choices) in TERMS.items()} == dict(terms.TERM_CHOICES)


@pytest.mark.parametrize(("text", "height"), [("neck", "neck"), ("nowhere", "nowhere"), ("-215", -0.215), ("100", 0.1)])
def test_a_cut_is_a_name_or_millimetres(text: str, height: str | float) -> None:
    assert height_of_cut(text) == height


@pytest.mark.parametrize("text", ["head", "-400", "nan", ""])
def test_a_cut_that_is_neither_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="collar"):
        height_of_cut(text)


@pytest.mark.parametrize("text", ["inf", "nan", "9", "-1", "x"])
def test_a_number_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        number(0, 8)(text)


def test_without_options_a_project_keeps_its_own() -> None:
    assert configured_with() == PROJECT


def test_options_of_the_mesh_reach_the_project() -> None:
    found = configured_with(
        "--smoothing", "1.5", "--floaters", "2", "--thin-parts", "4", "--symmetry", "left",
        "--cut", "-215", "--base", "open",
    ).settings.surface  # fmt: skip
    assert found == surface.SurfaceOptions(
        smoothing=1.5, floater_share=0.02, thinnest=0.004, symmetry="left", crop_below=-0.215, base="open"
    )
    assert configured_with("--cut", "nowhere").settings.surface.crop_below is None


def test_upscaling_reaches_the_project_a_network_by_its_file_and_digest(tmp_path: Path) -> None:
    assert configured_with("--upscale", "smooth").settings.upscaling == Upscaling("smooth")
    file = tmp_path / "sharp.safetensors"
    file.write_bytes(b"weights")
    found = configured_with("--upscale", str(file)).settings.upscaling
    assert found == Upscaling("network", str(file), hashlib.sha256(b"weights").hexdigest())
    with pytest.raises(UserError, match="no file of that name"):
        configured_with("--upscale", "network")


def test_a_batch_makes_heads_anew_when_the_network_in_a_file_is_another(tmp_path: Path) -> None:
    file, picture = tmp_path / "sharp.safetensors", tmp_path / "girl.png"
    picture.write_bytes(b"her picture")
    keys = []
    for content in (b"weights", b"weights", b"other weights"):
        file.write_bytes(content)
        options = {**PLAIN_OPTIONS, "upscale": str(file)}
        (item,) = items_for([picture], tmp_path / "out", options=options)
        keys.append(item.key)
    assert keys[0] == keys[1] != keys[2]


def test_terms_reach_the_project() -> None:
    found = configured_with("--author", "Aki", "--title", "Yuki", "--credit", "unnecessary").settings.terms
    assert found == terms.Terms(title="Yuki", author="Aki", credit="unnecessary")


def test_the_plain_options_of_a_queue_are_those_of_a_batch_without_options() -> None:
    options = vars(batch_parser().parse_args(["in", "out"]))
    assert dict(PLAIN_OPTIONS) == {name: value for name, value in options.items() if name not in ("folder", "output")}
    assert configured(PROJECT, argparse.Namespace(**PLAIN_OPTIONS)) == PROJECT

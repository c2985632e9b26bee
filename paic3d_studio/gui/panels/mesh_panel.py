"""The options of the mesh, and what is known of it: counts, size and the weight of the file, foreseen or measured."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Final, get_args

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QPushButton, QVBoxLayout, QWidget

from paic3d_studio.core.artefacts import ExportReport
from paic3d_studio.core.inspection import MeshInspection
from paic3d_studio.core.solid import Symmetry
from paic3d_studio.core.surface import CUTS, Base
from paic3d_studio.core.upscaling import UPSCALING, Upscaling, UpscalingWay
from paic3d_studio.gui.cut_words import cut_words
from paic3d_studio.gui.language import text
from paic3d_studio.gui.panels.settings_panel import Option, OptionControls, option_sections
from paic3d_studio.gui.widgets import ElidedLabel, label
from paic3d_studio.project import edits
from paic3d_studio.project.state import STITCH_SOURCES, Project

_FLOOR: Final = -350
"""The bottom of the field's box, millimetres: a cut there cuts nothing."""


def _cut_name(project: Project) -> str:
    """Return the name of the cut; one of another height was set by hand."""
    height = project.settings.surface.crop_below
    return next((name for name, cut in CUTS.items() if cut == height), "by hand")


def _cut_height(project: Project) -> int:
    height = project.settings.surface.crop_below
    return _FLOOR if height is None else max(_FLOOR, round(1000 * height))


def _cut_at(project: Project, millimetres: int) -> Project:
    return edits.set_surface_options(project, crop_below=None if millimetres <= _FLOOR else millimetres / 1000)


def _cut_named(project: Project, name: str) -> Project:
    return edits.set_surface_options(project, crop_below=CUTS[name]) if name in CUTS else project


def _upscaled_by(project: Project, way: UpscalingWay) -> Project:
    """Choose a way of upscaling; without a network's file a network changes nothing: the panel asks for one."""
    if way == "network" and not project.settings.upscaling.file:
        return project
    return edits.set_upscaling(project, way=way)


MESH_OPTIONS: Final = (
    Option(
        "Mesh", "faces", "Triangles", "How many triangles the exported head has",
        lambda p: p.settings.surface.faces, lambda p, v: edits.set_surface_options(p, faces=v),
        choices=(5_000, 10_000, 20_000, 40_000),
    ),
    Option(
        "Mesh", "texture", "Texture", "Side of the exported texture in pixels",
        lambda p: p.settings.texture.size, lambda p, v: edits.set_texture_options(p, size=v),
        choices=(512, 1024, 2048, 4096), suffix=" px",
    ),
    Option(
        "Mesh", "stitch", "Stitching", "Which picture is laid onto the front of the head",
        lambda p: p.settings.stitch, lambda p, v: edits.set_settings(p, stitch=v), choices=tuple(STITCH_SOURCES),
    ),
    Option(
        "Mesh", "upscaling", "Upscaling", "How a picture that is coarser than the texture is enlarged: not at all, "
        "smoothly, or by a super-resolution network of your own",
        lambda p: p.settings.upscaling.way, _upscaled_by, choices=tuple(UPSCALING),
    ),
    Option(
        "Mesh", "smoothing", "Smoothing", "How far bumps and wisps are evened out, in samples of 3.7 mm; 0 leaves all",
        lambda p: p.settings.surface.smoothing, lambda p, v: edits.set_surface_options(p, smoothing=v),
        (0.0, 4.0, 0.25), at_least="Off",
    ),
    Option(
        "Clean-up", "floaters", "Floaters", "Pieces that hang free stay from this share of the head on",
        lambda p: round(100 * p.settings.surface.floater_share, 2),
        lambda p, v: edits.set_surface_options(p, floater_share=round(v / 100, 4)),
        (0.0, 50.0, 0.5), suffix=" %", at_least="All stay",
    ),
    Option(
        "Clean-up", "thinnest", "Thin parts", "Parts thinner than this go: strands and flaps that hardly hold",
        lambda p: round(1000 * p.settings.surface.thinnest),
        lambda p, v: edits.set_surface_options(p, thinnest=v / 1000),
        (0, 40, 1), suffix=" mm", at_least="All stay",
    ),
    Option(
        "Clean-up", "symmetry", "Symmetry", "Makes both sides of the shape alike; the picture on it stays as it is",
        lambda p: p.settings.surface.symmetry, lambda p, v: edits.set_surface_options(p, symmetry=v),
        choices=get_args(Symmetry),
    ),
    Option(
        "Base", "cut", "Cut", "Where the head ends below",
        _cut_name, _cut_named, choices=tuple(CUTS),
    ),
    Option(
        "Base", "cut-height", "Height", "Height of the cut; the chin lies at about -140 mm, the neck's root at -180",
        _cut_height, _cut_at, (_FLOOR, 100, 5), suffix=" mm", at_least="No cut",
    ),
    Option(
        "Base", "base", "Cap", "Whether the cut is closed by a flat base, or left open to be joined to a body",
        lambda p: p.settings.surface.base, lambda p, v: edits.set_surface_options(p, base=v),
        choices=get_args(Base),
    ),
)  # fmt: skip
"""Every setting of the mesh, in the order of the panel."""


@dataclasses.dataclass(frozen=True)
class Figures:
    """What the panel tells of a mesh; `exact` where it was measured, not foreseen from the settings."""

    exact: bool
    faces: int
    vertices: int
    glb_bytes: int
    watertight: bool | None = None
    size: tuple[float, float, float] | None = None
    error: float | None = None


def foreseen(project: Project, like: MeshInspection | None = None, *, texture: int = 2048) -> Figures:
    """Return what a mesh with the project's settings will be like.

    Args:
        project: its settings.
        like: the last mesh that was measured, whose proportions are taken over; typical ones when None.
        texture: side of its texture.

    The estimates are proportions: vertices per triangle, and packed texture bytes per texel, which a picture of the
    same head keeps within a third between 512 and 4096 texels (measured on the bundled example).
    """
    faces, side = project.settings.surface.faces, project.settings.texture.size
    seams = 0.63 if like is None else like.vertices / max(1, like.faces)
    vertices = round(faces * seams)
    packed = 0.41 if like is None else max(0, like.glb_bytes - _geometry(like.faces, like.vertices)) / texture**2
    return Figures(False, faces, vertices, _geometry(faces, vertices) + round(packed * side * side))


def measured(inspection: MeshInspection) -> Figures:
    """Return what was measured of a mesh."""
    return Figures(
        True,
        inspection.faces,
        inspection.vertices,
        inspection.glb_bytes,
        inspection.open_edges == 0,
        inspection.size,
        inspection.mean_error,
    )


def exported(report: ExportReport) -> Figures:
    """Return what is known of a mesh that was written as GLB, and not looked at."""
    return Figures(True, report.faces, report.vertices, report.bytes_written, report.open_edges == 0)


def _with_terms_of(project: Project, other: Project) -> Project:
    """Return a project with the terms of another: they say nothing of the mesh."""
    return edits.set_settings(project, terms=other.settings.terms)


def _geometry(faces: int, vertices: int) -> int:
    """Return the bytes of a GLB without its texture: indices, places, normals and texture coordinates."""
    return 12 * faces + 32 * vertices + 2000


class MeshPanel(QWidget):
    """Sections of the mesh's options, and below them what the mesh is, or will be, like."""

    edit_wanted = Signal(object, str)
    """An edit, Project -> Project, and the name of the option that it is of."""
    network_wanted = Signal()
    """The artist wants to choose the file of an upscaling network."""
    mesh_wanted = Signal()
    """The artist wants to see the mesh."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("row")
        self.controls = OptionControls(MESH_OPTIONS, wanted=self.edit_wanted.emit)
        self._values: dict[str, Any] = {}
        self._project: Project | None = None
        self._last: tuple[MeshInspection, int] | None = None  # with the side of its texture
        self.figures: Figures | None = None
        """What the panel says."""
        self._cut = label(role="faint", wrap=True)
        self._show_button = QPushButton(text("Show the mesh"))
        self._show_button.setToolTip(text("Show the mesh that is exported; meanwhile it is kept up to date") + "  (6)")
        self._show_button.clicked.connect(self.mesh_wanted)
        self._upscaling = self.controls.widgets["upscaling"]
        if isinstance(self._upscaling, QComboBox):
            self._upscaling.activated.connect(self._on_upscaling)
        self._lay_out()
        self.setEnabled(False)

    def show_project(self, project: Project | None) -> None:
        """Show what the project says, and foresee its mesh; without one there is nothing to set."""
        self.setEnabled(project is not None)
        before, self._project = self._project, project
        if project is not None:
            self.controls.show_project(project)
            self._name_network(project.settings.upscaling)
            if before is None or _with_terms_of(project, before) != before:
                last, side = self._last or (None, 2048)
                self._tell(foreseen(project, last, texture=side))
            self._cut.setText(cut_words(project.settings.surface.crop_below))

    def tell_shown(self, is_shown: bool) -> None:
        """Offer to show the mesh unless it is shown already."""
        self._show_button.setEnabled(not is_shown)

    def clear(self) -> None:
        """Forget the mesh of the picture before."""
        self._last = None

    def take(self, value: object) -> None:
        """Show what was measured of the present mesh."""
        if isinstance(value, MeshInspection) and self._project is not None:
            self._last = value, self._project.settings.texture.size
            self._tell(measured(value))

    def take_export(self, report: ExportReport) -> None:
        """Show what was written of the present mesh as GLB, unless it was measured."""
        if self.figures is not None and self.figures.error is None:
            self._tell(exported(report))

    def _on_upscaling(self, index: int) -> None:
        """Ask for the network's file whenever a network is chosen, also in place of another one."""
        if isinstance(self._upscaling, QComboBox) and self._upscaling.itemData(index) == "network":
            self.network_wanted.emit()

    def _name_network(self, upscaling: Upscaling) -> None:
        """Say in the list of ways which network was chosen."""
        if isinstance(self._upscaling, QComboBox):
            name = Path(upscaling.file).stem
            words = text("Network: {name}", name=name) if name else text("Network…")
            index = self._upscaling.findData("network")
            self._upscaling.setItemText(index, words)
            self._upscaling.setItemData(index, upscaling.file, Qt.ItemDataRole.ToolTipRole)  # the whole of a long name

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for section in option_sections(MESH_OPTIONS, self.controls):
            column.addWidget(section)
        inside = QWidget()
        inside.setObjectName("row")
        grid = QGridLayout(inside)
        grid.setContentsMargins(16, 10, 12, 10)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        for line, (name, title) in enumerate(_LINES):
            value = ElidedLabel("–")
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            value.setAccessibleName(title)
            self._values[name] = value
            named = label(title, role="faint")
            named.setToolTip(text(_TIPS[name]) if name in _TIPS else "")
            grid.addWidget(named, line, 0)
            grid.addWidget(value, line, 1)
        grid.addWidget(self._cut, len(_LINES), 0, 1, 2)
        grid.addWidget(self._show_button, len(_LINES) + 1, 0, 1, 2)
        grid.setRowMinimumHeight(len(_LINES) + 1, 40)
        column.addWidget(inside)

    def _tell(self, figures: Figures) -> None:
        self.figures = figures
        for name, words in _texts(figures).items():
            value = self._values[name]
            value.setText(text(words))
            value.setProperty("role", "" if figures.exact else "soft")
            value.style().unpolish(value)
            value.style().polish(value)


_LINES: Final = (
    ("faces", "Triangles"),
    ("vertices", "Vertices"),
    ("file", "GLB file"),
    ("size", "Size"),
    ("closed", "Surface"),
    ("error", "Accuracy"),
)
"""Name and title of each line of figures."""

_TIPS: Final = {
    "error": "How far the corners of the mesh lie from where the field has its surface: what simplifying and smoothing "
    "cost. “Mesh error” among the shadings shows where.",
}
"""Name of a line of figures -> what it means."""


def _texts(figures: Figures) -> dict[str, str]:
    about = "" if figures.exact else "≈ "
    size = figures.size
    closed = {None: "–", True: "watertight", False: "open"}[figures.watertight]
    return {
        "faces": about + _grouped(figures.faces),
        "vertices": about + _grouped(figures.vertices),
        "file": f"{about}{figures.glb_bytes / 1e6:.1f} MB",
        "size": "–" if size is None else " × ".join(f"{100 * side:.1f}" for side in size) + " cm",
        "closed": closed,
        "error": "–"
        if figures.error is None
        else text("{distance} mm on average", distance=f"{1000 * figures.error:.2f}"),
    }


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")

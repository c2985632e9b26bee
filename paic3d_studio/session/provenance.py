"""Where a head comes from, as a file beside it: program, picture, decisions, weights and their licences.

The same project exported by the same program makes the same bytes: no clock is asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from paic3d_studio import __version__
from paic3d_studio.errors import UserError
from paic3d_studio.export.encoded import Encoded
from paic3d_studio.nets.manifest import manifest_entry
from paic3d_studio.pipeline.stages import SOURCES
from paic3d_studio.project.codec import plain
from paic3d_studio.project.state import Project

FORMAT: Final = "paic3d-provenance"
VERSION: Final = 1


def provenance(project: Project, encoded: Encoded, *, made_at: str = "") -> bytes:
    """Return the file's content, JSON.

    Args:
        project: what was exported.
        encoded: the files as they are written.
        made_at: when, in the caller's words; left out when empty, so that equal exports stay equal.
    """
    mesh = {"vertices": encoded.vertices, "faces": encoded.faces, "open_edges": encoded.open_edges}
    return _provenance(project, encoded.contents, {"mesh": mesh}, made_at)


def turntable_provenance(project: Project, contents: Mapping[Path, bytes], *, views: int, side: int) -> bytes:
    """Return the content of the file beside a turntable of so many `views`, each `side` pixels wide and high."""
    return _provenance(project, contents, {"turntable": {"views": views, "side": side}}, "")


def _provenance(project: Project, contents: Mapping[Path, bytes], made: dict[str, Any], made_at: str) -> bytes:
    told: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "program": {"name": "PAiC-3D Studio", "version": __version__},
        "picture": {"name": project.picture.name, "sha256": project.picture.sha256},
        "decisions": decisions(project),
        "weights": [_weights(name) for name in weights_of(project)] + _upscaling_weights(project),
        **made,
        "files": [_file(path.name, content) for path, content in contents.items()],
    }
    if made_at:
        told["made_at"] = made_at
    return json.dumps(told, ensure_ascii=False, indent=1).encode(errors="backslashreplace") + b"\n"


def decisions(project: Project) -> dict[str, Any]:
    """Return what the artist decided, by name: the settings whole, of hulls and strokes only how many there are."""
    told = {field.name: plain(getattr(project, field.name)) for field in fields(Project) if field.name != "picture"}
    network = told["settings"]["upscaling"]
    network["file"] = Path(network["file"]).name  # not where the artist keeps her files
    drawn = {name: value for name, value in told.items() if isinstance(value, list) or name == "hull_edits"}
    told |= {name: {"count": len(value), "sha256": _digest(value)} for name, value in drawn.items() if value}
    return {name: value for name, value in told.items() if value not in ([], {}, None)}


def weights_of(project: Project) -> tuple[str, ...]:
    """Return the names of the weights that the stages may have read, as the table of sources has them."""
    names: list[str] = []
    for source in SOURCES:
        if source.name.endswith("_weights"):
            value = source.read(project)
            names += [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]
    return tuple(dict.fromkeys(filter(None, names)))


def _weights(name: str) -> Mapping[str, object]:
    """Return what a manifest says of a set of weights; of one that is not there (a tagger may be), that it is not."""
    try:
        entry = manifest_entry(name)
    except UserError:
        return {"name": name, "present": False}
    return {
        "name": name,
        "file": entry.path.name,
        "sha256": entry.sha256,
        "licence": entry.licence,
        "trained_on": entry.trained_on,
    }


def _upscaling_weights(project: Project) -> list[Mapping[str, object]]:
    """Return what is known of the artist's own network, where one is used: its file's name and content."""
    upscaling = project.settings.upscaling
    if upscaling.way != "network":
        return []
    return [
        {"name": "upscaling", "file": Path(upscaling.file).name, "sha256": upscaling.sha256, "licence": "not known"}
    ]


def _file(name: str, content: bytes) -> Mapping[str, object]:
    return {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode(errors="backslashreplace")).hexdigest()

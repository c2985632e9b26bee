"""The benchmark as one page of pictures: what was seen, what is true, and what each method made of it."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Sequence
from typing import Final

from paic3d_studio.benchmark.metrics import METRICS
from paic3d_studio.benchmark.run import PairResult

SAID: Final = ("foreground_psnr", "iou", "depth_mm", "diagonal_psnr", "back_psnr", "ghost", "chamfer", "f1_0_01")


def page(results: Sequence[PairResult], *, notes: Sequence[str], tables: str) -> str:
    """Return the page; `tables` is Markdown and shown as it is."""
    said = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    pairs = "\n".join(_pair(result) for result in results)
    return _PAGE.format(notes=said, pairs=pairs, tables=html.escape(tables))


def _pair(result: PairResult) -> str:
    if result.problem:
        return f"<h2>{html.escape(result.name)}</h2><p>{html.escape(result.problem)}</p>"
    rows = [_row("seen: the picture, and without its lines", result.strips.get("seen"), "")]
    rows.append(_row("truth", result.strips.get("truth"), "front, 30°, 45°, 90°, back"))
    for method, figures in result.figures.items():
        told = ", ".join(
            f"{METRICS[name].title} {figures[name] * METRICS[name].factor:.{METRICS[name].places}f}"
            for name in SAID
            if math.isfinite(figures.get(name, math.nan))
        )
        rows.append(_row(method, result.strips.get(method), told))
    return f"<h2>{html.escape(result.name)}</h2><table>{''.join(rows)}</table>"


def _row(title: str, picture: bytes | None, told: str) -> str:
    source = "" if picture is None else f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
    shown = f'<img src="{source}" alt="">' if source else ""
    return f"<tr><th>{html.escape(title)}<br><small>{html.escape(told)}</small></th><td>{shown}</td></tr>"


_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Benchmark</title>
<style>
body {{ font: 14px system-ui, sans-serif; margin: 2em; }}
th {{ text-align: left; width: 16em; font-weight: 600; vertical-align: top; padding-right: 1em; }}
small {{ font-weight: 400; color: #555; }}
img {{ display: block; }}
pre {{ overflow-x: auto; background: #f4f4f4; padding: 1em; }}
</style>
<h1>Benchmark</h1>
{notes}
{pairs}
<h2>Tables</h2>
<pre>{tables}</pre>
</html>
"""

# SPDX-License-Identifier: MIT
"""The figures of docs/figures (tools/lab/figures): the experiment of each figure, at a small size, shows what the
caption says."""
import importlib
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT / "tools/lab/figures"), str(ROOT / "tools/lab")]
import draw  # noqa: E402  pylint: disable=wrong-import-position


@pytest.mark.parametrize("name", draw.FIGURES)
def test_a_figure(name, tmp_path):
    """The figure's claims hold.  The SVG keeps its text as text elements, in the reader's colour, and
    is small."""
    figure = importlib.import_module(name)
    lacks = draw.missing(figure.NEEDS)
    if lacks:
        pytest.skip(f"the kernel lacks {', '.join(lacks)}")
    measured = figure.measure(False)
    claims = list(figure.claims(measured))
    assert len(claims) >= 2 and all(holds for _, holds in claims), claims
    svg = pathlib.Path(figure.draw(measured, str(tmp_path / "figure.svg"))).read_text()
    assert "<text" in svg and "currentColor" in svg and "prefers-color-scheme:dark" in svg
    assert "#000000" not in svg and len(svg) < 100_000


def test_each_figure_has_a_script():
    """Each figure has a script, and draw.py lists each script."""
    scripts = {p.stem for p in (ROOT / "tools/lab/figures").glob("*.py")} - {"draw"}
    assert scripts == set(draw.FIGURES)


def test_an_unknown_figure(capsys):
    """The error message for an unknown figure lists the known names."""
    assert draw.main(["sawteeth"]) == 2
    assert "no figure sawteeth; there are slow_start, sawtooth" in capsys.readouterr().err

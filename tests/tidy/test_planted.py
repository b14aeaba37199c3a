# SPDX-License-Identifier: MIT
"""Every planted bug still fits its source: a bug whose text has gone is named in a second, not when a library is built.

tests/sim/canary.py, tests/differ/bugs.py and tests/fuzz/bugs.py replace a text that must occur exactly once;
tests/hosted/canary.mk has sed expressions, and the number of lines that each changes.
"""
import difflib
import importlib.util
import pathlib
import re
import subprocess

import pytest

TREE = pathlib.Path(__file__).resolve().parents[2]
MAKEFILE = (TREE / "tests/hosted/canary.mk").read_text()


def table(path, name):
    """Returns the dictionary NAME of the Python file PATH."""
    spec = importlib.util.spec_from_file_location(pathlib.Path(path).as_posix().replace("/", "_")[:-3], TREE / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


TEXTS = [pytest.param(*row, id=f"{path}:{name}")
         for path, dictionary in (("tests/sim/canary.py", "CANARIES"), ("tests/differ/bugs.py", "BUGS"),
                                  ("tests/fuzz/bugs.py", "BUGS"))
         for name, row in table(path, dictionary).items()]
CANARIES = re.search(r"^CANARIES := (.+)$", MAKEFILE, re.M).group(1).split()


@pytest.mark.parametrize("path, text, planted", TEXTS)
def test_a_text_occurs_once(path, text, planted):
    assert (TREE / path).read_text().count(text) == 1, f"{path}: {text!r}"
    assert planted != text


@pytest.mark.parametrize("name", CANARIES)
def test_an_expression_changes_its_lines(name):
    def variable(suffix):
        return re.search(rf"^canary_{name}_{suffix} := (.+)$", MAKEFILE, re.M).group(1)
    source = TREE / variable("file")
    planted = subprocess.run(["sed", "-E", variable("sed").replace("$$", "$"), source], text=True, check=True,
                             capture_output=True).stdout
    changed = [line for line in difflib.ndiff(source.read_text().splitlines(), planted.splitlines())
               if line.startswith("+ ")]
    assert len(changed) == int(variable("lines")), changed

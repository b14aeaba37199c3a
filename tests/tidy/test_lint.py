# SPDX-License-Identifier: MIT
"""The tree is formatted; tools/lint and tools/format find planted errors."""
import os
import shutil
import subprocess
import pytest
import tidy

BREACH = "int f(void);\n\nint f(void)\n{\n\tint *p = 0;\n\n\treturn *p;\n}\n"
UNFORMATTED = "int   f(void){return 1;}\n"
FORMATTED = "int f(void)\n{\n\treturn 1;\n}\n"


def run(*argv, cwd):
    return subprocess.run(argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def needs(tool, version):
    """Skips the test if the tool is missing or has another version: the scripts ignore the findings of other
    versions."""
    path = shutil.which(tool)
    said = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True).stdout if path else ""
    return pytest.mark.skipif(version not in said, reason=f"{tool} {version} is not here")


@needs("cppcheck", " 2.10")
def test_lint_finds_a_null_pointer(tmp_path):
    (tmp_path / "a.c").write_text(BREACH)
    (tmp_path / "b.c").write_text(FORMATTED)
    lint = os.path.join(tidy.ROOT, "tools/lint")
    bad = run(lint, "a.c", cwd=tmp_path)
    assert bad.returncode == 1 and "[nullPointer]" in bad.stdout
    assert run(lint, "b.c", cwd=tmp_path).returncode == 0


@pytest.fixture
def repository(tmp_path):
    """Returns a git tree with our tools/format and .clang-format, in which a.c is formatted and committed."""
    (tmp_path / "tools").mkdir()
    shutil.copy(os.path.join(tidy.ROOT, "tools/format"), tmp_path / "tools")
    shutil.copy(os.path.join(tidy.ROOT, ".clang-format"), tmp_path)
    (tmp_path / "a.c").write_text(FORMATTED)
    for command in (["init", "-q"], ["add", "."],
                    ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "tests: add a file"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


@needs("clang-format", "version 14")
def test_tree_is_formatted():
    said = run("tools/format", "--check", cwd=tidy.ROOT)
    assert said.returncode == 0, f"make format:\n{said.stdout}"


@needs("clang-format", "version 14")
def test_format(repository):
    assert run("tools/format", "--check", cwd=repository).returncode == 0
    (repository / "a.c").write_text(UNFORMATTED)
    assert run("tools/format", "--check", cwd=repository).returncode == 1
    assert run("tools/format", "--staged", cwd=repository).returncode == 0    # git would commit the old text
    subprocess.run(["git", "add", "a.c"], cwd=repository, check=True)
    (repository / "a.c").write_text(FORMATTED)
    staged = run("tools/format", "--staged", cwd=repository)
    assert staged.returncode == 1 and "+int f(void)" in staged.stdout
    (repository / "a.c").write_text(UNFORMATTED)
    assert run("tools/format", cwd=repository).returncode == 0
    assert (repository / "a.c").read_text() == FORMATTED

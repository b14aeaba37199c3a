# SPDX-License-Identifier: MIT
"""tools/version prints number and commit in a repository, a shallow clone and an archive, and reports an unknown
commit."""
import os
import shutil
import subprocess
import pytest
import tidy

NAME = ["-c", "user.name=t", "-c", "user.email=t@example.org"]


def out(*argv, cwd):
    return subprocess.run(argv, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def version(tree):
    return out("tools/version", cwd=tree)


@pytest.fixture
def repository(tmp_path):
    """Returns a repository with two commits, the first with a tag.  The tag must not matter: a shallow clone does
    not have it."""
    tree = tmp_path / "tree"
    (tree / "tools").mkdir(parents=True)
    shutil.copy(os.path.join(tidy.ROOT, "tools/version"), tree / "tools")
    shutil.copy(os.path.join(tidy.ROOT, ".gitattributes"), tree)
    (tree / "VERSION").write_text("1.2.3\n$Format:%H$\n")
    for command in (["init", "-q"], ["add", "."], [*NAME, "commit", "-qm", "tests: add files"],
                    ["tag", "v1.0.0"], [*NAME, "commit", "-qm", "tests: change nothing", "--allow-empty"]):
        subprocess.run(["git", *command], cwd=tree, check=True)
    return tree


def test_repository(repository):
    commit = out("git", "rev-parse", "HEAD", cwd=repository)
    assert version(repository) == f"1.2.3-g{commit[:12]}"
    (repository / "VERSION").write_text("1.2.4\n$Format:%H$\n")
    assert version(repository) == f"1.2.4-g{commit[:12]}-dirty"


def test_shallow_clone(repository, tmp_path):
    out("git", "clone", "-q", "--depth=1", f"file://{repository}", "shallow", cwd=tmp_path)
    assert version(tmp_path / "shallow") == version(repository)


def test_archive(repository, tmp_path):
    """An archive made by git archive has the version of its repository, even if it is unpacked inside another
    repository."""
    for where in (tmp_path / "archive", repository / "archive"):
        where.mkdir()
        subprocess.run("git archive HEAD | tar -x -C " + str(where), shell=True, cwd=repository, check=True)
        assert version(where) == version(repository)


def test_copy_without_git(repository):
    shutil.rmtree(repository / ".git")
    assert version(repository) == "1.2.3-unknown"


def test_header_is_written_when_it_changes(repository):
    header = repository / "build/generated/version.h"
    out("tools/version", "build/generated/version.h", cwd=repository)
    assert f'#define SOFTNET_VERSION "{version(repository)}"\n' in header.read_text()
    os.utime(header, (1, 1))
    out("tools/version", "build/generated/version.h", cwd=repository)
    assert header.stat().st_mtime == 1
    out("git", *NAME, "commit", "-qm", "tests: change nothing again", "--allow-empty", cwd=repository)
    out("tools/version", "build/generated/version.h", cwd=repository)
    assert version(repository) in header.read_text()

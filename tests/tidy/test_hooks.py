# SPDX-License-Identifier: MIT
"""Tests the check of commit messages, and checks this tree's commits with it; tests `make hooks` in a copy of the
tree."""
import os
import shutil
import subprocess
import pytest
import subjects
import tidy

GOOD = ["net/tcp: count lost SYN-ACKs", "make lint: mend it, and run it", "docs, kernel: name data\n\nBecause.", "README: say it",
        "net/ipv4, net/tcp: a b", "area: " + "v" * 33 + " " + "o" * 32, "Revert \"something\"", "fixup! tests: add one"]
BAD = ["count lost SYN-ACKs", "tcp: Count SYN-ACKs", "tcp: mend", "tcp:count SYN-ACKs", "a long sentence, then: a colon", "tcp: mend it.",
       "area: " + "v" * 33 + " " + "o" * 33, "tcp: mend it\nat once"]
ENV = {**os.environ, "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_COMMITTER_NAME": "t",
       "GIT_COMMITTER_EMAIL": "t@example.org"}
ENV = {k: v for k, v in ENV.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "GIT_DIR", "GIT_INDEX_FILE")}


@pytest.mark.parametrize("message", GOOD)
def test_message_is_right(message):
    assert list(subjects.breaches(message)) == []


@pytest.mark.parametrize("message", BAD)
def test_message_is_wrong(message):
    assert len(list(subjects.breaches(message))) == 1


def test_comments_of_git_do_not_count():
    assert subjects.cleaned("\n# a\ntcp: mend it  \n\nwhy\n# b\n# ---") == "tcp: mend it\n\nwhy"


def test_commits_of_this_tree():
    assert [(commit, message, what) for commit, message in subjects.commits() for what in subjects.breaches(message)] == []


def git(tree, *argv, **env):
    return subprocess.run(["git", *argv], cwd=tree, env={**ENV, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)


def test_only_new_commits_count(tmp_path):
    git(tmp_path, "init", "-q")
    for when, message in ((subjects.SINCE - 1, "Old"), (subjects.SINCE, "New"), (subjects.SINCE + 1, "Newer\n\nWhy.")):
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", message, GIT_AUTHOR_DATE=f"{when} +0000")
    assert [m for _, m in subjects.commits(tmp_path)] == ["Newer\n\nWhy.", "New"]
    assert list(subjects.commits(tmp_path / "none")) == []


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Returns a copy of this tree, committed in a repository of its own, with the hooks installed."""
    tree = tmp_path_factory.mktemp("copy")
    for path in tidy.tree():
        os.makedirs(tree / os.path.dirname(path), exist_ok=True)
        shutil.copy(os.path.join(tidy.ROOT, path), tree / path)
    for argv in (["git", "init", "-q"], ["git", "add", "."], ["git", "commit", "-qm", "tests: copy the tree"],
                 ["make", "-s", "hooks"]):
        subprocess.run(argv, cwd=tree, env=ENV, check=True)
    return tree


def commit(tree, message, path, text):
    """Tries to commit this text in this file; returns git's result, and restores the tree."""
    before = git(tree, "rev-parse", "HEAD").stdout.strip()
    (tree / path).write_text(text)
    git(tree, "add", path)
    done = git(tree, "commit", "-m", message)
    git(tree, "reset", "-q", "--hard", before)
    return done


CHANGED = "/* SPDX-License-Identifier: MIT */\nint net_file;\n"


def test_a_right_commit_passes(copy):
    done = commit(copy, "net: add a file", "net/file.c", CHANGED)
    assert done.returncode == 0, done.stdout


def test_a_wrong_subject_is_refused(copy):
    (copy / ".git/message").write_text("Add a file\n")
    hook = git(copy, "rev-parse", "--git-path", "hooks/commit-msg").stdout.strip()     # without the slow pre-commit hook
    done = subprocess.run([copy / hook, ".git/message"], cwd=copy, env=ENV, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode != 0 and "area: verb object" in done.stdout


def test_a_breach_of_the_tree_s_rules_is_refused(copy):
    done = commit(copy, "net: add a file", "net/file.c", "int net_file;\n")
    assert done.returncode != 0 and "net/file.c:1: no SPDX line [spdx]" in done.stdout


@pytest.mark.skipif(not shutil.which("clang-format-14"), reason="clang-format 14 is not here")
def test_an_unformatted_file_is_refused(copy):
    done = commit(copy, "net: add a file", "net/file.c", CHANGED.replace("int ", "int   "))
    assert done.returncode != 0 and "make format" in done.stdout


def test_another_hooks_path_is_left_alone(copy):
    git(copy, "config", "core.hooksPath", "elsewhere")
    done = subprocess.run(["make", "-s", "hooks"], cwd=copy, env=ENV, stderr=subprocess.PIPE, text=True)
    assert done.returncode != 0 and "elsewhere" in done.stderr
    assert git(copy, "config", "core.hooksPath").stdout == "elsewhere\n"

# SPDX-License-Identifier: MIT
"""tools/pack: what it packs is what cpio unpacks, its libraries are those that ld.so loads, the
same input gives the same bytes, and bad input is refused with a message that names it."""
import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = 4096


def pack(*args):
    return subprocess.run([f"{ROOT}/tools/pack", *map(str, args)], capture_output=True, text=True, check=False)


def unpack(archive, folder):
    """Unpacks with GNU cpio, an independent implementation of the format."""
    folder.mkdir()
    with open(archive, "rb") as f:
        subprocess.run(["cpio", "-id", "--quiet", "--no-absolute-filenames"], stdin=f, cwd=folder, check=True)
    return folder


@pytest.fixture(name="static")
def static_program(tmp_path):
    path = tmp_path / "static"
    source = tmp_path / "static.c"
    source.write_text('#include <stdio.h>\nint main(int n, char **v) { printf("packed %d %s\\n", n, v[1]); return 0; }\n')
    subprocess.run(["gcc", "-static", source, "-o", path], check=True)
    return path


@pytest.fixture(name="dynamic")
def dynamic_program(tmp_path):
    """A program with a library of its own, which the loader finds by $ORIGIN. The library needs libm."""
    (tmp_path / "lib.c").write_text("#include <math.h>\ndouble area(double r) { return M_PI * pow(r, 2); }\n")
    (tmp_path / "main.c").write_text('#include <stdio.h>\ndouble area(double r);\n'
                                     'int main(int n, char **v) { printf("%.2f\\n", area(n)); return 0; }\n')
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/own").mkdir()
    subprocess.run(["gcc", "-shared", "-fPIC", tmp_path / "lib.c", "-o", tmp_path / "bin/own/libarea.so", "-lm"], check=True)
    subprocess.run(["gcc", tmp_path / "main.c", "-o", tmp_path / "bin/main", f"-L{tmp_path}/bin/own", "-larea",
                    "-Wl,-rpath,$ORIGIN/own"], check=True)
    return tmp_path / "bin/main"


def loaded_by_ld_so(program):
    """Returns the names of the libraries that ld.so, another implementation, loads for @program."""
    text = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return {os.path.basename(word) for line in text.splitlines() for word in line.split() if word.startswith("/")}


def names_of(tree):
    return {name for _, _, files in os.walk(tree) for name in files}


def test_static_program(static, tmp_path):
    assert pack(static, "-o", tmp_path / "i").returncode == 0
    tree = unpack(tmp_path / "i", tmp_path / "tree")
    assert os.readlink(tree / "init") == str(static)
    assert (tree / str(static)[1:]).read_bytes() == static.read_bytes()
    assert names_of(tree) == {"init", "static"}
    copy = tree / str(static)[1:]
    assert subprocess.run([copy, "x"], capture_output=True, text=True, check=True).stdout == "packed 2 x\n"


def test_libraries_are_complete(dynamic, tmp_path):
    assert pack(dynamic, "-o", tmp_path / "i").returncode == 0
    tree = unpack(tmp_path / "i", tmp_path / "tree")
    wanted = loaded_by_ld_so(dynamic)
    assert {"libarea.so", "libm.so.6", "ld-linux-x86-64.so.2"} <= wanted
    assert names_of(tree) == wanted | {"main", "init"}


def test_file_brings_its_libraries(static, dynamic, tmp_path):
    assert pack(static, "-o", tmp_path / "i", "--file", f"{dynamic.parent}/own/libarea.so=/opt/libarea.so").returncode == 0
    tree = unpack(tmp_path / "i", tmp_path / "tree")
    assert {"libarea.so", "libm.so.6"} <= names_of(tree)


def test_data_is_aligned(static, tmp_path):
    contents = [os.urandom(size) for size in (1, 4095, 4096, 4097, 100000)]
    args = []
    for i, content in enumerate(contents):
        (tmp_path / f"f{i}").write_bytes(content)
        args += ["--file", f"{tmp_path}/f{i}=/data/{'n' * (i * 60 + 1)}"]
    assert pack(static, "-o", tmp_path / "i", *args).returncode == 0
    archive = (tmp_path / "i").read_bytes()
    for content in contents[1:]:
        assert archive.index(content) % PAGE == 0
    assert len(archive) % PAGE == 0
    tree = unpack(tmp_path / "i", tmp_path / "tree")
    for i, content in enumerate(contents):
        assert (tree / "data" / ("n" * (i * 60 + 1))).read_bytes() == content


def test_directory(static, tmp_path):
    source = tmp_path / "site"
    (source / "css").mkdir(parents=True)
    (source / "empty").mkdir()
    (source / "index.html").write_text("hello")
    (source / "css/a.css").write_text("")
    (source / "link").symlink_to("index.html")
    assert pack(static, "-o", tmp_path / "i", "--dir", f"{source}=/var/www").returncode == 0
    tree = unpack(tmp_path / "i", tmp_path / "tree") / "var/www"
    assert (tree / "index.html").read_text() == "hello"
    assert (tree / "css/a.css").read_text() == ""
    assert os.readlink(tree / "link") == "index.html"
    assert (tree / "empty").is_dir()


def test_same_input_same_bytes(static, tmp_path):
    assert pack(static, "-o", tmp_path / "1", "--file", "/etc/passwd=/b", "--file", "/etc/passwd=/a").returncode == 0
    os.utime(static, (1, 1))
    assert pack(static, "-o", tmp_path / "2", "--file", "/etc/passwd=/a", "--file", "/etc/passwd=/b").returncode == 0
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def damaged(tmp_path):
    path = tmp_path / "damaged"
    path.write_bytes(open("/bin/true", "rb").read()[:90])
    return path


def orphan(tmp_path):
    """A program whose library was removed."""
    (tmp_path / "gone.c").write_text("int gone(void) { return 0; }\n")
    (tmp_path / "user.c").write_text("int gone(void);\nint main(void) { return gone(); }\n")
    subprocess.run(["gcc", "-shared", tmp_path / "gone.c", "-o", tmp_path / "libgone.so"], check=True)
    subprocess.run(["gcc", tmp_path / "user.c", "-o", tmp_path / "user", f"-L{tmp_path}", "-lgone"], check=True)
    os.unlink(tmp_path / "libgone.so")
    return tmp_path / "user"


def script(tmp_path):
    (tmp_path / "script").write_text("#! /opt/shell -e\n")
    return tmp_path / "script"


def test_script_with_its_interpreter(tmp_path):
    """The interpreter is found through a link to its directory, as /bin is one in Debian."""
    (tmp_path / "root/usr").mkdir(parents=True)
    os.symlink("usr", tmp_path / "root/opt")
    r = pack(script(tmp_path), "-o", tmp_path / "i", "--dir", f"{tmp_path}/root=/", "--file", "/bin/true=/usr/shell")
    assert r.returncode == 0, r.stderr


@pytest.mark.parametrize("args,words", [
    (["no-such-program-here"], "no-such-program-here: not found"),
    (["/no/such/file"], "/no/such/file: no such file"),
    (["/usr"], "/usr is a directory"),
    (["/bin/true", "--file", "/etc/passwd=relative"], "GUEST begins with /"),
    (["/bin/true", "--file", "/etc/passwd"], "HOST=GUEST"),
    (["/bin/true", "--file", "/etc/passwd=/a", "--file", "/etc/group=/a"], "/a: packed twice"),
    (["/bin/true", "--file", "/etc/passwd=/a", "--file", "/etc/group=/a/b"], "/a is packed as a file"),
    (["/bin/true", "--dir", "/no/such=/x"], "no such directory"),
    (["/bin/true", "--init", "/nothing"], "/nothing is not a file of the pack"),
    (["/etc/passwd"], "/etc/passwd is neither an ELF file nor a script"),
    ([script], "a script of /opt/shell, which is not in the pack: pack it, too (--file, FILES=/opt/shell=/opt/shell)"),
    ([damaged], "damaged ELF"),
    ([orphan], "needs the library libgone.so"),
])
def test_bad_input(args, words, tmp_path):
    args = [a(tmp_path) if callable(a) else a for a in args]
    r = pack(*args, "-o", tmp_path / "out")
    assert r.returncode != 0 and words in r.stderr, r.stderr
    assert "Traceback" not in r.stderr
    assert not (tmp_path / "out").exists()

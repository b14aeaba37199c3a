# SPDX-License-Identifier: MIT
"""Reports how many lines of net/ and drivers/ the tests executed, from gcov's counts.

Also compares the functions that no test executed with the list in docs/testing.md: a function that only one of the
two has is an error.

    coverage.py build/cov/host-asan [--lines]

Called by `make coverage`.  --lines prints every line that was not executed.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("net/", "drivers/")
NOTED = re.compile(r"^\| `([\w/.]+):(\w+)` \|")  # a row of the table in docs/testing.md


def gcov(objects):
    """Returns {source: {line: count}} and {source: {function: count}}, summed over all objects."""
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    functions = collections.defaultdict(lambda: collections.defaultdict(int))
    for note in sorted(objects.rglob("*.gcno")):
        if not str(note.relative_to(objects)).startswith(FOLDERS):
            continue
        out = subprocess.run(["gcov", "--json-format", "--stdout", note], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=True, cwd=ROOT).stdout
        for source in json.loads(out)["files"]:
            name = source["file"].removeprefix(f"{ROOT}/")
            # The object of a deleted source file may still be there.
            if not name.startswith(FOLDERS) or not (ROOT / name).exists():
                continue
            for line in source["lines"]:
                lines[name][line["line_number"]] += line["count"]
            for function in source["functions"]:
                functions[name][function["name"]] += function["execution_count"]
    return lines, functions


def table(lines):
    folders = collections.defaultdict(lambda: [0, 0])
    for name, counts in lines.items():
        for key in (name.rsplit("/", 1)[0], "all"):
            folders[key][0] += sum(1 for count in counts.values() if count)
            folders[key][1] += len(counts)
    for key, (hit, all_) in sorted(folders.items(), key=lambda item: (item[0] == "all", item[0])):
        print(f"  {key:18}{hit:6} of {all_:6} lines  {100 * hit / all_:5.1f} %")


def main(objects, show_lines):
    lines, functions = gcov(pathlib.Path(objects).resolve())
    if not lines or not any(count for counts in lines.values() for count in counts.values()):
        sys.exit(f"coverage: no counts below {objects}: make coverage")
    table(lines)
    if show_lines:
        for name, counts in sorted(lines.items()):
            source = (ROOT / name).read_text().splitlines()
            for number, count in sorted(counts.items()):
                if not count:
                    print(f"{name}:{number}: {source[number - 1].strip()}")
    unreached = {(name, f) for name, counts in functions.items() for f, count in counts.items() if not count}
    noted = {m.groups() for m in map(NOTED.match, (ROOT / "docs/testing.md").read_text().splitlines()) if m}
    for name, function in sorted(unreached - noted):
        print(f"{name}: no test reaches {function}(), and docs/testing.md does not say why")
    for name, function in sorted(noted - unreached):
        print(f"docs/testing.md lists {function}() of {name} as unreached, but a test reaches it")
    sys.exit(unreached != noted)


if __name__ == "__main__":
    main(sys.argv[1], "--lines" in sys.argv[2:])

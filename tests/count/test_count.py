# SPDX-License-Identifier: MIT
"""Tests of count.py and size.py: which tables, counts and sizes they accept, and which they report."""
import os
import subprocess

import pytest
from count import HERE, TABLE, Wrong, compare, count, read_table
from size import LIMIT, kernel_size, verdict

ROWS = "compiler 1.2\n# a comment\necho | 1,000 | the first count\nMB in | 50,000 | the first count\n"


def test_last_row_of_an_operation_counts():
    text = ROWS + "echo | 1,200 | each byte is now looked at\n"
    assert read_table(text) == ("1.2", {"echo": 1200, "MB in": 50000})


@pytest.mark.parametrize("row", ["echo | 1,200 |", "echo | 1,200 | since", "echo 1,200 the reason is missing a bar", "echo | many | many more than before"])
def test_row_without_a_reason_or_a_number_is_wrong(row):
    with pytest.raises(Wrong):
        read_table(ROWS + row + "\n")


@pytest.mark.parametrize("echo, wrong", [(1000, 0), (1030, 0), (970, 0), (1031, 1), (969, 1), (2000, 1)])
def test_three_per_cent_both_ways(echo, wrong):
    assert len(compare(read_table(ROWS)[1], {"echo": echo, "MB in": 50000})) == wrong


def test_operations_and_rows_belong_together():
    assert len(compare({"echo": 1000}, {"MB in": 1})) == 2


def test_table_can_be_read():
    compiler, table = read_table(open(TABLE).read())
    assert compiler and set(table) == {"echo", "epoll echo", "read echo", "connection", "MB in", "MB out"}


def test_kernel_that_does_more_is_found():
    """The checked build (build/host) must be reported for each operation: its lock checks cost more than 3 %."""
    build = os.path.join(HERE, "..", "..", "build")
    counted = count(os.path.join(build, "count", "operations"), os.path.join(build, "host", "libsoftnet.so"))
    told = " ".join(compare(read_table(open(TABLE).read())[1], counted))
    assert all(f"{name}: " in told for name in ("echo", "connection", "MB in", "MB out"))


def test_an_image_above_the_limit_is_reported():
    assert not verdict(LIMIT)
    assert f"{LIMIT + 1:,} bytes" in verdict(LIMIT + 1)


def test_the_size_is_that_of_strip_without_the_pack():
    """kernel_size() is compared with the sections that the program size(1) prints: their sum is a little less, because
    of headers and alignment. The checked image must be larger than the shipped one."""
    build = os.path.join(HERE, "..", "..", "build")
    shipped, checked = (os.path.join(build, b, "softnet.elf") for b in ("shipped", "checked"))
    out = subprocess.run(["size", "-A", shipped], check=True, stdout=subprocess.PIPE, text=True).stdout
    sizes = {line.split()[0]: int(line.split()[1]) for line in out.splitlines() if line.startswith(".")}
    loaded = sum(sizes[s] for s in (".text", ".notes", ".rodata", ".tables", ".data"))
    assert loaded < kernel_size(shipped) < loaded + 5 * 4096
    assert kernel_size(checked) > kernel_size(shipped)

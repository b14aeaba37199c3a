# SPDX-License-Identifier: MIT
"""The program's half of the address space, and ring 3: applications of tests/qemu/kernel/inside."""
import pytest
from guest import TEST_APPS, Guest, kernel


@pytest.mark.builds("checked", "shipped")
def test_pages_of_the_program_are_mapped_found_and_freed():
    """user_pages.c checks each function of the page tables' part of kernel/hal.h."""
    with Guest(append="app=user-pages", net="", kernel=kernel(TEST_APPS), ready=r"user-pages: .*") as g:
        assert g.end() == 0, "a check failed"
    assert "user-pages: ok" in g.console

# SPDX-License-Identifier: MIT
"""Defines the mark of the tests that `make test` plays. `make test-programs` plays all tests."""


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: one of each kind, in `make test`; needs no package that tools/setup test leaves out")

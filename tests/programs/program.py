# SPDX-License-Identifier: MIT
"""Packs Linux programs and boots them: pack() makes an initrd, boot() returns its Guest, reports() finds the kernel's
own errors on the guest's console."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/qemu"))
from guest import BUILDS, Guest, press_button  # noqa: E402, F401

KERNELS = {b: os.path.join(ROOT, "build", b, "softnet.elf") for b in BUILDS}
BUILT = os.path.join(ROOT, "build/programs")


def built(name):
    path = os.path.join(BUILT, name)
    assert os.path.exists(path), f"{path} is not there: make build/programs/{name}"
    return path


def pack(folder, program, *options):
    out = os.path.join(folder, os.path.basename(program) + ".initrd")
    subprocess.run([os.path.join(ROOT, "tools/pack"), str(program), "-o", out, *options], check=True)
    return out


def quoted(args):
    """Returns @args as one text for the kernel's command line."""
    return " ".join(f'"{a}"' if re.search(r"\s", a) or not a else a for a in args)


def boot(initrd, args=(), append="", init="/init", **options):
    """Returns a Guest that starts the program @init of @initrd; by default without waiting for a line."""
    options.setdefault("ready", None)
    extra = [*options.pop("extra", ()), "-initrd", initrd]
    tail = f" -- {quoted(args)}" if args else ""
    return Guest(append=f"{append} init={init}{tail}", extra=extra, **options)


def reports(console):
    """Returns the lines in which the kernel reports an error of its own; a line with "exception N,"
    reports an error of the program."""
    bad = re.compile(r"\b(BUG|WARNING|panic|soft lockup|exception \d+\b(?!,))")
    return [line for line in console.replace("\r", "").splitlines() if bad.search(line)]

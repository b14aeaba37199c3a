# SPDX-License-Identifier: MIT
"""A guest: the settings from guests/NAME.sh, and the QEMU command line made from them."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build", "bench")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "softnet-bench")
MAC = "52:54:00:77:00:02"
HOST_IP = "10.77.0.1"
TAP = "tap,id=n0,ifname=tap0,script=no,downscript=no,vnet_hdr=on"

FIELDS = ["GUEST_IP", "KERNEL", "INITRD", "APPEND", "SYMBOLS", "DISK", "DISK_IF", "FIRMWARE", "MACHINE", "CPU", "NIC",
          "NIC_OPTS", "EXTRA_ARGS", "PORT_BASE", "BOOT_TIMEOUT", "MEM", "LACKS"]

OFFLOADS = ("csum", "gso", "guest_csum", "guest_tso4", "guest_tso6", "guest_ecn", "guest_ufo", "host_tso4",
            "host_tso6", "host_ecn", "host_ufo")


def names():
    return sorted(f[:-3] for f in os.listdir(os.path.join(HERE, "guests")) if f.endswith(".sh"))


def softnet_build():
    """Returns the build of softnet to measure: `make bench BUILD=checked`, else shipped."""
    build = os.environ.get("BUILD") or "shipped"
    if build not in ("checked", "shipped"):
        sys.exit(f"bench: BUILD={build}: checked or shipped")
    return build


def read_file(path):
    """Runs guest_build() of a guest file, if it has one; returns the fields that the file sets."""
    script = ('set -eu; . "$0"; if declare -F guest_build >/dev/null; then (guest_build) 1>&2; fi; '
              + "".join(f'printf "%s\\0" "${{{f}:-}}"; ' for f in FIELDS))
    env = dict(os.environ, ROOT=ROOT, BUILD=BUILD, BENCH_CACHE=CACHE, GUEST_MAC=MAC, HOST_IP=HOST_IP,
               SOFTNET_BUILD=softnet_build())
    p = subprocess.run(["bash", "-c", script, os.path.abspath(path)], env=env, stdout=subprocess.PIPE)
    if p.returncode:
        sys.exit(f"bench: the guest of {path} could not be made; the error is above")
    return dict(zip(FIELDS, p.stdout.decode().split("\0")))


class Guest:
    def __init__(self, name, args):
        self.name = name
        path = name if "/" in name else os.path.join(HERE, "guests", name + ".sh")
        if not os.path.exists(path):
            sys.exit(f"bench: no guest {name}; there are {', '.join(names())}")
        v = read_file(path)
        self.ip = v["GUEST_IP"] or "10.77.0.2"
        self.kernel, self.initrd, self.append, self.disk = v["KERNEL"], v["INITRD"], v["APPEND"], v["DISK"]
        self.symbols = v["SYMBOLS"]
        self.disk_if = v["DISK_IF"] or "ide"
        self.firmware = v["FIRMWARE"] or ("uefi" if self.disk and not self.kernel else "")
        self.machine = args.machine or v["MACHINE"] or "q35"
        self.cpu = args.cpu or v["CPU"] or "max"
        self.nic = args.nic or v["NIC"] or "virtio-net-pci"
        self.nic_opts = args.nic_opts or v["NIC_OPTS"]
        self.extra = v["EXTRA_ARGS"].split() + (args.qemu_args or "").split()
        self.base = int(v["PORT_BASE"] or 0)
        self.boot_timeout = float(v["BOOT_TIMEOUT"] or 30)
        self.mem = args.mem or v["MEM"] or "256"
        self.lacks = v["LACKS"].split()
        self.offload = args.offload

    def image_bytes(self):
        return sum(os.path.getsize(f) for f in (self.kernel, self.initrd, self.disk) if f)

    def qemu(self, tmp, mem=None, plugin=None, netdev=TAP):
        """Returns the QEMU command line; plugin is the text "FILE.so,out=...", whose FILE.so is in build/bench, or None."""
        a = ["qemu-system-x86_64", "-name", "guest,debug-threads=on", "-nodefaults", "-no-user-config",
             "-display", "none", "-no-reboot", "-machine", self.machine, "-accel", "tcg", "-cpu", self.cpu,
             "-smp", "1", "-m", str(mem or self.mem), "-serial", "file:" + os.path.join(tmp, "serial.log"),
             "-monitor", f"unix:{os.path.join(tmp, 'monitor')},server=on,wait=off"]
        a += self.image()
        a += ["-netdev", netdev, "-device", self.card()]
        if plugin:
            a += ["-plugin", os.path.join(BUILD, plugin)]
        return a + self.extra

    def image(self):
        a = []
        if self.firmware == "uefi":
            code = os.environ.get("OVMF_CODE", "/usr/share/OVMF/OVMF_CODE_4M.fd")
            its = os.environ.get("OVMF_VARS", "/usr/share/OVMF/OVMF_VARS_4M.fd")
            # snapshot=on: the firmware's writes to its variables are discarded when QEMU ends.
            a += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
                  "-drive", f"if=pflash,format=raw,unit=1,snapshot=on,file={its}"]
        elif self.firmware:
            a += ["-bios", self.firmware]
        if self.kernel:
            a += ["-kernel", self.kernel]
            a += ["-initrd", self.initrd] if self.initrd else []
            a += ["-append", self.append] if self.append else []
        if self.disk:
            device = {"ide": "ide-hd", "virtio": "virtio-blk-pci"}.get(self.disk_if, self.disk_if)
            a += ["-drive", f"if=none,id=d0,format=raw,snapshot=on,file={self.disk}",
                  "-device", device + ",drive=d0,bootindex=0"]
        return a

    def card(self):
        dev = f"{self.nic},netdev=n0,mac={MAC}"
        if self.nic.endswith("-pci"):
            dev += ",disable-legacy=on,romfile="
        if self.offload == "off":
            dev += "".join(f",{f}=off" for f in OFFLOADS)
        return dev + ("," + self.nic_opts if self.nic_opts else "")

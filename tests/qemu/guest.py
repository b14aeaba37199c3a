# SPDX-License-Identifier: MIT
"""Boots softnet in QEMU, waits for lines on its console, and ends QEMU.

Guest(...) is a context manager.  A thread reads the guest's console into .console; wait(pattern) waits for a line on
it.  If the with block fails, the console is printed.  keep() then saves the console and the capture; conftest.py
calls it for a failed test that shares its guest with other tests.
"""
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading

import capture

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MKIMAGE = os.path.join(ROOT, "tools", "mkimage")
OVMF = "/usr/share/OVMF/OVMF_{}_4M.fd"
SERVICES = (7, 9, 15, 19)
ADDRESS = "ip=10.0.2.15::10.0.2.2:255.255.255.0:::off:10.0.2.3"     # QEMU's user network
FAILED = os.path.join(ROOT, "build", "qemu", "failed")      # consoles and captures of failed tests
MAC = bytes.fromhex("525400123456")
CAPTURED = 160       # bytes of each frame in a capture
PATIENCE = 30        # s: longer than any wait except a hang
UEFI_PATIENCE = 180  # s: the firmware alone takes 5 on an idle machine
# How a UEFI guest's disk is attached: QEMU's -device.
DISKS = {"sata": "ide-hd,drive=disk", "ide": "ide-hd,drive=disk", "virtio": "virtio-blk-pci,drive=disk",
         "virtio-4k": "virtio-blk-pci,drive=disk,logical_block_size=4096,physical_block_size=4096"}
# (QEMU's -machine, the device name of the network card, further options) of each machine.
MACHINES = {
    "q35": ("q35", "virtio-net-pci,romfile=", []),
    "pc": ("pc", "virtio-net-pci,romfile=", []),
    "microvm": ("microvm,acpi=off", "virtio-net-device", ["-global", "virtio-mmio.force-legacy=false"]),
    # QEMU's defaults: ACPI tables describe the slots, and virtio-mmio is version 1 (legacy).
    "microvm-plain": ("microvm", "virtio-net-device", []),
    # Without the devices of a PC: the only timer is the APIC's.
    "microvm-bare": ("microvm,acpi=off,pit=off,pic=off,rtc=off", "virtio-net-device",
                     ["-global", "virtio-mmio.force-legacy=false"]),
}


def hold(port=0):
    """Reserves @port of 127.0.0.1 (0: any free one) for a QEMU: returns a socket that is bound to it.  Because this socket
    and QEMU's set SO_REUSEADDR and only QEMU listens, QEMU can use the port and no other process gets it."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind(("127.0.0.1", port))
    except OSError:
        s.close()
        raise
    return s


BUILDS = ("checked", "shipped")
current = {"build": BUILDS[0]}       # the build that tests boot now: conftest.py's fixture `build`


TEST_APPS = "softnet-test.elf"       # the same kernel with the applications of tests/qemu/kernel


def kernel(name="softnet.elf"):
    return image(name)


def application():
    return image("softnet.efi")


def image(name):
    path = os.path.join(ROOT, "build", current["build"], name)
    assert os.path.exists(path), f"{path} is not there: make {os.path.relpath(path, ROOT)}"
    return path


def make_image(path, cmdline, application_path="", sector=512, initrd=""):
    """Creates a disk image at @path, as `make image` does, with @cmdline (bytes) as its cmdline.txt and the file @initrd,
    if there is one, as its initrd.img; returns @path."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(cmdline)
        f.flush()
        more = ["--initrd", initrd] if initrd else []
        subprocess.run([MKIMAGE, "-s", str(sector), *more, application_path or application(), f.name, path], check=True)
    return path


def press_button(monitor):
    """Presses the power button of the machine whose QEMU has its monitor at the socket @monitor."""
    with socket.socket(socket.AF_UNIX) as m:
        m.connect(monitor)
        m.sendall(b"system_powerdown\n")
        text = b""
        while text.count(b"(qemu)") < 2:        # two prompts: after the greeting and after the command
            text += m.recv(4096)


class Guest:
    living = []        # the guests that run now
    booted = set()     # (test file, build) since the last report of a test
    kept = []          # of the running test, if it failed: texts with the paths of the kept files

    def __init__(self, append="", machine="q35", cpu="max", mem=64, net="user", device="", ready=r"^READY.*\n", extra=(),
                 debug_exit=True, firmware="", disk="", kernel="", image="",
                 early=(), capture=True, services=SERVICES, dhcp=False):
        """append: options for the kernel's command line.  firmware: "" boots by PVH, "uefi" with OVMF.  UEFI boots
        @kernel (default: softnet.efi) with the options as its load options.  With disk, a key of DISKS, it boots instead
        from the disk image `image`, or without `image` from a new one, whose cmdline.txt has the options.
        early: QEMU's options for devices in front of the network card.  ready: wait for this pattern on the console.
        services: the guest's ports that are forwarded from .ports[port] of 127.0.0.1.
        dhcp: without an ip= in @append, the guest asks a DHCP server; else it gets the address ADDRESS.
        capture: whether QEMU records all frames.  Tests with very many frames set it to False, to avoid a large file."""
        self.append, self.machine, self.cpu, self.mem = append, machine, cpu, mem
        self.address = "" if dhcp or re.search(r"(^|\s)ip=", append) else ADDRESS + " "
        self.net, self.device, self.ready, self.extra = net, device, ready, list(extra)
        self.debug_exit = debug_exit
        self.early = list(early)
        self.firmware, self.disk, self.image = firmware, disk, image
        self.kernel = kernel or (application() if firmware else globals()["kernel"]())
        self.capture = capture and bool(net)
        self.services = services
        self.keep_fds = ()            # descriptors that QEMU inherits
        self.patience = UEFI_PATIENCE if firmware else PATIENCE
        self.ports, self.held = {}, []
        self.console = ""
        self.cond = threading.Condition()

    def command(self):
        slots = self.machine.startswith("microvm") and "pcie=on" not in self.machine
        alike = MACHINES["microvm" if slots else "q35"]
        machine, card, more = MACHINES.get(self.machine, (self.machine, alike[1], []))
        cmd = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
               "-machine", machine, *more, "-accel", "tcg", "-cpu", self.cpu, "-m", str(self.mem),
               "-serial", "stdio", *self.boot_from("panic=poweroff loglevel=info " + self.address + self.append)]
        if self.debug_exit:
            cmd += ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        if self.net:
            cmd += ["-netdev", self.netdev()]
        if self.capture:
            cmd += ["-object", f"filter-dump,id=d0,netdev=n0,file={self.pcap()},maxlen={CAPTURED}"]
        cmd += self.early
        if self.net:
            cmd += ["-device", f"{card},netdev=n0,mac={MAC.hex(':')}" + self.device]
        return cmd + self.extra

    def netdev(self):
        if self.net == "user":
            self.ports = {s: self.port() for s in self.services}
            return "user,id=n0" + "".join(f",hostfwd=tcp:127.0.0.1:{h}-:{g}" for g, h in self.ports.items())
        mine, theirs = os.path.join(self.dir.name, "peer"), os.path.join(self.dir.name, "qemu")
        self.wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.wire.bind(mine)
        self.wire_to = theirs
        return f"dgram,id=n0,local.type=unix,local.path={theirs},remote.type=unix,remote.path={mine}"

    def port(self):
        """Returns a port of 127.0.0.1 that is reserved for this guest until it ends."""
        self.held.append(hold())
        return self.held[-1].getsockname()[1]

    def pcap(self):
        return os.path.join(self.dir.name, "pcap")

    def boot_from(self, words):
        args = []
        if self.firmware:    # snapshot: changes of the firmware's variables are not written to the file
            args += ["-drive", "if=pflash,unit=0,format=raw,readonly=on,file=" + OVMF.format("CODE"),
                     "-drive", "if=pflash,unit=1,format=raw,snapshot=on,file=" + OVMF.format("VARS")]
        if not self.disk:
            return args + ["-kernel", self.kernel, "-append", words]
        image = self.image or make_image(os.path.join(self.dir.name, "disk"), words.encode())
        return args + ["-drive", f"if=none,id=disk,format=raw,snapshot=on,file={image}", "-device", DISKS[self.disk]]

    def start(self):
        Guest.booted.add((os.environ.get("PYTEST_CURRENT_TEST", "").split("::")[0], current["build"]))
        self.q = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, pass_fds=self.keep_fds)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if self.ready:
            self.wait(self.ready)

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="softnet-")
        try:
            self.start()
            Guest.living.append(self)
            return self
        except BaseException:
            print(self.console)
            self.keep()
            self.stop()
            raise

    def __exit__(self, kind, *_):
        if kind:
            self.keep()
        Guest.living.remove(self)
        self.stop()
        if kind:
            print(self.console)
        self.dir.cleanup()

    def keep(self):
        """Saves console and capture of a failed test in FAILED, and adds their paths to Guest.kept."""
        test = re.sub(r"[^\w.=-]+", "-", os.environ.get("PYTEST_CURRENT_TEST", "guest").rsplit(" (", 1)[0]).strip("-")
        os.makedirs(FAILED, exist_ok=True)
        path = os.path.join(FAILED, f"{test}.{len(Guest.kept)}")
        with open(path + ".console", "w") as f:
            f.write(self.console)
        lines = [self.explain(), f"console: {path}.console"]
        if self.capture and os.path.exists(self.pcap()):
            capture.keep(self.pcap(), MAC, path + ".pcap")
            lines.append(f"capture: {path}.pcap")
        Guest.kept.append("\n".join(filter(None, lines)))

    def explain(self):
        """Returns a line with further information about a failure; "" if there is none."""
        return ""

    def stop(self):
        if self.q.poll() is None:
            self.q.send_signal(signal.SIGTERM)
            try:
                self.q.wait(10)
            except subprocess.TimeoutExpired:
                self.q.kill()
                self.q.wait()
        self.reader.join()
        for s in self.held:
            s.close()

    def read(self):
        while True:
            data = os.read(self.q.stdout.fileno(), 65536)
            with self.cond:
                self.console += data.decode(errors="replace")
                self.eof = not data
                self.cond.notify_all()
            if not data:
                return

    def wait(self, pattern):
        """Waits until the console has text that matches @pattern; returns the match object."""
        found = None

        def there():
            nonlocal found
            found = re.search(pattern, self.console.replace("\r", ""), re.M)
            return found or not self.reader.is_alive() or getattr(self, "eof", False)

        with self.cond:
            in_time = self.cond.wait_for(there, self.patience)
        if not found:
            why = f"within {self.patience} s" if not in_time else "before QEMU ended"
            raise AssertionError(f"the console did not say /{pattern}/ {why}:\n{self.console}")
        return found

    def end(self):
        """Waits until QEMU ends by itself; returns its exit status."""
        return self.q.wait(self.patience)

    def connect(self, port):
        s = socket.create_connection(("127.0.0.1", self.ports[port]), timeout=PATIENCE)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def netstat(self):
        """Returns the output of the guest's netstat service as {'/proc/...': text of the file}."""
        with self.connect(15) as s:
            text = b""
            while chunk := s.recv(65536):
                text += chunk
        return self.parse(text)

    @staticmethod
    def parse(text):
        parts = re.split(r"^== (\S+) ==\n", text.decode(), flags=re.M)
        assert len(parts) >= 3, f"netstat said {text!r}"
        return dict(zip(parts[1::2], parts[2::2]))


def recv_exact(s, n):
    data = bytearray()
    while len(data) < n:
        chunk = s.recv(min(65536, n - len(data)))
        assert chunk, f"closed after {len(data)} of {n} bytes"
        data += chunk
    return bytes(data)


def slab_live(netstat):
    """Returns {cache: number of live objects} from /proc/slabinfo."""
    live = {}
    for line in netstat["/proc/slabinfo"].splitlines():
        f = line.split()
        if len(f) > 3 and f[1].isdigit():
            live[f[0]] = int(f[1])
    assert live
    return live


def drops(netstat):
    """Returns {reason: count} from /proc/net/drops."""
    found = {f[0]: int(f[1]) for f in map(str.split, netstat["/proc/net/drops"].splitlines()) if len(f) > 1}
    assert found
    return found


def moved(before, after):
    """Returns {reason: increase} of the drop counters between two outputs of netstat.  TCP_TIMEWAIT is left out: it
    counts the FIN of the first netstat connection if that arrives in TIME_WAIT, before or after the first output."""
    b, a = drops(before), drops(after)
    return {k: n - b[k] for k, n in a.items() if n != b[k] and k != "TCP_TIMEWAIT"}


def tcp_mib(netstat, name):
    """Returns the counter @name from the Tcp: lines of /proc/net/snmp."""
    names, values = [line.split() for line in netstat["/proc/net/snmp"].splitlines() if line.startswith("Tcp:")]
    return int(dict(zip(names, values))[name])


def tcp_ext(netstat, name):
    """Returns the counter @name from /proc/net/netstat."""
    names, values = [line.split() for line in netstat["/proc/net/netstat"].splitlines()][:2]
    return int(values[names.index(name)])


def interrupts(netstat):
    """Returns {name of an interrupt: count on CPU 0} from /proc/interrupts."""
    found = {}
    for line in netstat["/proc/interrupts"].splitlines():
        m = re.match(r"\s*(\w+):\s+(\d+)\s*(.*)", line)
        if m:
            found[m.group(3).split()[-1] if m.group(3) else m.group(1)] = int(m.group(2))
    assert found
    return found


def softirqs(netstat):
    found = {}
    for line in netstat["/proc/softirqs"].splitlines():
        m = re.match(r"\s*(\w+):\s+(\d+)", line)
        if m:
            found[m.group(1)] = int(m.group(2))
    assert found
    return found

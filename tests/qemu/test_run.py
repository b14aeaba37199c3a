# SPDX-License-Identifier: MIT
"""`make run` and tools/run: no process remains when the terminal is closed; tests of their arguments and of the
guest's network."""
import contextlib
import fcntl
import os
import re
import select
import signal
import socket
import subprocess
import termios
import time

import peernet
import pytest
from conftest import need
from guest import PATIENCE, ROOT, SERVICES, hold, recv_exact


@contextlib.contextmanager
def free_base():
    """Yields a value for PORT=; the ports of all services are reserved (guest.hold()) meanwhile."""
    while True:
        with contextlib.ExitStack() as held:
            base = held.enter_context(hold()).getsockname()[1] - SERVICES[-1]
            try:
                for service in SERVICES[:-1]:
                    held.enter_context(hold(base + service))
            except OSError:      # one of them is taken
                continue
            yield str(base)
            return


class Terminal:
    """Runs `make run` on a pseudo-terminal, in a session of its own.  All its processes inherit the write end of a pipe:
    the pipe's end of file shows that all of them have ended.  @leads: the terminal is the session's controlling
    terminal, so that the kernel sends SIGHUP to make when the terminal is closed."""

    def __init__(self, leads, port):
        self.leads = leads
        self.port = port

    def control(self):
        if self.leads:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def __enter__(self):
        self.screen, terminal = os.openpty()
        self.alive, held = os.pipe()
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        self.make = subprocess.Popen(["make", "run"], cwd=ROOT, env=dict(env, BOOT="pvh", PORT=self.port),
                                     stdin=terminal, stdout=terminal, stderr=terminal, pass_fds=[held],
                                     start_new_session=True, preexec_fn=self.control)
        os.close(terminal)
        os.close(held)
        self.said = b""
        return self

    def wait(self, word):
        until = time.monotonic() + PATIENCE
        while word not in self.said:
            assert select.select([self.screen], [], [], until - time.monotonic())[0], self.said
            self.said += os.read(self.screen, 4096)

    def hang_up(self):
        os.close(self.screen)
        self.screen = None

    def all_ended(self):
        return bool(select.select([self.alive], [], [], PATIENCE)[0]) and os.read(self.alive, 1) == b""

    def __exit__(self, *_):
        if not self.all_ended():
            os.killpg(self.make.pid, signal.SIGKILL)
        self.make.wait()
        os.close(self.alive)
        if self.screen is not None:
            os.close(self.screen)


@pytest.mark.parametrize("how, leads", [("terminal goes", True), ("terminal goes", False), ("make is killed", False),
                                        ("Ctrl-C", True)])
def test_no_process_remains(how, leads):
    with free_base() as port, Terminal(leads, port) as t:
        t.wait(b"READY")
        assert not select.select([t.alive], [], [], 0)[0]
        if how == "terminal goes":
            t.hang_up()
        elif how == "make is killed":
            t.make.kill()
        else:
            os.write(t.screen, b"\3")
        assert t.all_ended()


@pytest.mark.parametrize("variables, complaint", [
    ({"PORT": "0"}, "PORT=0: a number from 1 to 65516"),
    ({"PORT": str(2**64 + 1)}, "a number from 1 to 65516"),       # bash's arithmetic would wrap
    ({"MEM": "1"}, "MEM=1: memory in MiB"),
    ({"MEM": str(2**64 + 4)}, "memory in MiB, a number from 2 to 1048576"),
    ({"MEM": "1048577"}, "memory in MiB"),
    ({"MEM": "64M"}, "MEM=64M: memory in MiB"),
    ({"MACHINE": "pdp11"}, "MACHINE=pdp11: q35, pc or microvm"),
    ({"BUILD": "fast"}, "BUILD=fast: checked or shipped"),
    ({"BOOT": "uefi", "MEM": "40"}, "the UEFI firmware needs 56 MiB"),
    ({"BOOT": "uefi", "MACHINE": "microvm"}, "has no UEFI firmware"),
    ({"CMDLINE": "x" * 2048}, "CMDLINE has 2048 bytes: at most 2047"),
    ({"CMDLINE": "x" * 1025, "MACHINE": "microvm"}, "CMDLINE has 1025 bytes: at most 1024"),
    ({"PCAP": "/nowhere/at/all"}, "PCAP=/nowhere/at/all: cannot be written"),
    ({"NET": "bridge"}, "NET=bridge: user (default) or tap"),
    ({"FWD": "8080"}, "FWD=8080: HOST:GUEST,... expected, two ports from 1 to 65535 each; here is '8080'"),
    ({"FWD": "0:80"}, "here is '0:80'"),
    ({"FWD": "8080:65536"}, "here is '8080:65536'"),
    ({"FWD": "8080:80:90"}, "here is '8080:80:90'"),
    ({"FWD": "8080:80,"}, "FWD=8080:80,: HOST:GUEST,... expected"),
    ({"FWD": "7007:80"}, "port 7007 is forwarded twice"),
    ({"FWD": "8080:80,8080:81"}, "port 8080 is forwarded twice"),
    ({"FWD": "8080:80", "NET": "tap"}, "with NET=tap the guest is reached at its own address, 10.0.2.15"),
    ({"CMDLINE": "ip=here"}, "ip=here: A.B.C.D/LEN or Linux's client:server:gateway:mask:... expected"),
    ({"CMDLINE": "ip=10.1.2.300/24"}, "ip=10.1.2.300/24: A.B.C.D/LEN or"),
    ({"CMDLINE": "ip=10.1.2.3/33"}, "ip=10.1.2.3/33: A.B.C.D/LEN or"),
    ({"CMDLINE": "ip=10.1.2.3:::255.0.255.0"}, "ip=10.1.2.3:::255.0.255.0: A.B.C.D/LEN or"),
    ({"CMDLINE": "ip=10.1.2.3/24 loglevel=4 ip=10.1.2.4/24"}, "there are two ip=, and the guest has one card"),
    ({"CMDLINE": "ip=10.1.2.255/24"}, "the network's first and last address are no machine's"),
    ({"CMDLINE": "ip=10.1.2.3/24 gw=10.1.2.3"}, "gw=10.1.2.3 is the guest's own address"),
    ({"CMDLINE": "ip=10.1.2.3/24 gw=here"}, "gw=here: A.B.C.D expected"),
    ({"CMDLINE": "ip=10.1.2.3/32 gw=10.9.9.9"}, "needs a prefix of 29 bits at most; NET=tap takes any"),
    ({"CMDLINE": "ip=10.1.2.3/24 gw=10.9.9.9"}, "gw=10.9.9.9 is outside 10.1.2.3/24"),
    # The kernel rejects an octet such as 03, too, and would keep its default address, to which no port is forwarded.
    ({"CMDLINE": "ip=10.1.2.03/24"}, "ip=10.1.2.03/24: A.B.C.D/LEN or"),
    ({"CMDLINE": "ip=10.1.2.3:::255.0.0.0:::always"}, "A.B.C.D/LEN or"),
    ({"CMDLINE": "ip=10.1.2.3:server"}, "A.B.C.D/LEN or"),
    ({"CMDLINE": "ip=10.1.2.3/24:eth1"}, "the guest has one card, eth0, and none is called eth1"),
    ({"CMDLINE": "ip=10.1.2.3:::::eth1"}, "the guest has one card, eth0"),
    ({"CMDLINE": "ip=127.0.0.1/8"}, "127.0.0.1 is of 127.0.0.0/8"),
    ({"CMDLINE": "ip=224.0.0.1/8"}, "224.0.0.1 is a multicast address"),
    ({"CMDLINE": "ip=10.1.2.3/24 gw=10.1.2.255"}, "gw=10.1.2.255: the network's first and last address"),
    ({"CMDLINE": "ip=10.1.2.3/24 gw="}, "gw=: A.B.C.D expected"),
    ({"ARGS": "-v"}, "ARGS are for the program of APP="),
    ({"FILES": "a=/b"}, "FILES are packed with the program of APP="),
    ({"APP": "/no/such/file"}, "APP=/no/such/file: no such file"),
    ({"APP": "no-such-program"}, "none in PATH"),
    ({"APP": "/bin/true", "ARGS": 'a "b'}, "has no partner"),
    ({"APP": "/bin/true", "BOOT": "uefi"}, "APP= boots by PVH"),
    ({"APP": "/bin/true", "CMDLINE": "a -- b"}, "the program's arguments are ARGS="),
    ({"APP": "/usr/bin"}, "APP=/usr/bin is a directory: a program expected"),
    ({"APP": "/bin/true", "FILES": "/etc/passwd"}, "HOST=GUEST,... expected, where GUEST begins with /; here is '/etc/passwd'"),
    ({"APP": "/bin/true", "FILES": "/etc/passwd=/a,/no/such=/b"}, "FILES=/etc/passwd=/a,/no/such=/b: /no/such: no such file"),
    ({"CMDLINE": "ip=off", "FWD": "8080:80"}, "FWD=8080:80: the guest has no address (CMDLINE has ip=off)"),
    ({"CMDLINE": "ip=off ip=10.1.2.3/24"}, "there are two ip="),
])
@pytest.mark.parametrize("how", [[], ["check"]])
def test_wrong_values_are_named(variables, complaint, how):
    ran = subprocess.run(["tools/run", *how], cwd=ROOT, env={"PATH": os.environ["PATH"], **variables},
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
    assert ran.returncode == 2
    assert complaint in ran.stderr
    assert not ran.stdout


@pytest.mark.parametrize("goal, variable, complaint", [
    ("run", "MACHINE=pdp11", "make run: MACHINE=pdp11: q35, pc or microvm"),
    ("run", "FWD=8080", "make run: FWD=8080: HOST:GUEST"),
    ("run", "PORTS=8000", "make run: PORTS=: not read here; there are APP= ARGS= FILES= BOOT= PORT= FWD="),
    ("image", "CMDLIN=ip=off", "make image: CMDLIN=: not read here"),
    ("debug", "MEM=1", "make debug: MEM=1: memory in MiB"),
    ("debug", "BOOT=uefi", "make debug boots by PVH"),
    ("image", "BUILD=fast", "make image: BUILD=fast: checked or shipped"),
    ("image", "CMDLINE=" + "x" * 2048, "make image: CMDLINE has 2048 bytes: at most 2047"),
])
def test_make_names_a_wrong_value_before_it_builds(tmp_path, goal, variable, complaint):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    ran = subprocess.run(["make", goal, f"B={tmp_path}", variable], cwd=ROOT, env=env, text=True, capture_output=True,
                         timeout=PATIENCE, check=False)
    assert ran.returncode and complaint in ran.stderr
    assert not list(tmp_path.iterdir())


def commands_without(folder, *names):
    """Returns a PATH that has this machine's commands, except @names."""
    for place in ("/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"):
        for name in os.listdir(place) if os.path.isdir(place) else []:
            if name not in names and not os.path.lexists(folder / name):
                (folder / name).symlink_to(os.path.join(place, name))
    return str(folder)


def said_without(tmp_path, names, *words, **variables):
    """Returns (exit status, output, error text) of a command that runs without the commands @names."""
    ran = subprocess.run(words, cwd=ROOT, env={"PATH": commands_without(tmp_path, *names), **variables}, text=True,
                         capture_output=True, timeout=PATIENCE, check=False)
    return ran.returncode, ran.stdout, ran.stderr


def test_no_boot_is_announced_without_qemu(tmp_path):
    code, out, err = said_without(tmp_path, ["qemu-system-x86_64"], "tools/run", BOOT="pvh", PORT="47000")
    assert (code, out) == (2, "")
    assert "make run: qemu-system-x86_64 is not in PATH" in err


def test_setup_without_apt_names_missing_commands(tmp_path):
    gone = ["apt-get", "qemu-system-x86_64", "musl-gcc"]
    code, out, err = said_without(tmp_path, gone, "tools/setup", "run")
    assert (code, out) == (1, "")
    assert "not found: musl-gcc (Debian's package musl-tools), qemu-system-x86_64 (Debian's package qemu-system-x86)." in err
    # The lab does not need these commands, so setup prints nothing.
    assert said_without(tmp_path, gone, "tools/setup", "lab") == (0, "", "")


def test_setup_without_apt_is_content_with_all_commands(tmp_path):
    assert said_without(tmp_path, ["apt-get"], "tools/setup", "run") == (0, "", "")


def test_mkimage_names_missing_mtools(tmp_path):
    (tmp_path / "bin").mkdir()
    image = tmp_path / "image"
    code, out, err = said_without(tmp_path / "bin", ["mcopy"], "tools/mkimage", "/dev/null", "/dev/null", str(image))
    assert (code, out) == (1, "")
    assert "mcopy is not in PATH (Debian's package mtools)" in err
    assert not image.exists()


def test_kvm_that_is_absent_is_named():
    with contextlib.suppress(OSError):
        os.close(os.open("/dev/kvm", os.O_RDWR))
        return      # this machine has KVM
    ran = subprocess.run(["tools/run", "check"], cwd=ROOT, env={"PATH": os.environ["PATH"], "ACCEL": "kvm"}, text=True,
                         capture_output=True, timeout=PATIENCE, check=False)
    assert ran.returncode == 2 and "ACCEL=kvm: /dev/kvm cannot be opened" in ran.stderr


@pytest.mark.parametrize("given, jobs", [(["-j1"], "-j1"), (["-j3"], "-j3"), ([], f"-j{len(os.sched_getaffinity(0))}")])
def test_make_builds_with_the_jobs_of_its_command_line(given, jobs):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    ran = subprocess.run(["make", "-s", *given, "--eval", "print-jobs: ; @echo $(JOBS)", "print-jobs"], cwd=ROOT, env=env,
                         text=True, capture_output=True, timeout=PATIENCE, check=True)
    assert ran.stdout.split() == [jobs]


@contextlib.contextmanager
def running(*before, **variables):
    """Runs tools/run with these variables; yields its process and its output, up to the guest's READY."""
    env = {"PATH": os.environ["PATH"], "BOOT": "pvh", **variables}
    with subprocess.Popen([*before, "tools/run"], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as p:
        try:
            said, until = b"", time.monotonic() + PATIENCE
            while not re.search(rb"^READY", said, re.M):
                assert select.select([p.stdout], [], [], until - time.monotonic())[0], said
                piece = os.read(p.stdout.fileno(), 4096)
                assert piece, said
                said += piece
            yield p, said.decode()
        finally:
            p.terminate()


def echo(s):
    with s:
        s.sendall(b"hello")
        assert recv_exact(s, 5) == b"hello"


def test_ports_lead_to_the_guests_own_address():
    """The guest's address is outside QEMU's default network; tools/run configures QEMU's network for it."""
    with free_base() as port, hold() as held:
        extra = held.getsockname()[1]
        with running(PORT=port, FWD=f"{extra}:7", CMDLINE="ip=192.168.77.9/28 gw=192.168.77.14") as (_, said):
            assert f"nc 127.0.0.1 {int(port) + 7}" in said and f"port 7: 127.0.0.1 {extra}" in said
            for p in (int(port) + 7, extra):
                echo(socket.create_connection(("127.0.0.1", p), PATIENCE))


@pytest.mark.parametrize("status, code", [(0, 0), (1, 1), (3, 1), (7, 3), (255, 127)])
def test_the_exit_code_is_the_programs(tmp_path, status, code):
    """isa-debug-exit ends QEMU with status 2n+1 for a program's code n; status 1 also means an error of QEMU itself."""
    stand_in = tmp_path / "qemu-system-x86_64"
    stand_in.write_text(f'#!/bin/bash\n[[ "$*" == *"-device isa-debug-exit,iobase=0xf4,iosize=4"* ]] && exit {status}\n')
    stand_in.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "BOOT": "pvh", "PORT": "47000"}
    ran = subprocess.run(["tools/run"], cwd=ROOT, env=env, capture_output=True, check=False, timeout=PATIENCE)
    assert ran.returncode == code


def test_input_from_before_the_boot():
    """The program reads each byte of a pipe, also those that the serial port received before the kernel set it up."""
    lines = "".join(f"{n}\n" for n in range(300))
    env = {"PATH": os.environ["PATH"], "APP": "cat", "CMDLINE": "ip=off", "PORT": "47000"}
    with subprocess.Popen(["tools/run"], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        p.stdin.write(lines.encode())
        p.stdin.flush()
        said, until = "", time.monotonic() + PATIENCE
        while not said.endswith("\n299\n") and select.select([p.stdout], [], [], max(0, until - time.monotonic()))[0]:
            piece = os.read(p.stdout.fileno(), 4096)
            if not piece:
                break
            said += piece.decode().replace("\r", "")
        p.terminate()
    assert said.endswith(lines)


@pytest.fixture
def planned(tmp_path):
    """planned(**variables): runs tools/run with a script instead of QEMU; returns its output and the -netdev argument for
    QEMU.  planned.disk: [(path of the boot disk, its cmdline.txt)]."""
    stand_in = tmp_path / "qemu-system-x86_64"
    stand_in.write_text("""#!/bin/bash
printf "ARG %s\\n" "$@"
for arg; do
    [[ $arg == *id=disk,* ]] || continue
    disk=${arg##*file=}
    echo "DISK $disk $(mcopy -n -i "$disk@@1048576" ::/EFI/BOOT/cmdline.txt -)"
done
""")
    stand_in.chmod(0o755)

    def run(**variables):
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "BOOT": "pvh", "PORT": "47000", **variables}
        said = subprocess.run(["tools/run"], cwd=ROOT, env=env, text=True, capture_output=True, check=True,
                              timeout=PATIENCE).stdout
        args = re.findall(r"^ARG (.*)", said, re.M)
        run.disk = re.findall(r"^DISK (\S+) (.*)", said, re.M)
        return said.split("ARG", 1)[0], args[args.index("-netdev") + 1]
    return run


def test_uefi_gets_the_command_line(planned):
    """If make's disk image has the same command line, tools/run boots from it; otherwise from a temporary image."""
    cmdline = "ip=10.9.8.7/24  loglevel=info nokaslr"
    planned(BOOT="uefi", CMDLINE=cmdline)
    [(disk, words)] = planned.disk
    assert words == cmdline and disk.startswith("/dev/fd/")
    with open(os.path.join(ROOT, "build/shipped/efi/cmdline.txt"), encoding="utf-8") as f:
        built = f.read().rstrip("\n")
    planned(BOOT="uefi", CMDLINE=built)
    assert planned.disk == [("build/shipped/softnet.img", built)]


def app(**variables):
    """Runs tools/run with these variables to its end."""
    with free_base() as port:
        return subprocess.run(["tools/run"], cwd=ROOT, text=True, capture_output=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL,
                              env={"PATH": os.environ["PATH"], "PORT": port, **variables})


def test_memory_that_has_no_room_for_the_pack(tmp_path):
    """QEMU would load the pack over the kernel.  With the memory that the message names, the program runs."""
    (tmp_path / "large").write_bytes(os.urandom(4 << 20))
    program = {"APP": "/usr/bin/env", "FILES": f"{tmp_path}/large=/large"}
    ran = app(**program, MEM="7")
    found = re.search(r"MEM=7 is too small: the pack has [67]\.\d MiB: at least MEM=(\d+)\n", ran.stderr)
    assert ran.returncode == 2 and found, ran.stderr
    assert "HOME=/" in app(**program, MEM=found[1]).stdout


@pytest.mark.parametrize("cmdline, path", [("", "/usr/bin/env"), ("init=/other", "/other")])
def test_the_programs_argv0_is_its_path_in_the_pack(cmdline, path):
    ran = app(APP="/usr/bin/env", ARGS="--no-such-option", CMDLINE=cmdline, FILES="/usr/bin/env=/other")
    assert f"{path}: unrecognized option '--no-such-option'" in ran.stdout, ran.stdout


def test_an_init_outside_the_pack_is_refused():
    ran = app(APP="/usr/bin/env", CMDLINE="init=/nothing")
    assert ran.returncode == 2 and "/nothing is not a file of the pack: it cannot be the first program (--init, init=)" in ran.stderr


def test_image_of_a_program(tmp_path):
    """The disk of make image APP= has the program's pack, and its path and arguments in cmdline.txt."""
    ran = subprocess.run(["tools/run", "image"], cwd=ROOT, text=True, capture_output=True, timeout=PATIENCE, check=True,
                         env={"PATH": os.environ["PATH"], "APP": "/usr/bin/env", "ARGS": "-0", "CMDLINE": "loglevel=info"})
    disk = os.path.join(ROOT, "build/run/env.img")
    assert ran.stdout == "build/run/env.img has the program /usr/bin/env\n"
    words = subprocess.run(["mcopy", "-n", "-i", f"{disk}@@1048576", "::/EFI/BOOT/cmdline.txt", "-"], capture_output=True, check=True).stdout
    assert words == b"loglevel=info init=/usr/bin/env -- -0\n"
    subprocess.run(["mcopy", "-n", "-i", f"{disk}@@1048576", "::/EFI/BOOT/initrd.img", tmp_path / "initrd"], check=True)
    with open(os.path.join(ROOT, "build/run/env.initrd"), "rb") as f:
        assert f.read() == (tmp_path / "initrd").read_bytes()


@pytest.mark.parametrize("word", ["ip=off", "ip=none", "ip=", "ip"])
def test_no_port_is_promised_without_an_address(planned, word):
    said, netdev = planned(CMDLINE=word)
    assert netdev == "user,id=n0"
    assert "The guest has no address" in said and "nc " not in said


def test_with_dhcp_the_ports_lead_to_the_address_that_qemu_leases(planned):
    _, netdev = planned(CMDLINE="ip=dhcp")
    assert "dhcpstart=10.0.2.15," in netdev and "hostfwd=tcp:127.0.0.1:47007-10.0.2.15:7," in netdev


@pytest.mark.parametrize("cmdline, netdev", [
    ("", "net=10.0.2.0/24,host=10.0.2.2,dns=10.0.2.3,dhcpstart=10.0.2.15"),         # QEMU's own defaults
    ("ip=10.0.2.2/24", "net=10.0.2.0/24,host=10.0.2.3,dns=10.0.2.1,dhcpstart=10.0.2.2"),
    ("ip=10.5.6.7/8 gw=10.0.0.1", "net=10.0.0.0/8,host=10.0.0.1,dns=10.0.0.2,dhcpstart=10.5.6.7"),
    ("ip=10.9.8.201/29", "net=10.9.8.200/29,host=10.9.8.202,dns=10.9.8.203,dhcpstart=10.9.8.201"),
    ("ip=10.9.8.7::10.9.8.1:255.255.255.0::eth0:off", "net=10.9.8.0/24,host=10.9.8.1,dns=10.9.8.2,dhcpstart=10.9.8.7"),
    ("ip=172.16.8.7:any:any:any", "net=172.16.0.0/16,host=172.16.0.2,dns=172.16.0.3,dhcpstart=172.16.8.7"),
    ("ip=10.9.8.7/24:eth0", "net=10.9.8.0/24,host=10.9.8.2,dns=10.9.8.3,dhcpstart=10.9.8.7"),
])
def test_the_user_network_fits_the_guest(planned, cmdline, netdev):
    _, given = planned(CMDLINE=cmdline)
    guest = netdev.rsplit("=", 1)[1]
    assert given == f"user,id=n0,{netdev}" + "".join(
        f",hostfwd=tcp:127.0.0.1:{47000 + p}-{guest}:{p}" for p in (7, 9, 15, 19))


def test_no_port_of_another_program_is_known(planned):
    said, given = planned(CMDLINE="init=/bin/other")
    assert "-10.0.2.15:" not in given
    assert "FWD=HOST:GUEST" in said and "echo" not in said


@pytest.mark.parametrize("cmdline, guest", [("", "10.0.2.15"), ("ip=172.31.5.6/30", "172.31.5.6")])
def test_tap(cmdline, guest):
    """With NET=tap the guest is reached at its own address; the tap is removed when QEMU has ended."""
    need(peernet.lacking_tap())
    with peernet.Network(False) as net:
        enter = ["nsenter", f"--net=/proc/{net.agent.pid}/ns/net"]
        with running(*enter, NET="tap", CMDLINE=cmdline) as (_, said):
            assert f"The guest is {guest}" in said and f"nc {guest} 7 " in said
            s = net.socket()
            s.connect((guest, 7))
            echo(s)
            assert "tap0" in net.sh("ip", "-brief", "link")
            again = subprocess.run([*enter, "tools/run"], cwd=ROOT, text=True, capture_output=True, check=False,
                                   env={"PATH": os.environ["PATH"], "NET": "tap", "BOOT": "pvh", "CMDLINE": cmdline})
            assert again.returncode == 2 and "is in use on this machine" in again.stderr
        assert "tap0" not in net.sh("ip", "-brief", "link")


@pytest.mark.parametrize("cmdline, complaint", [
    ("ip=10.66.0.9/24 gw=10.66.0.254", "10.66.0.254 is in use on this machine: it is on the network of softnet-test0"),
    ("ip=10.66.0.9/32 gw=10.66.0.1", "10.66.0.1 is in use on this machine: it is a router of this machine"),
    ("ip=10.77.0.9/24 gw=10.66.0.2", "gw=10.66.0.2 is outside 10.77.0.9/24"),
    ("ip=10.77.0.9/32 gw=10.66.0.2", "10.66.0.2 is in use on this machine: it is this machine's own"),
    ("ip=10.66.0.9/32 gw=10.9.9.9", "10.66.0.9 is in use on this machine: it is on the network of softnet-test0"),
    ("ip=10.1.2.3/8 gw=10.99.0.1", "10.0.0.0/8 is in use on this machine: 10.66.0.0/24 dev softnet-test0"),
    ("ip=10.77.0.9/24 gw=10.99.0.1", "gw=10.99.0.1 is outside 10.77.0.9/24, where the guest has no route to it"),
])
def test_a_tap_takes_no_address_that_is_in_use(cmdline, complaint):
    """With NET=tap tools/run refuses an address that this host or its network uses.  The test's host has 10.66.0.2/24 and
    the router 10.66.0.1."""
    need(peernet.lacking_tap())
    with peernet.Network(False) as net:
        net.sh("ip", "link", "add", "softnet-test0", "type", "veth", "peer", "name", "softnet-test1")
        for name in ("softnet-test0", "softnet-test1"):
            net.sh("ip", "link", "set", name, "up")
        net.sh("ip", "address", "add", "10.66.0.2/24", "dev", "softnet-test0")
        net.sh("ip", "route", "add", "default", "via", "10.66.0.1")
        for command, refused in ((cmdline, True), ("ip=10.77.0.9/32 gw=10.88.0.1", False), ("", False)):
            ran = subprocess.run(["nsenter", f"--net=/proc/{net.agent.pid}/ns/net", "tools/run", "check"], cwd=ROOT,
                                 text=True, capture_output=True, check=False,
                                 env={"PATH": os.environ["PATH"], "NET": "tap", "BOOT": "pvh", "CMDLINE": command})
            assert (ran.returncode, complaint in ran.stderr) == (2 if refused else 0, refused), ran.stderr

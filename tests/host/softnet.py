# SPDX-License-Identifier: MIT
"""The hosted kernel from Python: hosts, wires and one clock, in virtual time.

    from softnet import Conductor, NR
    c = Conductor("build/host/libsoftnet.so", seed=1)
    a, b = c.host("ip=10.0.0.1/24"), c.host("ip=10.0.0.2/24")
    c.wire(a, b, delay=0.001)
    fd = a.call(NR.socket, AF_INET, SOCK_STREAM, 0)
    c.sleep(60)
    assert not c.check()

Only the library without sanitizers can be used: a sanitizer would have to be loaded before Python itself.
Test programs in C use tests/host/conductor.c instead.  softnet_host.h describes the functions sn_*().
"""

import _ctypes
import ctypes
import heapq
import os
import struct

NEVER = 2**64 - 1
HALTED = 2**64 - 2
NS = 1_000_000_000
FRAME_MAX = 65600
PAGES_SLACK = 96  # pages that page fragment blocks and empty slabs may hold after a test

_U64, _I64, _U32, _PTR, _STR = (
    ctypes.c_uint64, ctypes.c_int64, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_char_p)

_FUNCTIONS = {
    "set": (ctypes.c_int, [_STR, _U64]),
    "release": (None, []),
    "boot": (ctypes.c_int, [_U64, _STR]),
    "step": (_U64, []),
    "clock": (_U64, []),
    "set_clock": (None, [_U64]),
    "put_frame": (ctypes.c_int, [_PTR, ctypes.c_size_t]),
    "take_frame": (ctypes.c_size_t, [_PTR, ctypes.c_size_t]),
    "submit": (_I64, [_I64] * 7),
    "poll": (ctypes.c_int, [_I64, ctypes.POINTER(_I64)]),
    "interrupt": (ctypes.c_int, [_I64]),
    "calls_in_flight": (_U32, []),
    "bad_range": (ctypes.c_int, [_PTR, ctypes.c_size_t]),
    "console": (_STR, []),
    "halt_code": (ctypes.c_int, []),
    "panic_message": (_STR, []),
    "warn_count": (_U32, []),
    "cache": (ctypes.c_int, [_U32, ctypes.POINTER(_STR), ctypes.POINTER(_U64)]),
    "live_objects": (_U64, []),
    "free_pages": (_U64, []),
    "timers_armed": (_U32, []),
    "threads": (_U32, []),
    "stat": (_U64, [_STR]),
}


class NR:
    """Linux's x86-64 system call numbers (include/uapi/unistd.h)."""
    read, write, open, close, fstat, poll, lseek, ioctl = 0, 1, 2, 3, 5, 7, 8, 16
    readv, writev, pipe, sched_yield, dup, dup2, nanosleep = 19, 20, 22, 24, 32, 33, 35
    getpid, socket, connect, accept, sendto, recvfrom = 39, 41, 42, 43, 44, 45
    sendmsg, recvmsg, shutdown, bind, listen = 46, 47, 48, 49, 50
    getsockname, getpeername, setsockopt, getsockopt = 51, 52, 54, 55
    fcntl, gettid, clock_gettime, openat, accept4 = 72, 186, 228, 257, 288
    dup3, pipe2, getrandom = 292, 293, 318


def sockaddr_in(address, port):
    """Returns a struct sockaddr_in as bytes."""
    return struct.pack("<H", 2) + struct.pack(">H", port) + bytes(
        int(part) for part in address.split(".")) + bytes(8)


class Halted(Exception):
    """The kernel halted; the text is its panic message and its console output."""


def _released(*_):
    """Replaces the functions of a library that was unloaded."""
    raise Halted("this host was released")


class Host:
    """One booted copy of the library."""

    def __init__(self, conductor, library, index):
        self.conductor, self.index = conductor, index
        self.wire = None
        self.deadline = NEVER
        self.awake = False
        self._frame = ctypes.create_string_buffer(FRAME_MAX)
        self._kept = {}  # ticket of a call in flight -> its buffers, which must stay allocated
        # Each copy needs its own file: for a file that is loaded already, dlopen() would return the existing copy.
        self._fd = os.memfd_create("softnet", 0)
        os.write(self._fd, library)
        self._dl = ctypes.CDLL(f"/proc/self/fd/{self._fd}", mode=os.RTLD_NOW | os.RTLD_LOCAL)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(self._dl, "sn_" + name)
            function.restype, function.argtypes = result, arguments
            setattr(self, "sn_" + name, function)

    def boot(self, cmdline, seed):
        """Boots the kernel; raises Halted if it halts before it is idle."""
        self.sn_set_clock(self.conductor.now)
        if self.sn_boot(seed, cmdline.encode()) < 0:
            raise Halted(self.panic_message() + "\n" + self.console())
        self.awake = True
        self.baseline = self.state()

    def release(self):
        """Frees the host's memory and unloads its copy of the library; the host must not be used afterwards.
        Without the unloading, dlopen() would return this copy again for the next host that gets the same
        descriptor number, and with it the same path in /proc/self/fd."""
        self.sn_release()
        _ctypes.dlclose(self._dl._handle)  # pylint: disable=protected-access
        os.close(self._fd)
        for name in _FUNCTIONS:
            setattr(self, "sn_" + name, _released)

    def console(self):
        """Returns the console output since boot."""
        return self.sn_console().decode(errors="replace")

    def panic_message(self):
        """Returns the reason why the kernel halted, "" if it did not halt."""
        return self.sn_panic_message().decode(errors="replace")

    def caches(self):
        """Returns {name of a slab cache: number of its live objects}."""
        live, name, i, out = _U64(), _STR(), 0, {}
        while self.sn_cache(i, ctypes.byref(name), ctypes.byref(live)) == 0:
            out[name.value.decode()] = live.value
            i += 1
        return out

    def state(self):
        """Returns the counts that a leak check compares."""
        return {"caches": self.caches(), "timers": self.sn_timers_armed(),
                "threads": self.sn_threads(), "pages": self.sn_free_pages()}

    def step(self):
        """Runs the kernel until it is idle; returns the frames that it sent."""
        self.awake = False
        self.deadline = self.sn_step()
        if self.deadline == HALTED:
            raise Halted(self.panic_message() + "\n" + self.console())
        frames = []
        while n := self.sn_take_frame(self._frame, FRAME_MAX):
            frames.append(self._frame.raw[:n])
        return frames

    def put_frame(self, frame):
        """Passes a frame to the host's device; the kernel gets it at the next step()."""
        self.awake = True
        return self.sn_put_frame(frame, len(frame))

    def put_with_header(self, header, frame):
        """Puts a frame into the receive ring at once. @header: the twelve bytes of struct virtio_net_hdr before it.
        Returns False if the ring has no buffer for it."""
        self.awake = True
        put = self._dl.virtio_model_rx_header
        put.restype, put.argtypes = ctypes.c_bool, [_PTR, _PTR, ctypes.c_size_t]
        return put(header, frame, len(frame))

    def submit(self, nr, *args):
        """Starts a system call and returns its ticket, for poll(), wait() and interrupt().  An argument of type
        bytes is copied to a buffer, whose address is passed."""
        kept, values = [], []
        for arg in args:
            if isinstance(arg, (bytes, bytearray)):
                arg = ctypes.create_string_buffer(bytes(arg), len(arg))
            if isinstance(arg, (ctypes.Array, ctypes.Structure)):
                kept.append(arg)
                arg = ctypes.addressof(arg)
            values.append(arg)
        values += [0] * (6 - len(values))
        ticket = self.sn_submit(nr, *values)
        if ticket < 0:
            raise Halted("call refused: " + self.panic_message())
        self._kept[ticket] = kept
        self.awake = True
        return ticket

    def poll(self, ticket):
        """Returns the call's result, None while the call is in flight."""
        result = _I64()
        if self.sn_poll(ticket, ctypes.byref(result)) != 1:
            return None
        del self._kept[ticket]
        return result.value

    def interrupt(self, ticket):
        """Interrupts the call's sleep, as a signal would."""
        self.awake = True
        return self.sn_interrupt(ticket)

    def wait(self, ticket, timeout=3600):
        """Runs all hosts until the call of @ticket returns, and returns its result; raises TimeoutError after @timeout
        seconds of virtual time."""
        box = []

        def done():
            box[:] = [self.poll(ticket)]
            return box[0] is not None
        if not self.conductor.run(self.conductor.now + int(timeout * NS), done):
            raise TimeoutError(f"host {self.index}: a call is not back after {timeout} s")
        return box[0]

    def call(self, nr, *args, timeout=3600):
        """Makes a system call, runs all hosts until it returns, and returns its result (negative errno on failure)."""
        return self.wait(self.submit(nr, *args), timeout)

    def read(self, fd, n):
        """Calls read() and returns the bytes, or the negative errno."""
        buffer = ctypes.create_string_buffer(n)
        result = self.call(NR.read, fd, buffer, n)
        return buffer.raw[:result] if result >= 0 else result

    def slurp(self, path):
        """Returns the whole text of the kernel's file @path, for example "/proc/net/tcp"."""
        fd = self.call(NR.open, path.encode() + b"\0", 0)
        if fd < 0:
            raise OSError(-fd, os.strerror(-fd), path)
        text = b""
        while chunk := self.read(fd, 65536):
            text += chunk
        self.call(NR.close, fd)
        return text.decode()


class Wire:
    """Connects two hosts, with a delay.  If one end is None, the test takes its place: the hook sees the frames that
    the host sends, and inject() sends frames to the host."""

    def __init__(self, conductor, a, b, delay):
        self.conductor, self.ends, self.delay = conductor, (a, b), int(delay * NS)
        self.hook = None  # hook(wire, from_host, frame) -> [(extra_ns, frame), ...]; [] drops
        self.frames = 0

    def send(self, sender, receiver, frame):
        """Puts a frame on the wire; if @sender is None, the test sends it."""
        c = self.conductor
        self.frames += 1
        for extra, what in (self.hook(self, sender, frame) if self.hook else [(0, frame)]):
            if receiver is not None:
                c.order += 1
                heapq.heappush(c.flying, (c.now + self.delay + extra, c.order, receiver, what))

    def inject(self, receiver, frame):
        """Sends a frame to @receiver as if the other end had sent it."""
        self.send(None, receiver, frame)


class Conductor:
    """Owns the clock of all hosts and wires."""
    host_class = Host

    def __init__(self, library="build/host/libsoftnet.so", seed=1):
        with open(library, "rb") as f:
            self.library = f.read()
        self.seed, self.now, self.order = seed, 0, 0
        self.hosts, self.flying = [], []

    def host(self, cmdline="", **options):
        """Boots another host and returns it; @options are those of sn_set()."""
        h = self.host_class(self, self.library, len(self.hosts))
        options.setdefault("mac", 0x020000000001 + h.index)
        for name, value in options.items():
            h.sn_set(name.encode(), value)
        h.boot(cmdline, self.seed + 1000003 * h.index if self.seed else 0)
        self.hosts.append(h)
        return h

    def wire(self, a, b=None, delay=0.0):
        """Connects two hosts, or one host and the test (@b None).  @delay is in seconds."""
        w = Wire(self, a, b, delay)
        for h in (a, b):
            if h is not None:
                h.wire = w
        return w

    def _instant(self):
        for _ in range(1_000_000):
            busy = False
            while self.flying and self.flying[0][0] <= self.now:
                _, _, receiver, frame = heapq.heappop(self.flying)
                receiver.put_frame(frame)
            for h in self.hosts:
                if not h.awake and h.deadline > self.now:
                    continue
                busy = True
                for frame in h.step():
                    if h.wire:
                        a, b = h.wire.ends
                        h.wire.send(h, b if h is a else a, frame)
            if not busy and not (self.flying and self.flying[0][0] <= self.now):
                return
        raise RuntimeError(f"no end to the instant {self.now} ns")

    def _jump(self, ns):
        if ns > self.now:
            self.now = ns
            for h in self.hosts:
                h.sn_set_clock(ns)

    def run(self, until=NEVER, done=None):
        """Runs all hosts until done() returns true, the clock reaches @until (ns), or no event is left; returns
        whether done() returned true."""
        while True:
            self._instant()
            if done and done():
                return True
            events = [h.deadline for h in self.hosts]
            if self.flying:
                events.append(self.flying[0][0])
            upcoming = min(events, default=NEVER)
            if upcoming > until or upcoming == NEVER:
                if until != NEVER:
                    self._jump(until)
                return False
            self._jump(upcoming)

    def sleep(self, seconds):
        """Runs all hosts for @seconds of virtual time."""
        self.run(self.now + int(seconds * NS))

    def settle(self, seconds=3600):
        """Runs all hosts until none has more timers armed than after its boot and no frame is on a wire; returns
        whether that happened within @seconds."""
        return self.run(self.now + int(seconds * NS), lambda: not self.flying and all(
            h.sn_timers_armed() <= h.baseline["timers"] for h in self.hosts))

    def close(self):
        """Releases all hosts."""
        for h in self.hosts:
            h.release()
        self.hosts = []

    def check(self):
        """Returns a list of error texts: panics, warnings, calls in flight, and timers, threads, pages or objects that
        were not freed since boot."""
        wrong = []
        for h in self.hosts:
            now, start = h.state(), h.baseline
            if h.panic_message():
                wrong.append(f"host {h.index}: {h.panic_message()}")
            if h.sn_warn_count():
                wrong.append(f"host {h.index}: {h.sn_warn_count()} warnings\n{h.console()}")
            if h.sn_calls_in_flight():
                wrong.append(f"host {h.index}: {h.sn_calls_in_flight()} calls in flight")
            for what in ("timers", "threads"):
                if now[what] > start[what]:
                    wrong.append(f"host {h.index}: {now[what]} {what}, {start[what]} at the start")
            if now["pages"] + PAGES_SLACK < start["pages"]:
                wrong.append(f"host {h.index}: {now['pages']} free pages of {start['pages']}")
            for name, live in now["caches"].items():
                if live > start["caches"].get(name, 0):
                    wrong.append(f"host {h.index}: {name}: {live} objects alive, "
                                 f"{start['caches'].get(name, 0)} at the start")
        return wrong

# SPDX-License-Identifier: MIT
"""Python's interface to the laboratory's engine, a library in C (tools/lab/engine): the library's functions, and
Engine, a Conductor (tests/host/softnet.py) for which the library runs the clock, the hosts and the network."""
import ctypes
import os
import pathlib
import re
import struct
import weakref

from softnet.host import NEVER, NS, Conductor, Halted, Host

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = "make lab-build"
LIBRARY = ROOT / "build/host/libsoftnet.so"
ENGINE = ROOT / "build/lab/liblab.so"
TIME, OVER, IDLE, HALT = range(4)   # enum lab_end in engine.h

_PTR, _INT, _U64, _I64, _STR, _DBL, _SIZE, _BOOL = (
    ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64, ctypes.c_int64, ctypes.c_char_p, ctypes.c_double, ctypes.c_size_t,
    ctypes.c_bool)
_ARRAY = ctypes.POINTER(_PTR)
_FUNCTIONS = {
    "info_size": (_SIZE, []),
    "new": (_PTR, [_U64]),
    "free": (None, [_PTR]),
    "now": (_U64, [_PTR]),
    "events": (_SIZE, [_PTR]),
    "host": (_INT, [_PTR, _PTR, _U64]),
    "switch": (_INT, [_PTR]),
    "wake": (None, [_PTR, _INT]),
    "instant": (_BOOL, [_PTR]),
    "advance": (_BOOL, [_PTR, _U64]),
    "run": (_INT, [_PTR, _U64, _BOOL]),
    "capture_host": (_INT, [_PTR, _INT, _STR]),
    "capture_link": (_INT, [_PTR, _INT, _INT, _STR]),
    "pipe": (_INT, [_PTR, _INT, _INT]),
    "pipe_set": (_INT, [_PTR, _INT, _STR, _DBL]),
    "pipe_list": (_INT, [_PTR, _INT, _STR, ctypes.POINTER(_DBL), _INT]),
    "pipe_get": (_DBL, [_PTR, _INT, _STR]),
    "pipe_samples": (_SIZE, [_PTR, _INT, _ARRAY]),
    "pipe_sojourns": (_SIZE, [_PTR, _INT, _ARRAY]),
    "flow": (_INT, [_PTR, _INT, _INT, _INT, _INT, _STR, _INT]),
    "flow_set": (_INT, [_PTR, _INT, _STR, _U64]),
    "flow_begin": (None, [_PTR, _INT]),
    "flow_get": (_I64, [_PTR, _INT, _STR]),
    "flow_samples": (_SIZE, [_PTR, _INT, _ARRAY]),
    "flow_segments": (_SIZE, [_PTR, _INT, _BOOL, _ARRAY]),
}
_CALLS = ("step", "set_clock", "put_frame", "take_frame", "submit", "poll", "interrupt")    # struct lab_calls


def require_built(path):
    """Raises FileNotFoundError with the command that builds it, if the library @path does not exist."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path} does not exist: `{BUILD}` in {ROOT} builds it")


def info_layout():
    """Returns the names of the fields of struct tcp_info, and its format for the module struct, from the kernel's header."""
    text = re.search(r"struct tcp_info \{(.*?)\n\};", (ROOT / "include/uapi/tcp.h").read_text(encoding="utf-8"), re.S)[1]
    # Bit fields in one declaration share a byte, which gets the name of the first field.
    fields = re.findall(r"^\s*uint(8|16|32|64)_t tcpi_(\w+)", text, re.M)
    return [name for _, name in fields], "".join({"8": "B", "16": "H", "32": "I", "64": "Q"}[bits] for bits, _ in fields)


def load():
    """Loads the engine, and declares its functions."""
    require_built(ENGINE)
    library = ctypes.CDLL(str(ENGINE))
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, "lab_" + name)
        function.restype, function.argtypes = result, arguments
    size = struct.calcsize("<" + info_layout()[1])
    if library.lab_info_size() != size:
        raise OSError(f"{ENGINE} is older than struct tcp_info: `{BUILD}` in {ROOT} builds it anew")
    return library


class EngineHost(Host):
    """A host that the engine runs."""
    node = None     # its number in the engine

    @property
    def awake(self):
        """This property can only be set. Host sets it when a call is submitted or a frame is put, and the setter tells
        the engine."""
        raise AttributeError("the engine knows which host is awake")

    @awake.setter
    def awake(self, value):
        if value and self.node is not None:
            self.conductor("wake", self.node)


class Engine(Conductor):
    """The clock, hosts and network of a lab.  engine("name", ...) calls the library's lab_name()."""
    host_class = EngineHost

    def __init__(self, library, seed):  # pylint: disable=super-init-not-called
        require_built(library)
        with open(library, "rb") as f:
            self.library = f.read()
        self.seed, self.hosts = seed, []
        self._functions = load()
        self._lab = self._functions.lab_new(seed)
        # Free the library's memory only with this object: the measurements must stay readable after close().
        weakref.finalize(self, self._functions.lab_free, self._lab)

    def __call__(self, name, *args):
        return getattr(self._functions, "lab_" + name)(self._lab, *args)

    @property
    def now(self):
        """The virtual time in ns."""
        return self("now")

    def add(self, host):
        """Adds a host to the experiment."""
        addresses = [ctypes.cast(getattr(host, "sn_" + name), _PTR).value for name in _CALLS]
        mac = host.options["mac"]
        host.node = self("host", (_PTR * len(addresses))(*addresses), mac)

    def records(self, name, size, *args):
        """Returns the bytes of an array of the engine. The array's elements have @size bytes."""
        at = _PTR()
        n = self(name, *args, ctypes.byref(at))
        return ctypes.string_at(at, n * size) if n else b""

    def numbers(self, pipe, name, values):
        """Sets one of a pipe's lists: rates, outages, trace or drop (lab_pipe_list())."""
        self("pipe_list", pipe, name.encode(), (_DBL * len(values))(*values), len(values))

    def require_running(self):
        """Raises Halted if a host halted."""
        for h in self.hosts:
            if h.sn_halt_code() or h.panic_message():
                raise Halted(f"host {h.index}: {h.panic_message()}\n{h.console()}")

    def run(self, until=NEVER, done=None):
        """Like Conductor.run() (tests/host/softnet.py)."""
        if done is None:
            if self("run", until, False) == HALT:
                self.require_running()
            return False
        while True:
            if not self("instant"):
                self.require_running()
            if done():
                return True
            if not self("advance", until):
                return False

    def run_flows(self, until):
        """Runs until all flows are finished, at most until @until (ns). Returns true if all are finished."""
        end = self("run", until, True)
        if end == HALT:
            self.require_running()
        return end == OVER

    def settle(self, seconds=3600):
        """Like Conductor.settle() (tests/host/softnet.py)."""
        return self.run(self.now + int(seconds * NS), lambda: not self("events") and all(
            h.sn_timers_armed() <= h.baseline["timers"] for h in self.hosts))

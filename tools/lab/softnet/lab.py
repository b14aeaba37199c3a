# SPDX-License-Identifier: MIT
"""Experiments: hosts, switches, links, transfers.

Times are virtual: seconds in the interface, nanoseconds inside.  The same seed and the same calls give the same
experiment, to the last byte.
"""
import random

from softnet.host import NR, NS

from . import checks, links
from .checks import require
from .engine import LIBRARY, Engine
from .links import DropTail, Link
from .sweep import sweep as run_sweep
from .transfer import AF_INET, SOCK_STREAM, SOL_TCP, TCP_CONGESTION, Transfer, plotter

HOSTS_MAX = 254     # addresses in 10.0.0.0/24
SWITCHES_MAX = 250  # engine.h: LAB_NODES_MAX nodes in all
FLOWS_MAX = 20000   # their ports stay below those that connect() chooses
SEED_MAX = 2**63
CMDLINE_MAX = 2047  # boot/boot_info.h: BOOT_CMDLINE_MAX with its NUL
FIRST_PORT = 7001
LINK_DEFAULTS = {"delay": 0.01, "rate": 0, "queue": 1 << 30, "every": 0.01}
# The congestion controls for which controls() asks the kernel. tests/sim/test_lab.py compares them with net/tcp.
CONTROLS = ("reno", "cubic", "bbr", "dctcp")


class Switch:
    """Joins links: it passes a frame on to the link that leads to its destination."""

    def __init__(self, node, name):
        self.node, self.name = node, name


class Dumbbell:
    """Senders and receivers on the two sides of one link, the bottleneck. pairs is [(sender, receiver)], link the
    bottleneck."""

    def __init__(self, pairs, link):
        self.pairs, self.link = pairs, link

    @property
    def queue(self):
        """The bottleneck's direction from the senders to the receivers, with its queue, samples and counters."""
        return self.link.forth


class Lab:
    """An experiment: its hosts, links and clock."""
    sweep = staticmethod(run_sweep)

    def __init__(self, seed=1, library=LIBRARY):
        checks.whole("seed", seed, 0, SEED_MAX, "0: no chance in the kernels")
        self.conductor = Engine(library, seed)
        self.random = random.Random(seed)
        self.transfers, self.links, self.switches = [], [], []
        self.closed = False
        self._actions = []      # [(ns, order, function)] of at()
        self._island = {}       # node -> a node of the same connected part of the network
        self._controls = None

    @property
    def now_ns(self):
        """The virtual time in nanoseconds."""
        return self.conductor.now

    @property
    def now(self):
        """The virtual time in seconds."""
        return self.conductor.now / NS

    # ---- the network ----------------------------------------------------------------------------------------------

    def host(self, cmdline="", **options):
        """Boots a host with the next free address of 10.0.0.1, 10.0.0.2 ... ; @cmdline is softnet's command line, and
        the options are those of sn_set(). Raises ValueError for an unknown option."""
        self._require_ours()
        checks.host_options(options)
        require(len(self.conductor.hosts) < HOSTS_MAX, f"a lab has at most {HOSTS_MAX} hosts")
        address = f"10.0.0.{len(self.conductor.hosts) + 1}"
        options.setdefault("separate_objects", 0)   # they are for sanitizers, and cost time
        options.setdefault("mac", 0x020000000001 + len(self.conductor.hosts))
        require(options["mac"] not in [h.options["mac"] for h in self.conductor.hosts],
                f"mac={options['mac']:#x}: another host has it")
        line = " ".join([f"ip={address}/24", "app=none"] + checks.words(cmdline))
        require(len(line.encode()) <= CMDLINE_MAX, f"cmdline: at most {CMDLINE_MAX} bytes with the lab's own words")
        h = self.conductor.host(line, **options)
        complaints = checks.complaints(h.console())
        if complaints:
            self.conductor.hosts.pop().release()
            raise ValueError(complaints)
        h.address = h.name = address
        h.options = options
        self.conductor.add(h)
        return h

    def switch(self):
        """Returns a new switch, to which any number of hosts and other switches can be wired."""
        self._require_ours()
        require(len(self.switches) < SWITCHES_MAX, f"a lab has at most {SWITCHES_MAX} switches")
        self.switches.append(Switch(self.conductor("switch"), f"switch {len(self.switches) + 1}"))
        return self.switches[-1]

    def _root(self, node):
        while self._island.get(node, node) != node:
            node = self._island[node]
        return node

    def wire(self, a, b, back=None, **options):
        """Connects two hosts or switches.  Options, for each direction: delay (s, one way), rate (bit/s, 0: no
        limit), queue (bytes, or DropTail(), RED(), CoDel(), Step(), Policer()), loss (a share, or Bursts()), duplicate, reorder
        (shares), reorder_delay, jitter, processing (s), rates [(s, bit/s)], trace [ms], outages [(from, to)], drop {numbers of
        data segments}, every (s, between samples of the queue).  @back: options of the direction from b to a alone."""
        self._require_ours(a, b)
        require(a is not b, "a wire has two ends")
        require(not (hasattr(a, "link") or hasattr(b, "link")),
                "a host has one wire, and one of these has it: lab.switch() joins several")
        require(self._root(a.node) != self._root(b.node), "there is a path between these already: a second one would "
                                                          "make a loop, and the lab's networks are trees")
        options, back = {**LINK_DEFAULTS, **options}, back or {}
        links.commands(options)     # checks the options before anything is made
        links.commands(back)
        link = Link(self.conductor, a, b, f"{a.name} - {b.name}")
        link.set(**options)
        link.back.set(**back)
        for end in (a, b):
            if not isinstance(end, Switch):
                end.link = link
        self._island[self._root(a.node)] = self._root(b.node)
        self.links.append(link)
        return link

    def dumbbell(self, pairs, rate, rtt=0.04, queue=None, cmdline="", host=None, processing=0, **options):
        """Makes @pairs senders and receivers, a switch on each side, and one link between the switches with @rate and
        @queue (default: one bandwidth-delay product of the largest RTT, at least ten frames). @rtt: one value in
        seconds for all pairs, or a list with one for each pair. @host: options of lab.host(). @processing: the largest
        random time that a sender needs for each frame; without it several senders form a deterministic system, in
        which the same sender may lose again and again. Other options are those of the link, as in wire()."""
        checks.whole("pairs", pairs, 1, HOSTS_MAX // 2, "pairs of hosts")
        rtts = list(rtt) if isinstance(rtt, (list, tuple)) else [rtt] * pairs
        require(len(rtts) == pairs, f"rtt: {len(rtts)} values for {pairs} pairs")
        for value in rtts:
            checks.number("rtt", value, "seconds")
        checks.number("rate", rate, "bit/s")
        if queue is None:
            queue = DropTail(bytes=max(rate * max(rtts) / 8, 10 * 1514))
        delay = options.pop("delay", min(rtts) / 4)
        checks.number("delay", delay, "seconds")
        require(2 * delay <= min(rtts), f"delay={delay}: of the bottleneck alone, and the least RTT is {min(rtts)}")
        left, right = self.switch(), self.switch()
        link = self.wire(left, right, rate=rate, queue=queue, delay=delay, **options)
        made = []
        for value in rtts:
            a, b = self.host(cmdline, **(host or {})), self.host(cmdline, **(host or {}))
            access = (value / 2 - delay) / 2
            self.wire(a, left, delay=access, every=0, processing=processing, back={"processing": 0})
            self.wire(b, right, delay=access, every=0)
            made.append((a, b))
        return Dumbbell(made, link)

    def capture(self, point, path):
        """Writes the frames of @point, a host or a link, to the pcapng file @path from now on. The file is complete
        when run() returns."""
        self._require_ours()
        if isinstance(point, Link):
            require(point in self.links, "this link is of another lab")
            return point.capture(path)
        self._require_ours(point)
        checks.folder_of(path)
        if self.conductor("capture_host", point.node, str(path).encode()) < 0:
            raise OSError(f"{path}: cannot be written")
        return path

    # ---- traffic --------------------------------------------------------------------------------------------------

    def controls(self):
        """Returns the names in CONTROLS that the kernel has."""
        if self._controls is None:
            require(self.conductor.hosts, "a lab without hosts: lab.host() first")
            h = self.conductor.hosts[0]
            fd = h.call(NR.socket, AF_INET, SOCK_STREAM, 0)
            self._controls = [name for name in CONTROLS if h.call(
                NR.setsockopt, fd, SOL_TCP, TCP_CONGESTION, name.encode(), len(name)) == 0]
            h.call(NR.close, fd)
        return self._controls

    def transfer(self, sender, receiver, nbytes=None, every=0.01, start=0.0, seconds=None, segments=True, name="",
                 **options):
        """Plans a connection that begins at the time @start and carries @nbytes, or as much as it can in @seconds.
        TCP_INFO is sampled every @every seconds (0: never). If @segments, each segment is recorded. Options:
        congestion= (a name), sndbuf=, rcvbuf= in bytes."""
        self._require_ours(sender, receiver)
        require(sender is not receiver, "a transfer is between two hosts")
        require(self._root(sender.node) == self._root(receiver.node), "no wire between these hosts: lab.wire() first")
        require(nbytes is not None or seconds is not None, "a transfer has an end: nbytes=, or seconds=")
        if nbytes is not None:
            require(isinstance(nbytes, int) and nbytes >= 1, f"nbytes={nbytes!r}: a whole number, at least one")
        if seconds is not None:
            checks.number("seconds", seconds, "of the transfer")
            require(seconds > 0, f"seconds={seconds}: above 0")
        checks.number("every", every, "seconds between two samples; 0: none")
        require(every == 0 or every * NS >= 1, f"every={every}: seconds between two samples, 0 or at least 1e-9")
        checks.number("start", start, "seconds")
        checks.transfer_options(options, self.controls() if "congestion" in options else ())
        require(len(self.transfers) < FLOWS_MAX, f"a lab has at most {FLOWS_MAX} transfers")
        plan = {"nbytes": nbytes, "every": every, "start": start, "seconds": seconds, "segments": segments, "name": name,
                "background": False}
        t = Transfer(self, sender, receiver, FIRST_PORT + len(self.transfers), plan, options)
        self.transfers.append(t)
        return t

    def _background(self, sender, receiver, **options):
        t = self.transfer(sender, receiver, every=0, segments=False, **options)
        t.plan["background"] = True
        return t

    def poisson(self, sender, receiver, rate, nbytes, seconds, start=0.0, **options):
        """Plans short flows that begin at random times, from @start on for @seconds: @rate flows in a second on
        average, with @nbytes each on average (both exponential). Returns the transfers; TCP_INFO is not sampled."""
        checks.number("rate", rate, "flows a second")
        require(rate > 0, f"rate={rate}: above 0")
        checks.number("seconds", seconds, "seconds")
        flows, time = [], start + self.random.expovariate(rate)
        while time < start + seconds:
            size = 1 + int(self.random.expovariate(1 / nbytes))
            flows.append(self._background(sender, receiver, nbytes=size, start=time, **options))
            time += self.random.expovariate(rate)
        return flows

    def on_off(self, sender, receiver, on, off, seconds, start=0.0, **options):
        """Plans a source that sends as fast as it can for @on seconds on average, then pauses for @off seconds on
        average (both exponential), and so on, from @start on for @seconds. Each period of sending is a connection.
        Returns the transfers; TCP_INFO is not sampled."""
        for name, value in (("on", on), ("off", off), ("seconds", seconds)):
            checks.number(name, value, "seconds")
            require(value > 0, f"{name}={value}: above 0")
        flows, time = [], start
        while time < start + seconds:
            length = min(self.random.expovariate(1 / on), start + seconds - time) or 1e-9
            flows.append(self._background(sender, receiver, seconds=length, start=time, **options))
            time += length + self.random.expovariate(1 / off)
        return flows

    # ---- running --------------------------------------------------------------------------------------------------

    def at(self, time, function):
        """Calls @function at the virtual time @time (seconds), while run() runs. The function may change links or
        plan transfers."""
        checks.number("time", time, "seconds")
        self._actions.append((int(time * NS), len(self._actions), function))
        self._actions.sort(key=lambda action: action[:2])

    def run(self, seconds=3600):
        """Runs until all transfers are done. Raises TimeoutError if they are not done after @seconds; raises the
        OSError of a transfer that failed, unless the transfer was planned with the argument
        seconds."""
        self._require_ours()
        checks.number("seconds", seconds, "of virtual time")
        end = self.now_ns + int(seconds * NS)
        waiting = [t for t in self.transfers if not t.done]
        while True:
            self._begin_transfers()
            stop = min([end] + [time for time, _, _ in self._actions[:1]])
            over = self.conductor.run_flows(stop)
            while self._actions and self._actions[0][0] <= self.now_ns:
                self._actions.pop(0)[2]()
                over = False
            if over and not (self._actions and self._actions[0][0] <= end):
                break
            if over:    # an action is left, and may plan more transfers
                self.conductor.run(self._actions[0][0])
            elif self.now_ns >= end:
                left = [t.name for t in self.transfers if not t.done]
                raise TimeoutError(f"not done after {seconds} s of virtual time: {', '.join(left)}")
        waiting += [t for t in self.transfers if t not in waiting]
        for t in waiting:
            if t.error and not t.plan["seconds"]:
                raise t.error

    def _begin_transfers(self):
        for t in list(self.transfers):
            try:
                t.begin()
            except OSError:
                self.transfers.remove(t)    # so that other and later transfers run without it
                t.abandon()
                raise

    def close(self):
        """Ends all hosts; the measurements stay readable."""
        self.closed = True
        self.conductor.close()

    def _require_ours(self, *ends):
        require(not self.closed, "this lab is closed")
        for end in ends:
            require(end in self.conductor.hosts or end in self.switches,
                    f"{end!r} is no host of this lab: lab.host() makes one")

    # ---- results --------------------------------------------------------------------------------------------------

    def results(self):
        """Returns a dict: flows and links (lists of their results), fairness (Jain's index of the goodputs; background
        traffic does not count), seconds."""
        flows = [t.result() for t in self.transfers]
        rates = [f["goodput"] for f in flows if not f["background"]]
        return {"seconds": self.now, "flows": flows, "fairness": fairness(rates),
                "links": [d.result() for link in self.links for d in (link.forth, link.back)]}

    def plot(self, path, *transfers, queue=None):
        """Draws, as SVG over time, the throughput and cwnd of @transfers (default: those that were sampled), and the
        queueing delay of the direction @queue."""
        chosen = transfers or [t for t in self.transfers if t.samples]
        require(chosen, "nothing to draw: no transfer was sampled")
        return plotter().plot_lab(chosen, queue, path)


def fairness(rates):
    """Returns Jain's index of @rates: 1 if all are equal, 1/n if all but one of n are zero (RFC 5166 2.3)."""
    squares = sum(x * x for x in rates)
    return sum(rates) ** 2 / (len(rates) * squares) if squares else 1.0

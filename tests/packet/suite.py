# SPDX-License-Identifier: MIT
"""Reads files, boots machines and plays scripts.  Each script runs in a child process, forked from this process
with its booted machine: so a crash, a hang or changed state of one script does not affect the next one.

tests/packet/run and the tests call Suite.play().
"""
import faulthandler
import gc
import json
import os
import select
import signal
import sys
import time
import traceback

import hosted
from parser import OPTIONS, parse
from lexer import ScriptError
from runner import Failed, Play, has_large
from script import Shell
from shell import NOT_IN_FORCE, BadCommand, Skip, plan
from tap import Result
from unsupported import why

WALL_SECONDS = 30       # of real time for one script; more is a hang
MACHINES_MAX = 8        # booted machines, of different configurations
SHORT_OF_WRAP = 500     # --wrap: the initial sequence numbers are 2^32 less this


def read(path):
    """Returns a file's text; raises OSError, or UnicodeDecodeError if it is not UTF-8."""
    with open(path, encoding="utf-8") as f:
        return f.read()


class Suite:
    """Plays scripts, all with the same settings.

    options: packetdrill's options, which override a script's own; defines: {word: value}; rules: check_ecr;
    cmdline: appended to the kernel's command line; gso: the device segments large packets; wrap: let sequence
    numbers wrap; linux: play on the host's own kernel.
    """

    def __init__(self, options=None, defines=None, rules=None, cmdline="", gso=True, wrap=False,
                 linux=False):
        self.options, self.defines, self.rules = options or {}, defines or {}, rules or {}
        self.cmdline, self.gso, self.wrap, self.linux = cmdline, gso, wrap, linux
        self.machines = {}
        self.library = None

    # ---- preparation ------------------------------------------------------------------------------

    def parse(self, path):
        """Returns the parsed Script, or a Result with the error if the file can't be read or parsed."""
        try:
            return parse(path, read(path), self.defines)
        except IsADirectoryError:
            return Result(path, "not ok", f"{path}: a folder without scripts")
        except OSError as error:
            return Result(path, "not ok", f"{path}: {error.strerror}")
        except UnicodeDecodeError:
            return Result(path, "not ok", f"{path}: not a text in UTF-8")
        except ScriptError as error:
            return Result(path, "not ok", str(error))
        except RecursionError:
            return Result(path, "not ok", f"{path}: nested too deeply")

    def settings(self, script):
        """Returns (options, machine configuration) for @script; raises Skip or BadCommand."""
        options = {name: default for name, (_, default) in OPTIONS.items()}
        options.update(script.options)
        options.update(self.options)
        reason = why(script, options, self.linux)
        if reason:
            raise Skip(reason)
        if options["init_scripts"]:     # the shell lines of these scripts run before all others
            script.before[:0] = [Shell(name) for name in options["init_scripts"].split(",")]
        config = {"local_ip": options["local_ip"] or hosted.LOCAL_IP,
                  "remote_ip": options["remote_ip"] or hosted.REMOTE_IP,
                  "mtu": options["mtu"], "gso": self.gso, "cmdline": self.cmdline,
                  "large": has_large(script, options)}
        for name in ("local_ip", "remote_ip"):
            parts = config[name].split(".")
            if len(parts) != 4 or not all(p.isdigit() and int(p) < 256 for p in parts):
                raise Skip(f"the address {config[name]}")
        shells = script.before + script.after + [e.what for e in script.events
                                                 if isinstance(e.what, Shell)]
        for shell in shells:
            plan(shell, config, script.path)
        return options, config

    def machine(self, config):
        """Returns a booted machine with this configuration; raises Halted if it does not boot."""
        key = json.dumps(config, sort_keys=True)
        if key not in self.machines:
            if self.library is None:
                self.library = hosted.load()
            if len(self.machines) >= MACHINES_MAX:
                oldest = next(iter(self.machines))
                self.machines.pop(oldest).host.release()
            self.machines[key] = hosted.Machine(self.library, config)
            gc.collect()
            gc.freeze()
        return self.machines[key]

    # ---- a script ------------------------------------------------------------------------------------

    def play(self, path):
        """Plays the script in the file @path; returns a Result."""
        script = self.parse(path)
        if isinstance(script, Result):
            return script
        try:
            options, config = self.settings(script)
            if self.linux:
                return self._on_linux(script, options, config)
            machine = self.machine(config)
        except Skip as skip:
            return Result(path, "skip", str(skip))
        except BadCommand as error:
            return Result(path, "not ok", str(error))
        except (hosted.Halted, OSError) as error:
            return Result(path, "not ok", f"no machine to run on: {error}")
        return self._forked(script, lambda: self._story(script, options, machine))

    def _story(self, script, options, machine):
        """Plays @script on @machine, in the child process; returns a Result.

        A failure counts as a skip if the script uses defaults.sh and the kernel does not have all its settings.
        But a panic or a warning of the kernel is always a failure.
        """
        result = Result(script.path)
        rules = dict(self.rules)
        if self.wrap:
            machine.host.sn_set(b"iss", 2**32 - SHORT_OF_WRAP)
            rules["remote_shift"] = -SHORT_OF_WRAP - self._script_isn(script)
        play = Play(script, options, machine, rules)
        try:
            play.run()
        except Skip as skip:
            result.status, result.reason = "skip", str(skip)
        except BadCommand as error:
            result.status, result.reason = "not ok", str(error)
        except Failed as failed:
            result.status = "not ok"
            line = f"{script.path}:{play.event.line}: " if play.event else ""
            complaint = machine.complaint() if failed.what else ""
            result.reason = line + failed.what + (f" ({complaint})" if complaint and
                                                  complaint != failed.what else "")
            result.lines = list(failed.lines)
            missing = [note for note in play.notes if note.startswith(NOT_IN_FORCE)]
            if missing and not complaint and not machine.complaint():
                result.status, result.reason = "skip", f"it relies on {missing[0]}; {result.reason}"
        except hosted.Halted as error:
            result.status = "not ok"
            line = f"{script.path}:{play.event.line}: " if play.event else ""
            result.reason = f"{line}the kernel ended: {str(error).splitlines()[0]}"
        result.notes = play.notes + [line for line in play.snippets.printed.splitlines()]
        result.isn = play.first_isn
        if self.wrap and result.isn not in (None, 2**32 - SHORT_OF_WRAP):
            result.status = "not ok"
            result.reason = f"the kernel's sequence numbers start at {result.isn} all the same"
        return result

    @staticmethod
    def _script_isn(script):
        """Returns the sequence number of the first SYN that the script sends to the kernel; 0 if there is none."""
        return next((e.what.seq for e in script.events if "S" in getattr(e.what, "flags", ())
                     and not e.what.outbound), 0)

    def _forked(self, script, story):
        """Runs @story in a child process and returns its Result; a crash or a hang gives a Result, too."""
        sys.stdout.flush()
        sys.stderr.flush()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            self._in_child(script, story, writer)
        os.close(writer)
        text, in_time = self._listen(reader)
        os.close(reader)
        if not in_time:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not in_time:
            return Result(script.path, "not ok", f"it hangs: no end within {WALL_SECONDS} s")
        try:
            return Result(**json.loads(text))
        except ValueError:
            how = f"exit status {os.waitstatus_to_exitcode(status)}"
            if os.WIFSIGNALED(status):
                how = signal.Signals(os.WTERMSIG(status)).name
            return Result(script.path, "not ok", f"the kernel's process crashed: {how}")

    @staticmethod
    def _in_child(script, story, writer):
        """Runs @story in the child process and writes its Result to the pipe; never returns."""
        gc.disable()
        faulthandler.disable()  # _forked() reports a crash; a trace of Python's stack would not help
        try:
            result = story()
        except BaseException:  # pylint: disable=broad-except
            result = Result(script.path, "not ok", "the interpreter failed",
                            traceback.format_exc().splitlines())
        try:
            with os.fdopen(writer, "w", encoding="utf-8", errors="replace") as out:
                json.dump(vars(result), out)
        finally:
            os._exit(0)  # pylint: disable=protected-access

    @staticmethod
    def _listen(reader):
        """Reads the child's output; returns it, and False if the child did not end within WALL_SECONDS."""
        end, parts = time.monotonic() + WALL_SECONDS, []
        while True:
            ready, _, _ = select.select([reader], [], [], max(0, end - time.monotonic()))
            if not ready:
                return b"", False
            part = os.read(reader, 65536)
            if not part:
                return b"".join(parts), True
            parts.append(part)

    def _on_linux(self, script, options, config):
        """Plays @script on the host's own kernel; returns a Result."""
        import linux  # pylint: disable=import-outside-toplevel
        head = read(script.path).split("\n", maxsplit=1)[0]
        if head.startswith("// linux: not run"):
            raise Skip(head.removeprefix("// linux: "))
        machine = linux.Machine(config)
        return self._forked(script, lambda: linux.story(self, script, options, machine))

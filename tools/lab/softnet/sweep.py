# SPDX-License-Identifier: MIT
"""Sweeps: one experiment for each combination of parameters, each in a process of its own, on all cores."""
import itertools
import multiprocessing
import multiprocessing.connection
import os
import sys
import traceback

from .checks import require
from .links import write_csv


PACKAGE = os.path.dirname(os.path.abspath(__file__))


def _described(error):
    """Returns the error in words, with the line of the experiment that raised it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(PACKAGE)]
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def _child(pipe, function, parameters):
    try:
        result = function(**parameters)
        message = ("result", result)
    except BaseException as error:  # pylint: disable=broad-exception-caught
        message = ("error", _described(error))
    try:
        pipe.send(message)
    except Exception as error:  # pylint: disable=broad-exception-caught
        pipe.send(("error", f"the result cannot be passed between processes: {error}"))
    pipe.close()


def _row(parameters, result):
    """Returns the result of one run as a dict: its parameters, and its measurements."""
    return {**parameters, **(result if isinstance(result, dict) else {"result": result})}


def _receive(pipe, process):
    try:
        kind, value = pipe.recv()
    except EOFError:
        kind, value = "error", ""
    process.join()
    if kind == "error" and not value:
        value = f"the process ended with status {process.exitcode}"
    return kind, value


def _report(done, total, progress):
    if progress and sys.stderr.isatty():
        print(f"\r{done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def sweep(function, workers=None, progress=True, csv=None, **lists):
    """Calls function(**parameters) for each combination of the values in @lists, in at most @workers processes at
    once (default: one for each core). Returns a list of dicts in the order of the combinations. Each dict has the
    parameters, and the items of the dict that the function returned (or "result", if it returned no dict). If a
    run fails, its dict has "error" instead, its message is printed with its parameters, and the other runs go on.
    @csv: a path to write the table to."""
    for name, values in lists.items():
        require(isinstance(values, (list, tuple, range)), f"{name}={values!r}: a list of the values to try")
    require(workers is None or isinstance(workers, int) and workers >= 1, f"workers={workers!r}: a whole number, at least 1")
    todo = [dict(zip(lists, values)) for values in itertools.product(*lists.values())]
    rows, running, begun, done = [None] * len(todo), {}, 0, 0
    context = multiprocessing.get_context("fork")
    workers = workers or os.cpu_count() or 1
    while begun < len(todo) or running:
        while begun < len(todo) and len(running) < workers:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_child, args=(theirs, function, todo[begun]))
            process.start()
            theirs.close()
            running[ours] = (begun, process)
            begun += 1
        for pipe in multiprocessing.connection.wait(list(running)):
            i, process = running.pop(pipe)
            kind, value = _receive(pipe, process)
            pipe.close()
            rows[i] = _row(todo[i], value) if kind == "result" else {**todo[i], "error": value}
            if kind == "error":
                print(f"sweep: {', '.join(f'{k}={v!r}' for k, v in todo[i].items())}: {value}", file=sys.stderr)
            done += 1
            _report(done, len(todo), progress)
    if csv:
        names = list(dict.fromkeys(name for row in rows for name in row))
        write_csv(csv, names, [[row.get(name, "") for name in names] for row in rows])
    return rows

# SPDX-License-Identifier: MIT
"""Runs inside gdb, attached to a softnet that makes no progress: prints everything that may explain a hang.

Each section is independent: if a symbol no longer exists, only the section that uses it is missing.
"""
import gdb


def run(command):
    try:
        gdb.execute(command)
    except gdb.error as e:
        print(f"{command}: {e}")


def symbol(address):
    return gdb.execute(f"info symbol {address:#x}", to_string=True).split(" in section")[0].strip()


def word(address):
    return int(gdb.parse_and_eval(f"*(unsigned long *){address:#x}"))


def listed(head, type_name, member):
    """Yields the objects on a struct list_head."""
    kind = gdb.lookup_type(type_name)
    offset = [f.bitpos // 8 for f in kind.fields() if f.name == member][0]
    at = int(head["next"])
    while at != int(head.address):
        yield gdb.Value(at - offset).cast(kind.pointer()).dereference()
        at = word(at)


def threads():
    for t in listed(gdb.parse_and_eval("'thread.c'::threads"), "struct task_struct", "all_list"):
        print(f"\n{t['comm'].string()} pid {t['pid']} state {t['state']} on_rq {t['on_rq']} "
              f"syscall_depth {t['syscall_depth']} runtime_ns {t['runtime_ns']}")
        sp = int(t["ctx"]["sp"])        # as hal_context_switch() left it: six registers, then the return address
        frame, pc = word(sp + 40), word(sp + 48)
        for _ in range(24):
            print("   ", symbol(pc))
            if not frame:
                break
            frame, pc = word(frame), word(frame + 8)


def queues():
    for q in listed(gdb.parse_and_eval("'virtqueue.c'::virtqueues"), "struct virtqueue", "vqs"):
        num = int(q["num"])
        used_event = int((q["avail"]["ring"].address.cast(gdb.lookup_type("unsigned short").pointer()) + num).dereference())
        print(f"{q['name'].string()}: num {num} free {q['num_free']} broken {q['broken']} avail_idx {q['avail_idx']} "
              f"avail->idx {q['avail']['idx']} used->idx {q['used']['idx']} last_used {q['last_used_idx']} "
              f"used_event {used_event} avail->flags {q['avail']['flags']} num_added {q['num_added']} "
              f"kicks {q['kicks']} interrupts {q['interrupts']} bad_used {q['bad_used']}")


def part(title, what):
    print(f"\n---- {title}")
    try:
        what()
    except (gdb.error, IndexError, KeyError) as e:
        print(f"not read: {e}")


part("running", lambda: run("backtrace 30"))
part("registers", lambda: run("info registers"))
part("this CPU", lambda: run("print boot_cpu"))
part("its softnet_data", lambda: run("print *boot_cpu.softnet"))
part("timer wheel", lambda: [run(f"print bases[0].{f}") for f in ("clk", "next", "armed", "filled", "running")])
part("jiffies", lambda: run("print jiffies"))
part("rings", queues)
part("threads", threads)
gdb.execute("detach")

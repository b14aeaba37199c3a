#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Lists the allocations of the kernel that no scene (a test, see scene.h) made fail.

    alloc_sites.py LIBRARY SITES...

Scenes that run with REFUSED_SITES= write the files SITES.  A file has the return addresses that were on the stack when
an allocation failed (tests/host/refuse.c).  The script compares these addresses with all calls of allocating functions
in the disassembly of LIBRARY.  A site is named FILE:FUNCTION->CALLEE; FUNCTION is the innermost inlined one.  The run
fails if a site of net/ was never made to fail and is not in EXCUSED, or if a site in EXCUSED was made to fail.
"""

import collections
import re
import subprocess
import sys

# The allocators of kernel/mm, and the functions of net/ and kernel/fs that return memory that they have allocated.
ALLOCATORS = """
    kmem_cache_alloc kmalloc kcalloc alloc_pages get_free_pages alloc_budget_pages page_frag_alloc page_frag_refill
    alloc_skb alloc_skb_fclone alloc_skb_small build_skb skb_alloc_data skb_clone pskb_copy pskb_expand_head
    skb_cow_head skb_checksum_help skb_segment sk_stream_alloc_skb sock_alloc_send_skb tcp_alloc_control tcp_skb_unclone tcp_fragment
    tcp_segment_for sk_alloc sk_clone_lock inet_csk_clone_lock inet_reqsk_alloc reqsk_alloc inet_twsk_alloc
    inet_bind_bucket_create rt_alloc rt_alloc_input neigh_create sock_alloc sock_alloc_file alloc_file
""".split()
ALLOCATORS += ["__wrap_" + name for name in ALLOCATORS]

FOLDERS = ("net/", "kernel/fs/", "kernel/process/", "drivers/")
MUST = ("net/",)

HEADROOM = "each packet of this stack is made with room for the link header"
EXCUSED = {
    "net/core/dev_tx.c:validate_xmit_skb->skb_checksum_help": "allocates only for a clone with a shared header; TCP's "
                                                              "clones have a header of their own",
    "net/core/skb_data.c:skb_checksum_help->pskb_expand_head": "as above",
    "net/core/skb_data.c:pskb_trim->pskb_expand_head": "only for a clone with page fragments and padding: a raw socket "
                                                       "and a frame of several buffers, which no scene here has",
    "net/core/skbuff.c:skb_cow_head->pskb_expand_head": HEADROOM,
    "net/ipv4/ip_fragment.c:ip_frag_reasm->pskb_expand_head": "only for a clone; no fragment is one",
    "net/ipv4/ip_output.c:ip_group_output->skb_cow_head": HEADROOM,
    "net/ipv4/ip_output_frag.c:ip_do_fragment->skb_checksum_help": "only for a clone; this host's copy of a datagram to "
                                                                   "a group has a header of its own",
    "net/ipv4/neighbour.c:neigh_output->skb_cow_head": HEADROOM,
}


def functions(library):
    """Yields (name, [lines of disassembly])."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", library], check=True, capture_output=True,
                          text=True).stdout
    name, lines = None, []
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <(.*)>:$", line)
        if head:
            if name:
                yield name, lines
            name, lines = head[1], []
        elif line.startswith(" "):
            lines.append(line)
    yield name, lines


def calls(library):
    """Returns {return address: callee} of all calls of allocating functions."""
    found = {}
    for name, lines in functions(library):
        if name.startswith("__wrap_"):
            continue
        for line, after in zip(lines, lines[1:]):
            call = re.search(r"\tcall +[0-9a-f]+ <([^>+]*)>", line)
            if call and call[1] in ALLOCATORS:
                found[int(after.split(":")[0], 16)] = call[1].replace("__wrap_", "")
    return found


def symbol(library, wanted):
    for line in subprocess.run(["nm", library], check=True, capture_output=True, text=True).stdout.splitlines():
        fields = line.split()
        if fields[-1] == wanted:
            return int(fields[0], 16)
    raise SystemExit(f"{library} has no {wanted}")


def places(library, addresses):
    """Returns {address: (file, function, line)} of the calls that return to @addresses."""
    text = subprocess.run(["addr2line", "-f", "-i", "-a", "-e", library], check=True, capture_output=True, text=True,
                          input="".join(f"{a - 1:#x}\n" for a in addresses)).stdout.splitlines()
    found = {}
    for a, line in enumerate(text):
        if line.startswith("0x"):
            # alloc_page(), kzalloc() and others are inline functions of headers, so the site is the caller of the
            # inline function.
            at = a + 1
            while re.search(r"\.h:\d", text[at + 1]) and at + 2 < len(text) and not text[at + 2].startswith("0x"):
                at += 2
            path, number = text[at + 1].split(" ")[0].rsplit(":", 1)
            part = re.search(r"(?:^|/)((?:net|kernel|drivers|init|tests|apps)/.*)", path)
            found[int(line, 16) + 1] = (part[1] if part else path, text[at], number)
    return found


def main(library, *sites):
    base = symbol(library, "sn_boot")
    failed = {int(line) + base for path in sites for line in open(path)}
    known = calls(library)
    where = places(library, known)
    table = collections.defaultdict(lambda: [0, 0, []])
    for address, callee in known.items():
        path, function, line = where[address]
        if path.startswith(FOLDERS):
            row = table[path, f"{path}:{function}->{callee}"]
            row[address in failed] += 1
            if address not in failed:
                row[2].append(line)
    wrong = 0
    for folder in FOLDERS:
        rows = {name: row for (path, name), row in table.items() if path.startswith(folder)}
        print(f"{folder}: {sum(r[1] for r in rows.values())} of {sum(r[0] + r[1] for r in rows.values())} allocations were made to fail")
        for name, (never, _, lines) in sorted(rows.items()):
            if never and name in EXCUSED:
                print(f"    excused: {name}: {EXCUSED[name]}")
            elif never:
                print(f"    never failed: {name} (line {', '.join(lines)})")
                wrong += folder in MUST
            elif name in EXCUSED:
                print(f"    failed, but excused: {name}")
                wrong += 1
    for name in EXCUSED.keys() - {name for _, name in table}:
        print(f"    excused, but unknown: {name}")
        wrong += 1
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

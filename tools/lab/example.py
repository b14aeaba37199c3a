# SPDX-License-Identifier: MIT
"""Two flows with different round trips share a link; the second begins later (docs/lab.md, `make lab`)."""
from softnet import CoDel, Lab

lab = Lab(seed=1)
net = lab.dumbbell(2, rate=20e6, rtt=[0.02, 0.08], queue=CoDel())
flows = [lab.transfer(a, b, seconds=20, start=i * 5, congestion="reno") for i, (a, b) in enumerate(net.pairs)]
lab.run()
for flow in flows:
    print(f"{flow.name}: {flow.goodput / 1e6:.1f} Mbit/s, {flow.retransmissions} retransmissions")
print(f"95 % of the packets waited at most {net.queue.result()['delay_95'] * 1000:.1f} ms")
print("figure:", lab.plot("build/lab/flows.svg", queue=net.queue))

# SPDX-License-Identifier: MIT
"""A transfer of three megabytes over a link that loses one frame in three hundred (docs/lab.md, `make lab`)."""
from softnet import Lab

lab = Lab(seed=1)
a, b = lab.host(), lab.host()
lab.wire(a, b, delay=0.02, rate=20e6, queue=100_000, loss=0.003)
transfer = lab.transfer(a, b, 3_000_000)
lab.run()
print(f"{transfer.goodput / 1e6:.1f} Mbit/s in {transfer.seconds:.1f} s")
print("figure:", transfer.plot("build/lab/transfer.svg"))

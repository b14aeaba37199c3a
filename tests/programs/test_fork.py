# SPDX-License-Identifier: MIT
"""Each call that would start a second process fails with ENOSYS; the log says once why, and how to do without."""
from program import boot, built, pack, reports

ENOSYS = 38


def test_each_call_fails(tmp_path):
    with boot(pack(tmp_path, built("fork")), net="") as guest:
        assert guest.end() == 0
        guest.reader.join()
    said = guest.console.replace("\r", "")
    assert f"fork -1 errno {ENOSYS}\n" in said and f"vfork call -1 errno {ENOSYS}\n" in said
    assert f"execve -1 errno {ENOSYS}\n" in said
    assert f"posix_spawn {ENOSYS}\n" in said and f"system {127 << 8}\n" in said    # as if the shell had ended with 127
    assert said.count("this machine runs one process, and starts no other program") == 1
    assert "daemon off; master_process off" in said and "make its program the init= of the machine" in said
    assert not reports(said), said

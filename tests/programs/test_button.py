# SPDX-License-Identifier: MIT
"""The first press of the power button sends SIGTERM to the program; the second press ends the
machine."""
import os

from program import boot, built, pack, press_button, reports


def button_guest(tmp_path, what):
    monitor = os.path.join(tmp_path, "monitor")
    guest = boot(pack(tmp_path, built("button")), [what], ready=r"^READY", net="",
                 extra=["-monitor", f"unix:{monitor},server=on,wait=off"])
    return guest, monitor


def test_a_program_ends_in_its_handler(tmp_path):
    guest, monitor = button_guest(tmp_path, "end")
    with guest:
        press_button(monitor)
        status = guest.end()
        guest.reader.join()
    assert "SIGTERM\n" in guest.console.replace("\r", "")
    assert status == 5 << 1 | 1
    assert not reports(guest.console), guest.console


def test_the_second_press_does_not_wait(tmp_path):
    """The program goes on after SIGTERM; the machine ends with code 0."""
    guest, monitor = button_guest(tmp_path, "stay")
    with guest:
        press_button(monitor)
        guest.wait(r"^SIGTERM")
        press_button(monitor)
        assert guest.end() == 0
        guest.reader.join()
    assert "the program has not ended" in guest.console

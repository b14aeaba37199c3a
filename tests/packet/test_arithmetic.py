# SPDX-License-Identifier: MIT
"""`$((...))` in shell lines: the same values as in /bin/sh (dash), and the messages for wrong expressions."""
import subprocess

import pytest
from arithmetic import Unknown, expand
from conftest import LISTEN, SERVER

EXPRESSIONS = ["1+2*3", "(1+2)*3", "16*1024", " 0x10<<2 ", "7/-2", "-7%3", "-7/2", "010", "1<2&&3", "0||5", "~0", "!5", "!0",
               "- - 3", "1-2-3", "2*3%4", "1|2^3&6", "1<<2+1", "5>=5", "5!=5", "(((2)))", "-1>>1", "9223372036854775807",
               "1 == 1 && 2 > 1", "0xfF"]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_as_the_shell_does(text):
    """Each expression has the same value as in /bin/sh."""
    line = f"a $(({text})) b$(({text}))"
    assert expand(line) == subprocess.run(["/bin/sh", "-c", f'echo "{line}"'], check=True, text=True,
                                          capture_output=True).stdout.rstrip("\n")


@pytest.mark.parametrize("text,said", [
    ("$((1", "`$((` without its `))`"), ("$((1)", "`$((` without its `))`"), ("$((1/0))", "a division by 0"),
    ("$((1%0))", "a division by 0"), ("$((1+))", "a number expected, here is the end"), ("$(())", "a number expected"),
    ("$((1 2))", "the end expected, here is `2`"), ("$((1@2))", "`@` is no part of an expression"),
    ("$((9223372036854775808))", "more than 64 bits"), ("$((1<<63))", "more than 64 bits"), ("$((1<<64))", "a shift by 64 bits"),
    ("$((" + 200 * "(" + "1" + 200 * ")" + "))", "nested too deeply")])
def test_wrong(text, said):
    """A wrong expression raises ValueError with a message that names the error."""
    with pytest.raises(ValueError) as caught:
        expand(text)
    assert said in str(caught.value)


def test_a_variable_is_not_known():
    """A variable raises Unknown, because no shell runs that could know its value."""
    for text in ("$((a+1))", "$(($a+1))"):
        with pytest.raises(Unknown, match="variable"):
            expand(text)


def test_in_a_script(play):
    """A sysctl line may compute its value, before the first event and later.  A wrong expression fails the script,
    a variable skips it."""
    off = SERVER.replace("mss 1460,nop,wscale 7", "mss 1460")
    for value, status in (("$((3-3))", "ok"), ("$(( 1 && (2 > 3) ))", "ok"), ("$((1/0))", "not ok"), ("$((NO))", "skip")):
        line = f"`sysctl -q net.ipv4.tcp_window_scaling={value}`\n"
        result = play(line + off)
        assert result.status == status, result
        if status != "ok":
            assert f"script.pkt:1: {'a division by 0' if status == 'not ok' else 'the variable NO'}" in result.reason
    assert play(LISTEN + "+0 `sysctl -q net.ipv4.tcp_window_scaling=$((7%7))`\n"
                "+0 < S 0:0(0) win 9 <mss 1000,nop,wscale 7>\n+0 > S. 0:0(0) ack 1 <mss 1460>\n").status == "ok"

# The same, idling in a loop instead of hlt.  Its idle instructions are the loop: do not read insn_net.
. "$ROOT/tools/bench/guests/linux.sh"
APPEND="$APPEND idle=poll"

# The guest of linux.sh, but idling in a loop instead of hlt.  Its idle instructions are those of the loop, so
# ignore insn_net.
. "$ROOT/tools/bench/guests/linux.sh"
APPEND="$APPEND idle=poll"

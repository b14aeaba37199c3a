/* SPDX-License-Identifier: MIT */
/*
 * The record of a run: writes a frame as a text line.
 *
 * Callers: net.c, watch.c.
 */
#include "tests/sim/sim.h"
#include "tests/wire/pkt.h"

void story_frame(struct world *w, unsigned int port, bool out, const uint8_t *frame, size_t len,
		 const char *fate)
{
	const uint8_t *ip = frame + 14, *tcp = ip + 20;
	static const char letters[] = "FSRP.UEW";
	char flags[9] = "", *at = flags, blocks[128] = "";
	struct pkt_options options;
	size_t n = 0;

	if (!w->story || (!out && !fate))
		return;
	for (unsigned int i = 0; i < 8; i++) {
		if (tcp[13] >> i & 1)
			*at++ = letters[i];
	}
	*at = '\0';
	if (!pkt_read_options(tcp + 20, (tcp[12] >> 4) * 4 - 20, &options)) {
		for (unsigned int i = 0; i < options.nr_blocks; i++)
			n += snprintf(blocks + n, sizeof(blocks) - n, "%s%u-%u",
				      i ? " " : ", SACK ", options.blocks[i].from,
				      options.blocks[i].to);
	}
	sim_say(w, "   %s %u: %u > %u [%s] seq %u ack %u win %u, %d bytes%s%s%s",
		out ? "from" : "to", port, pkt_get16(tcp), pkt_get16(tcp + 2), flags,
		pkt_get32(tcp + 4), pkt_get32(tcp + 8), pkt_get16(tcp + 14),
		pkt_get16(ip + 2) - 20 - (tcp[12] >> 4) * 4, blocks, fate ? ": " : "",
		fate ? fate : "");
}

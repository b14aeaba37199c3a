/* SPDX-License-Identifier: MIT */
/*
 * The device model's control queue: executes the driver's commands, and drops the received frames
 * that these commands filter out. Section numbers are those of virtio 1.1.
 *
 * Callers: virtio_model_tx() calls model_commands(); virtio_model_rx() calls model_passes().  One host
 * thread, no lock.
 */
#include "tests/host/virtio_model.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "tests/host/virtio_memory.h"
#include "tests/host/virtio_model_state.h"

/* The longest command: class and command, and two tables with their lengths. */
#define COMMAND_MAX (2 + 4 + 6 * MODEL_GROUPS + 4 + 6 * 1024)

/* Bits of the option ctrl_refuse. */
#define REFUSE_PROMISC  1
#define REFUSE_ALLMULTI 2
#define REFUSE_TABLE    4
#define REFUSE_ANNOUNCE 8

/* Copies what the device may read of a command to @bytes; returns its length. */
static u32 command_read(const struct model_chain *chain, u8 *bytes)
{
	u32 len = 0;

	if (chain->readable < 2 || chain->readable > COMMAND_MAX || chain->writable != 1)
		panic("virtio_model: a command of %u bytes, with %u for the answer",
		      chain->readable, chain->writable);
	for (unsigned int i = 0; len < chain->readable; i++) {
		memcpy(bytes + len, chain->piece[i].at, chain->piece[i].len);
		len += chain->piece[i].len;
	}
	return len;
}

/* Executes the command PROMISC or ALLMULTI (5.1.6.5.1), whose one byte says on or off. */
static bool command_rx(const u8 *bytes, u32 len)
{
	if (!HAS(F_CTRL_RX) || len != 3 || bytes[1] > 1 || bytes[2] > 1)
		panic("virtio_model: receive command %u of %u bytes", bytes[1], len);
	if (model.ctrl_refuse & (bytes[1] ? REFUSE_ALLMULTI : REFUSE_PROMISC))
		return false;
	*(bytes[1] ? &model.filter.allmulti : &model.filter.promisc) = bytes[2];
	return true;
}

/*
 * Executes the command that sets the tables of addresses (5.1.6.5.2): unicast addresses, which the
 * driver leaves empty, and multicast groups.
 */
static bool command_table(const u8 *bytes, u32 len)
{
	u32 unicast, groups;

	if (!HAS(F_CTRL_RX) || bytes[1] || len < 10)
		panic("virtio_model: command %u for addresses, %u bytes", bytes[1], len);
	memcpy(&unicast, bytes + 2, sizeof(unicast));
	memcpy(&groups, bytes + 6, sizeof(groups));
	if (unicast)
		panic("virtio_model: a table of %u further unicast addresses", unicast);
	if (len != 10 + 6 * groups)
		panic("virtio_model: a table of %u groups in %u bytes", groups, len);
	for (u32 i = 0; i < groups; i++) {
		if (!(bytes[10 + 6 * i] & 1))
			panic("virtio_model: address %u of the groups is no group", i);
	}
	if (model.ctrl_refuse & REFUSE_TABLE || groups > MODEL_GROUPS)
		return false;
	memcpy(model.filter.groups, bytes + 10, 6 * groups);
	model.filter.nr_groups = groups;
	return true;
}

/*
 * Executes the command with which the driver says that it has seen the request for announcements
 * (5.1.6.5.4).
 */
static bool command_announce(const u8 *bytes, u32 len)
{
	u16 status = load16(model.config + 6);

	if (!HAS(F_ANNOUNCE) || bytes[1] || len != 2 || !(status & 2))
		panic("virtio_model: command %u of announcements, status %u", bytes[1], status);
	if (model.ctrl_refuse & REFUSE_ANNOUNCE)
		return false;
	store16(model.config + 6, status & ~2u);
	return true;
}

static bool command_execute(const u8 *bytes, u32 len)
{
	switch (bytes[0]) {
	case 0:
		return command_rx(bytes, len);
	case 1:
		return command_table(bytes, len);
	case 3:
		return command_announce(bytes, len);
	default:
		panic("virtio_model: a command of class %u", bytes[0]);
	}
}

void model_commands(void)
{
	static u8 bytes[COMMAND_MAX];
	static struct model_chain chain;
	struct model_queue *q = &model.q[MODEL_CTRL];
	u16 old = q->done;

	while (model_ready(q)) {
		u32 len;

		model_read_chain(q, 0, &chain);
		model_take(q, &chain, 1);
		len = command_read(&chain, bytes);
		*chain.piece[chain.n - 1].at = !command_execute(bytes, len);
		model.commands++;
		model_used(q, chain.head, 1);
	}
	if (q->done != old)
		model_publish(q, old);
}

bool model_passes(const u8 *dest)
{
	static const u8 all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const struct model_filter *f = &model.filter;

	if (!HAS(F_CTRL_RX) || f->promisc || !memcmp(dest, all, 6))
		return true;
	if (!(dest[0] & 1))
		return !memcmp(dest, model.config, 6);
	for (unsigned int i = 0; i < f->nr_groups; i++) {
		if (!memcmp(dest, f->groups[i], 6))
			return true;
	}
	return f->allmulti;
}

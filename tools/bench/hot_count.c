/* SPDX-License-Identifier: MIT */
/*
 * hot_count: a QEMU TCG plugin (plugin API version 1, e.g. QEMU 7.2) that counts where guest
 * instructions are executed.  The counters are in a file that is mapped shared: hot.py reads them
 * at any time, and turns addresses into functions with the guest's symbols.
 *
 *   qemu-system-x86_64 ... -plugin hot_count.so,base=0xADDR,size=BYTES,out=FILE
 *
 * FILE has two arrays of size + 1 little-endian uint64: the first counts the instructions
 * executed in a translation block, the second how often the block was entered.  Element i is for the
 * block that begins at base + i; the last element of each array is for the blocks at all other
 * addresses.  A block that a fault leaves early is counted whole.  One vCPU only: the inline add
 * is not atomic.
 *
 * Debian ships no qemu-plugin.h; the few prototypes needed are declared here.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_info;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
						  void (*cb)(qemu_plugin_id_t id,
							     struct qemu_plugin_tb *tb));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
						     enum qemu_plugin_op op, void *ptr,
						     uint64_t imm);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

static uint64_t base, size;
static uint64_t *executed, *entered;

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t at = qemu_plugin_tb_vaddr(tb) - base;

	(void)id;
	if (at > size)
		at = size;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &executed[at],
						 qemu_plugin_tb_n_insns(tb));
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &entered[at], 1);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
			       char **argv)
{
	const char *out = NULL;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = argv[i] + 4;
		else if (!strncmp(argv[i], "base=", 5))
			base = strtoull(argv[i] + 5, NULL, 0);
		else if (!strncmp(argv[i], "size=", 5))
			size = strtoull(argv[i] + 5, NULL, 0);
	}
	if (!out || !size) {
		fprintf(stderr, "hot_count: out=FILE, base= and size= are needed\n");
		return -1;
	}

	size_t bytes = 2 * (size + 1) * sizeof(uint64_t);
	int fd = open(out, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || ftruncate(fd, bytes)) {
		perror(out);
		return -1;
	}
	executed = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (executed == MAP_FAILED) {
		perror("mmap");
		return -1;
	}
	entered = executed + size + 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Text in /proc: writes of arbitrary text to each file below /proc/sys and to the other files that accept
 * text, reads with arbitrary offsets, and traffic under the new settings.
 *
 * At the end of an input the harness restores the value of each setting, because with other timeouts the engine
 * might have to wait long until no timer is armed.  Callers and context: see engine.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"

#define FILES_MAX 512
#define PATH_SIZE 96
#define TEXT_SIZE 192
#define STEPS_MAX 16
#define DEPTH_MAX 6

static struct {
	char path[PATH_SIZE];
	char text[TEXT_SIZE]; /* the value at the start, if it is a setting */
	size_t len;
	bool written;
} files[FILES_MAX];
static unsigned int nr_files;

/* ---- the list of files ------------------------------------------------------------------------ */

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static int64_t open_path(const char *path, int flags)
{
	strcpy((char *)fuzz_user, path);
	return fuzz_call(SYS_open, PTR(fuzz_user), flags);
}

static void add_file(const char *path)
{
	int64_t fd, n;

	if (nr_files == FILES_MAX)
		fuzz_fail("more than %u files below /proc", FILES_MAX);
	strcpy(files[nr_files].path, path);
	fd = strncmp(path, "/proc/sys/", 10) ? -1 : open_path(path, O_RDONLY);
	n = fuzz_call(SYS_read, fd, PTR(fuzz_user), TEXT_SIZE);
	if (n > 0) {
		memcpy(files[nr_files].text, fuzz_user, (size_t)n);
		files[nr_files].len = (size_t)n;
	}
	fuzz_call(SYS_close, fd);
	nr_files++;
}

static void walk(const char *folder, unsigned int depth)
{
	char buffer[8192], path[PATH_SIZE];
	int64_t fd = open_path(folder, O_RDONLY | O_DIRECTORY), n;

	n = fuzz_call(SYS_getdents64, fd, PTR(fuzz_user), sizeof(buffer));
	fuzz_call(SYS_close, fd);
	if (n <= 0 || !depth)
		return;
	memcpy(buffer, fuzz_user, (size_t)n);
	for (int64_t at = 0; at < n;) {
		const struct entry *e = (const struct entry *)(buffer + at);

		at += e->reclen;
		if (e->name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", folder, e->name) >= (int)sizeof(path))
			continue;
		if (e->type == DT_DIR)
			walk(path, depth - 1);
		else if (e->type == DT_REG)
			add_file(path);
	}
}

void harness_setup(void)
{
	fuzz_boot(FUZZ_CMDLINE, NULL, 0);
	wire_setup();
	walk("/proc", DEPTH_MAX);
	if (nr_files < 50)
		fuzz_fail("%u files below /proc", nr_files);
}

/* ---- an input --------------------------------------------------------------------------------- */

static void write_text(struct input *in)
{
	unsigned int i = take16(in) % nr_files;
	int64_t fd = open_path(files[i].path, O_WRONLY);
	size_t len = take_bytes(in, fuzz_user, take8(in));

	files[i].written = true;
	fuzz_call(SYS_write, fd, PTR(fuzz_user), len);
	fuzz_call(SYS_close, fd);
}

static void read_text(struct input *in)
{
	int64_t fd = open_path(files[take16(in) % nr_files].path, O_RDONLY);

	for (unsigned int n = take8(in) % 8; n > 0; n--) {
		if (take8(in) & 1)
			fuzz_call(SYS_lseek, fd, (int16_t)take16(in), take8(in) % 3);
		fuzz_call(SYS_read, fd, PTR(fuzz_user), take8(in) * 16);
	}
	fuzz_call(SYS_close, fd);
}

static void traffic(void)
{
	struct flow *f = &flows[FLOW_ESTABLISHED], *new = &flows[FLOW_NEW];
	struct segment s = {.flags = WIRE_ACK,
			    .seq = f->snd_nxt,
			    .ack = f->rcv_nxt,
			    .window = 65535,
			    .len = 1000};
	struct segment syn = {.flags = WIRE_SYN, .seq = new->snd_nxt, .window = 1000};
	int64_t fd = fuzz_call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	wire_send(f, &s);
	f->snd_nxt += 1000;
	wire_send(new, &syn);
	fuzz_call(SYS_sendto, f->fd, PTR(fuzz_user), 8000, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
	fuzz_call(SYS_connect, fd, fuzz_address(0, FUZZ_REMOTE, 9), 16);
	fuzz_sleep(300 * MS);
}

static void restore(void)
{
	for (unsigned int i = 0; i < nr_files; i++) {
		int64_t fd;

		if (!files[i].written)
			continue;
		files[i].written = false;
		if (!files[i].len)
			continue;
		fd = open_path(files[i].path, O_WRONLY);
		memcpy(fuzz_user, files[i].text, files[i].len);
		fuzz_call(SYS_write, fd, PTR(fuzz_user), files[i].len);
		fuzz_call(SYS_close, fd);
	}
}

void harness_play(struct input *in)
{
	wire_begin();
	for (unsigned int i = 0; in->len && i < STEPS_MAX; i++) {
		switch (take8(in) % 4) {
		case 0:
		case 1:
			write_text(in);
			break;
		case 2:
			read_text(in);
			break;
		default:
			traffic();
		}
	}
	restore();
}

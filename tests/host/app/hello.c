/* SPDX-License-Identifier: MIT */
/*
 * The smallest server: greets the first peer that connects to port 7, and returns.  The kernel then
 * closes the open files and powers off.  The same source compiles and runs on Linux.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 7

int main(int argc, char **argv)
{
	static const char greeting[] = "hello\n";
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int fd;

	(void)argc;
	(void)argv;
	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener, 1))
		return 1;
	dprintf(1, "READY hello %d\n", PORT);
	fd = accept(listener, NULL, NULL);
	if (fd < 0 || write(fd, greeting, sizeof(greeting) - 1) != sizeof(greeting) - 1)
		return 1;
	/* Neither socket is closed: the kernel closes the files that a program leaves open. */
	return 0;
}

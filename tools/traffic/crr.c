/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connect, one byte there, one byte back, and the server closes: what a
 * connection costs, with as little else as possible around it.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "sockets.h"

int command_crr_serve(const struct options *options)
{
	int server = server_open(SOCK_STREAM, options->port, 128);
	char byte;

	fprintf(stderr, "started\n");
	for (;;) {
		int fd = accept(server, NULL, NULL);

		if (fd < 0)
			die("accept");
		if (recv(fd, &byte, 1, 0) == 1)
			send(fd, &byte, 1, MSG_NOSIGNAL);
		close(fd);
	}
}

/* Ends with the server's close, so that the client keeps no TIME_WAIT. */
static void connect_request_response(const struct options *options)
{
	int fd = connection_open(options);
	char byte = 'x';

	if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
		die("send");
	if (recv(fd, &byte, 1, 0) != 1)
		die("receive");
	if (recv(fd, &byte, 1, 0) != 0)
		die("close");
	close(fd);
}

int command_crr(const struct options *options)
{
	double length = options->duration_ms / 1e3;
	double start = clock_seconds(), elapsed;
	long count = 0;

	do {
		connect_request_response(options);
		count++;
		elapsed = clock_seconds() - start;
	} while (elapsed < length);
	printf("{\"count\":%ld,\"seconds\":%.6f}\n", count, elapsed);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connect, one byte there, one byte back, and the server closes: what a
 * connection costs, with as little else as possible around it.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int command_crr_serve(const struct options *options)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
				    .sin6_port = htons(options->port) };
	int server = socket(AF_INET6, SOCK_STREAM, 0);
	int off = 0, on = 1;
	char byte;

	if (server < 0)
		die("socket");
	setsockopt(server, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server, (struct sockaddr *)&any, sizeof(any)))
		die("bind");
	if (listen(server, 128))
		die("listen");
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
	struct timeval timeout = { .tv_sec = options->timeout_ms / 1000,
				   .tv_usec =
					   options->timeout_ms % 1000 * 1000 };
	int fd = socket(options->to.addr.ss_family, SOCK_STREAM, 0);
	char byte = 'x';

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)&options->to.addr,
		    options->to.len))
		die("connect");
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
	double start = now(), elapsed;
	long count = 0;

	do {
		connect_request_response(options);
		count++;
		elapsed = now() - start;
	} while (elapsed < length);
	printf("{\"count\":%ld,\"seconds\":%.6f}\n", count, elapsed);
	return 0;
}

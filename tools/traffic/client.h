/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answer, over a socket that may outlive the request. */
#ifndef TRAFFIC_CLIENT_H
#define TRAFFIC_CLIENT_H

#include "options.h"

struct answer {
	const char *step;                 /* where it failed: "connect", ... */
	int error;                        /* errno; 0: answered */
	long us;                          /* time it took */
	char server[32];                  /* the server's name */
	char seen[ENDPOINT_TEXT_MAX];     /* the client, as the server saw it */
	char from[ENDPOINT_TEXT_MAX];     /* who sent the answer */
	char peername[ENDPOINT_TEXT_MAX]; /* getpeername() */
	char local[ENDPOINT_TEXT_MAX];    /* getsockname() */
};

/* Opens (connects) the socket when *fd is negative, sends one request, waits
 * for its answer. Returns answer->error; the socket stays open. */
int client_ask(int *fd, const struct options *options, struct answer *answer);

/* Prints the answer as one line of JSON. */
void client_print(const struct answer *answer);

#endif /* TRAFFIC_CLIENT_H */

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAFFIC_OPTIONS_H
#define TRAFFIC_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"

struct options {
	const char *name; /* serve: what answers begin with */
	struct endpoint to;
	struct endpoint from; /* source; an SCTP socket without one tells the
				 server of all addresses that the client has */
	bool udp;
	bool sctp;          /* serve: SCTP, too */
	bool unconnected;   /* UDP by sendto() */
	bool mapped;        /* IPv4 through an AF_INET6 socket */
	bool server_closes; /* TCP: the server ends the connection */
	bool fresh;         /* load: a new socket for each request */
	bool no_checksum;   /* UDP over IPv4 without checksum */
	bool bad_checksum;  /* raw */
	int port;           /* serve */
	int source_port;    /* 0: any */
	int count;          /* load: requests; 0: until SIGTERM */
	int interval_us;    /* load: pause between requests */
	int timeout_ms;     /* of one request, or of one connect */
	int request_size;   /* bytes of one request, at least */
	int reply_size;     /* bytes of one reply, at least */
	int duration_ms;    /* crr, stream */
	int flags;          /* raw: TCP flags */
};

/* Fills options from the command line; exits with 2 on a mistake. */
void options_parse(struct options *options, int argc, char **argv);

#endif /* TRAFFIC_OPTIONS_H */

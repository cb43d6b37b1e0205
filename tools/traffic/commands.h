/* SPDX-License-Identifier: Apache-2.0 */
/* The program's commands; each returns the exit status. */
#ifndef TRAFFIC_COMMANDS_H
#define TRAFFIC_COMMANDS_H

#include "options.h"

/* Answers TCP and UDP requests of both families on one port, for ever; SCTP as
 * well with --sctp. */
int command_serve(const struct options *options);

/* One request for each line of standard input, all on one socket. The line
 * "new" opens another socket for the next request, "to ADDRESS:PORT" sends
 * further requests there, "connect ADDRESS:PORT" connects the socket there. */
int command_talk(const struct options *options);

/* Requests without end; prints counts as JSON on SIGTERM or after --count. */
int command_load(const struct options *options);

/* Connects one UDP socket --count times and asks each time to whom; prints
 * counts as JSON. */
int command_look(const struct options *options);

/* Sends one hand-made IPv4 packet; with --count as many, each from the next
 * source port. */
int command_raw(const struct options *options);

/* Serves connections of one byte there and one back, one at a time. */
int command_crr_serve(const struct options *options);

/* Such connections one after the other for --duration-ms; prints how many in
 * how many seconds as JSON. */
int command_crr(const struct options *options);

/* Receives what one connection after the other sends. */
int command_stream_serve(const struct options *options);

/* Sends as much as goes for --duration-ms; prints bytes and seconds as JSON. */
int command_stream(const struct options *options);

#endif /* TRAFFIC_COMMANDS_H */

/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink.h"

#include <cerrno>
#include <ctime>

#include <sys/socket.h>

namespace {
/* Dumps are answered in pieces of up to 32 KiB. */
constexpr size_t RECEIVE_SIZE = 32768;
constexpr size_t REQUEST_SIZE = 4096;
constexpr int DUMP_TRIES = 20;

int append(const nlmsghdr *header, void *messages)
{
	const auto *bytes = reinterpret_cast<const uint8_t *>(header);
	auto *list = static_cast<Messages *>(messages);
	list->insert(list->end(), bytes, bytes + header->nlmsg_len);
	list->resize(NLMSG_ALIGN(list->size()));
	return MNL_CB_OK;
}

int dump_once(mnl_socket *socket, nlmsghdr *request, Messages *messages)
{
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	std::vector<uint8_t> buffer(RECEIVE_SIZE);
	int state = MNL_CB_OK;
	while (state > MNL_CB_STOP) {
		const ssize_t size = mnl_socket_recvfrom(socket, buffer.data(),
							 buffer.size());
		if (size < 0)
			return -errno;
		state = mnl_cb_run(buffer.data(), static_cast<size_t>(size),
				   request->nlmsg_seq,
				   mnl_socket_get_portid(socket), append,
				   messages);
	}
	return state < 0 ? -errno : 0;
}
} /* namespace */

NetlinkRequest::NetlinkRequest(uint16_t type, uint16_t flags)
	: buffer_(REQUEST_SIZE)
	, header_(mnl_nlmsg_put_header(buffer_.data()))
{
	header_->nlmsg_type = type;
	header_->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
	header_->nlmsg_seq = static_cast<uint32_t>(time(nullptr));
}

NetlinkSocket open_netlink(int bus)
{
	NetlinkSocket socket(mnl_socket_open2(bus, SOCK_CLOEXEC));
	if (socket && mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
		socket.reset();
	return socket;
}

int netlink_dump(int bus, NetlinkRequest &request, Messages *messages)
{
	const size_t start = messages->size();
	int err = -EINTR;
	/* EINTR is how libmnl reports NLM_F_DUMP_INTR. The rest of such a
	 * dump is still on its way: a new socket does not see it. */
	for (int tries = 0; tries < DUMP_TRIES && err == -EINTR; tries++) {
		messages->resize(start);
		const NetlinkSocket socket = open_netlink(bus);
		if (!socket)
			return -errno;
		err = dump_once(socket.get(), request.header(), messages);
	}
	return err;
}

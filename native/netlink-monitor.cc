/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink-monitor.h"

#include <cerrno>
#include <mutex>
#include <string>
#include <vector>

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "args.h"
#include "error.h"
#include "feed.h"
#include "netlink-objects.h"
#include "netlink.h"

namespace {
constexpr uint32_t RECEIVE_BUFFER = 1U << 20;
constexpr size_t READ_SIZE = 32768;
/* What may wait for JavaScript before it is told to read anew instead. */
constexpr size_t MAX_WAITING = 1U << 22;

std::vector<int> topic_groups(Napi::Value value)
{
	const std::string topic = arg_string(value, "topic");
	if (topic == "links")
		return { RTNLGRP_LINK };
	if (topic == "addresses")
		return { RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR };
	if (topic == "routes")
		return { RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };
	if (topic == "neighbours")
		return { RTNLGRP_NEIGH };
	if (topic == "filters")
		return { RTNLGRP_TC };
	throw Napi::TypeError::New(
		value.Env(),
		"A topic must be links, addresses, routes, neighbours or filters.");
}

std::vector<int> topics_groups(Napi::Value value)
{
	if (!value.IsArray())
		throw Napi::TypeError::New(value.Env(),
					   "The topics must be an array.");
	Napi::Array topics = value.As<Napi::Array>();
	std::vector<int> groups;
	for (uint32_t i = 0; i < topics.Length(); i++)
		for (const int group : topic_groups(topics.Get(i)))
			groups.push_back(group);
	return groups;
}

Napi::Object event(Napi::Env env, const char *kind)
{
	Napi::Object result = Napi::Object::New(env);
	result["kind"] = kind;
	return result;
}

Napi::Object change(Napi::Env env, const char *kind, bool removed,
		    Napi::Object what)
{
	Napi::Object result = event(env, kind);
	result["removed"] = removed;
	result[kind] = what;
	return result;
}

/* A filter, a chain or a qdisc with all its filters is gone from a device. */
Napi::Object filters_removed(Napi::Env env, const nlmsghdr *header)
{
	const auto *fixed =
		static_cast<const tcmsg *>(mnl_nlmsg_get_payload(header));
	Napi::Object result = event(env, "filters-removed");
	result["ifindex"] = fixed->tcm_ifindex;
	return result;
}

/* An empty value for messages that nobody asked for. */
Napi::Value message_event(Napi::Env env, const nlmsghdr *header)
{
	const uint16_t type = header->nlmsg_type;
	switch (type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return change(env, "link", type == RTM_DELLINK,
			      link_object(env, header));
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (!is_ip_address(header))
			return {};
		return change(env, "address", type == RTM_DELADDR,
			      address_object(env, header));
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (!is_ip_route(header) ||
		    route_table(header) == RT_TABLE_LOCAL)
			return {};
		return change(env, "route", type == RTM_DELROUTE,
			      route_object(env, header));
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		if (!is_ip_neighbour(header))
			return {};
		return change(env, "neighbour", type == RTM_DELNEIGH,
			      neighbour_object(env, header));
	case RTM_DELTFILTER:
	case RTM_DELCHAIN:
	case RTM_DELQDISC:
		return filters_removed(env, header);
	default:
		return {};
	}
}
} /* namespace */

class NetlinkFeed : public Feed {
      public:
	/* 0 or -errno */
	int open(const std::vector<int> &groups, uint32_t receive_buffer);

      protected:
	int poll_fd() const override
	{
		return mnl_socket_get_fd(socket_.get());
	}
	bool read() override;
	void deliver(Napi::Env env, Napi::Function callback) override;

      private:
	NetlinkSocket socket_;
	std::mutex mutex_;
	Messages waiting_;
	bool overrun_ = false;
};

int NetlinkFeed::open(const std::vector<int> &groups, uint32_t receive_buffer)
{
	socket_ = open_netlink(NETLINK_ROUTE);
	if (!socket_)
		return -errno;
	const int fd = poll_fd();
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer,
		       sizeof(receive_buffer)) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
		       sizeof(receive_buffer)))
		return -errno;
	for (int group : groups)
		if (mnl_socket_setsockopt(socket_.get(), NETLINK_ADD_MEMBERSHIP,
					  &group, sizeof(group)))
			return -errno;
	return 0;
}

bool NetlinkFeed::read()
{
	uint8_t buffer[READ_SIZE];
	const ssize_t size = recv(poll_fd(), buffer, sizeof(buffer),
				  MSG_DONTWAIT | MSG_TRUNC);
	const int err = size < 0 ? errno : 0;
	if (err == EAGAIN || err == EINTR)
		return true;
	{
		const std::lock_guard<std::mutex> lock(mutex_);
		const auto length = static_cast<size_t>(size);
		if (err || length > sizeof(buffer) ||
		    waiting_.size() + length > MAX_WAITING) {
			overrun_ = true;
		} else {
			waiting_.insert(waiting_.end(), buffer,
					buffer + length);
			waiting_.resize(NLMSG_ALIGN(waiting_.size()));
		}
	}
	notify();
	return err == 0 || err == ENOBUFS;
}

void NetlinkFeed::deliver(Napi::Env env, Napi::Function callback)
{
	Messages messages;
	bool overrun = false;
	{
		const std::lock_guard<std::mutex> lock(mutex_);
		messages.swap(waiting_);
		std::swap(overrun, overrun_);
	}
	Napi::Array events = Napi::Array::New(env);
	each_message(messages, [&](const nlmsghdr *header) {
		const Napi::Value value = message_event(env, header);
		if (!value.IsEmpty())
			events[events.Length()] = value;
	});
	if (overrun)
		events[events.Length()] = event(env, "overrun");
	if (events.Length() > 0)
		callback.Call({ events });
}

Napi::Function NetlinkMonitor::define(Napi::Env env)
{
	return DefineClass(env, "NetlinkMonitor",
			   { InstanceMethod("close", &NetlinkMonitor::close) });
}

NetlinkMonitor::NetlinkMonitor(const Napi::CallbackInfo &info)
	: Napi::ObjectWrap<NetlinkMonitor>(info)
{
	Napi::Env env = info.Env();
	const std::vector<int> groups = topics_groups(info[0]);
	Napi::Function callback = arg_function(info[1], "callback");
	const uint32_t receive_buffer =
		info[2].IsUndefined() ?
			RECEIVE_BUFFER :
			optional_u32(arg_object(info[2], "options"),
				     "receiveBuffer", RECEIVE_BUFFER);
	auto feed = std::make_shared<NetlinkFeed>();
	int err = feed->open(groups, receive_buffer);
	if (!err)
		err = Feed::start(feed, callback, "sluice netlink monitor");
	if (err)
		fail(env, { err, "netlink subscribe", "rtnetlink" });
	feed_ = feed;
	open_ = true;
	Ref(); /* until close(): nobody else may hold it */
}

void NetlinkMonitor::close(const Napi::CallbackInfo &)
{
	feed_->stop();
	if (open_)
		Unref();
	open_ = false;
}

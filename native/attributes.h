/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink attributes as ranges: libmnl's own loops are C, not C++. */
#ifndef SLUICE_NATIVE_ATTRIBUTES_H
#define SLUICE_NATIVE_ATTRIBUTES_H

#include <cstddef>

#include <libmnl/libmnl.h>

/* What lies between two addresses; stops at the first malformed one. */
class Attributes {
      public:
	class Iterator {
	      public:
		Iterator(const nlattr *attr, const char *end)
			: attr_(attr)
			, end_(end)
		{
		}
		const nlattr *operator*() const
		{
			return attr_;
		}
		Iterator &operator++()
		{
			attr_ = mnl_attr_next(attr_);
			return *this;
		}
		/* Compared with the end only. */
		bool operator!=(const Iterator &) const
		{
			const auto *here =
				reinterpret_cast<const char *>(attr_);
			return mnl_attr_ok(attr_,
					   static_cast<int>(end_ - here));
		}

	      private:
		const nlattr *attr_;
		const char *end_;
	};

	/* Attributes that follow the family's struct of that size. */
	Attributes(const nlmsghdr *header, size_t offset)
		: first_(static_cast<const nlattr *>(
			  mnl_nlmsg_get_payload_offset(header, offset)))
		, end_(static_cast<const char *>(
			  mnl_nlmsg_get_payload_tail(header)))
	{
	}
	/* Attributes inside one. */
	explicit Attributes(const nlattr *parent)
		: first_(static_cast<const nlattr *>(
			  mnl_attr_get_payload(parent)))
		, end_(reinterpret_cast<const char *>(first_) +
		       mnl_attr_get_payload_len(parent))
	{
	}

	Iterator begin() const
	{
		return { first_, end_ };
	}
	Iterator end() const
	{
		return { nullptr, nullptr };
	}

      private:
	const nlattr *first_;
	const char *end_;
};

#endif /* SLUICE_NATIVE_ATTRIBUTES_H */

# Sourced by run.sh: loads the rules that kube-proxy has written elsewhere for the same objects.

RULES=/counted/rules

# FILE VALUE. Settings that belong to the whole machine are not there in a namespace.
SET_CHANGED='[ ! -e "$1" ] || [ "$(cat "$1" | tr "\t" " ")" = "$2" ] || echo "$2" >"$1"'

# Counters that rules name must exist before.
load_iptables() {
	for counter in $(grep -o 'nfacct-name *[^ ]*' $RULES/iptables | sed 's/.* //' | sort -u); do
		in_netns node nfacct add "$counter"
	done
	in_netns node "iptables-$1-restore" <$RULES/iptables
}

load_nftables() {
	in_netns node nft -f - <$RULES/nftables
}

load_ipvs() {
	for module in ip_vs ip_vs_rr dummy; do modprobe $module; done
	ip -n node link add kube-ipvs0 type dummy
	sed 's|.*|addr add & dev kube-ipvs0|' $RULES/addresses | ip -n node -batch -
	# ipset asks it for the numbers of protocols.
	printf 'tcp 6 TCP\nudp 17 UDP\nsctp 132 SCTP\n' >/etc/protocols
	in_netns node ipset restore <$RULES/ipset
	load_iptables legacy
	in_netns node ipvsadm -R <$RULES/ipvs
	# Two follow the number of processors.
	grep -v -e est_cpulist -e sync_qlen_max $RULES/sysctls | sed 's| = |=|' |
		while IFS='=' read -r name value; do
			in_netns node sh -e -c "$SET_CHANGED" sh "/proc/sys/$(echo "$name" | tr . /)" "$value"
		done
}

# Sourced by run.sh: what is between client and servers, and whether the packets went that way.

SLUICE_PINS=/sys/fs/bpf/sluice

# The agent fills the maps and ends, which leaves everything in place: its own work is not counted.
start_sluice() {
	nsenter --net=/run/netns/node -- /sluice/bin/sluice agent --manifests=/counted/manifests --hostname-override=node1 \
		--cgroup-root=/sys/fs/cgroup --pin-path=$SLUICE_PINS "$@" >/tmp/agent.log 2>&1 &
	agent=$!
	until in_netns node wget -qO- http://127.0.0.1:10256/healthz >/dev/null 2>&1; do
		kill -0 $agent || { cat /tmp/agent.log; exit 1; }
		sleep 0.5
	done
	kill -TERM $agent
	wait $agent
}

start_datapath() {
	case $1 in
	direct | direct-far) ;;
	direct-ct)
		in_netns node nft -f - <<-RULES
			table ip tracked {
				chain forward {
					type filter hook forward priority 0
					ct state established accept
				}
			}
		RULES
		;;
	socket) start_sluice --socket-lb=on ;;
	peer | fib) start_sluice --socket-lb=off --forwarding=auto ;;
	stack) start_sluice --socket-lb=off --forwarding=stack ;;
	iptables-legacy) load_iptables legacy ;;
	iptables-nft) load_iptables nft ;;
	nftables) load_nftables ;;
	ipvs) load_ipvs ;;
	*)
		echo "run: no variant $1"
		exit 1
		;;
	esac
}

# Flow entries by the way that they go: "run: way N COUNT" each; connections that the
# rules have seen: "run: connections COUNT".
check_datapath() {
	case $1 in
	socket | peer | fib | stack)
		for map in $SLUICE_PINS/maps/flows_v*; do
			bpftool map dump pinned "$map" | sed -n 's/.*"way": \([0-9]*\).*/\1/p'
		done | sort | uniq -c | while read -r count way; do
			echo "run: way $way $count"
		done
		;;
	iptables-legacy | ipvs)
		in_netns node iptables-legacy-save -c -t nat |
			sed -n 's/^\[\([0-9]*\):.*-A PREROUTING .*/run: connections \1/p'
		;;
	esac
}

# Sourced by run.sh. Namespaces of a node, two pods and a world beyond the node's uplink, wired as a
# routed network wires them. $1: "near" has the servers in the node's second pod, "far" beyond the uplink.

NODE=192.0.2.11
WORLD=192.0.2.12
CLIENT=10.1.1.2
GATEWAY=169.254.1.1

in_netns() {
	name=$1
	shift
	nsenter "--net=/run/netns/$name" -- "$@"
}

# NAME ADDRESS...: a pod with these addresses, its host end named after it
add_pod() {
	pod=$1
	shift
	ip netns add "$pod"
	ip -n node link add "$pod" type veth peer name eth0 netns "$pod"
	in_netns node sh -c "echo 1 >/proc/sys/net/ipv4/conf/$pod/proxy_arp
		echo 0 >/proc/sys/net/ipv4/neigh/$pod/proxy_delay"
	ip -n node link set "$pod" up
	ip -n "$pod" link set lo up
	ip -n "$pod" link set eth0 up
	for address; do
		ip -n "$pod" addr add "$address/32" dev eth0
		ip -n node route add "$address/32" dev "$pod" scope link
	done
	ip -n "$pod" route add $GATEWAY dev eth0 scope link
	ip -n "$pod" route add default via $GATEWAY dev eth0
}

add_world() {
	ip netns add world
	ip -n node link add up0 type veth peer name eth0 netns world
	ip -n node addr add $NODE/24 dev up0
	ip -n node link set up0 up
	ip -n world addr add $WORLD/24 dev eth0
	ip -n world link set lo up
	ip -n world link set eth0 up
	ip -n node route add default via $WORLD
	ip -n world route add 10.1.1.0/24 via $NODE
}

# near|far ADDRESS...: everything; sets SERVING to the namespace of the servers
make_topology() {
	where=$1
	shift
	ip netns add node
	ip -n node link set lo up
	in_netns node sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	add_world
	add_pod client $CLIENT
	if [ "$where" = near ]; then
		add_pod server "$@"
		SERVING=server
		return
	fi
	add_pod server 10.1.1.3
	for address; do
		ip -n world addr add "$address/32" dev lo
		ip -n node route add "$address/32" via $WORLD
	done
	SERVING=world
}

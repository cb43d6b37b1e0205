#!/bin/sh
# capture-ipvs.sh SERVICES: runs kube-proxy in ipvs mode against the API server at 10.0.2.2 and sends what
# it has made over the serial line. /counted has kube-proxy and its kubeconfig.
set -eu
services=$1
for module in virtio_net ip_vs ip_vs_rr dummy; do modprobe $module; done
for program in iptables ip6tables; do
	for suffix in '' -save -restore; do
		ln -s $program-legacy$suffix /usr/local/bin/$program$suffix
	done
done
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
echo 1 >/proc/sys/net/ipv4/ip_forward
hostname node1
# ipset asks it for the numbers of protocols.
printf 'tcp 6 TCP\nudp 17 UDP\nsctp 132 SCTP\n' >/etc/protocols

/counted/kube-proxy --proxy-mode=ipvs --ipvs-scheduler=rr --kubeconfig=/counted/kubeconfig \
	--hostname-override=node1 --cluster-cidr=10.1.0.0/16 >/tmp/kube-proxy.log 2>&1 &
proxy=$!

# The last things that it writes: a member of the set of addresses for each port, one more for UDP and the
# API server's own, and the rules that look into the sets.
wanted=$((services + 2))
written() {
	ipset save KUBE-CLUSTER-IP 2>/dev/null | grep -c '^add' || true
}
rounds=0
until [ "$(written)" -ge "$wanted" ] && iptables-save -t nat | grep -q MASQUERADE; do
	if [ $((rounds += 1)) = 200 ] || ! kill -0 $proxy; then
		cat /tmp/kube-proxy.log
		exit 1
	fi
	sleep 3
done
# One more sync, which finds nothing to do.
sleep 3
kill $proxy
wait $proxy || true

send() {
	echo "begin $1"
	gzip -c | base64
	echo "end $1"
}
ipvsadm -S -n | send ipvs
ipset save | send ipset
iptables-save | send iptables
ip -o -4 addr show dev kube-ipvs0 | sed 's/.*inet \([^ ]*\).*/\1/' | send addresses
sysctl -a 2>/dev/null | grep '^net\.ipv4\.vs\.' | send sysctls

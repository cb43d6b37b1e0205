#!/bin/sh
# run.sh VARIANT: sets a datapath up in a counted guest and runs the loops over it. What it says with
# "loops:" and "run:" is read by measure.ts. /counted has the objects, and the rules of other proxies.
set -eu
cd "$(dirname "$0")"
. ./topology.sh
. ./datapath.sh
. ./peers.sh
. /counted/target
variant=$1

make_topology "$PLACE" $SERVERS
in_netns $SERVING /sluice/build/bench/loops serve "$TARGET_PORT" $SERVERS >/tmp/serving &
until grep -q serving /tmp/serving; do sleep 0.1; done

ADDRESS=$VIP
PORT=$VIP_PORT
case $variant in
direct | direct-far | direct-ct) ADDRESS=${SERVERS%% *} PORT=$TARGET_PORT ;;
esac
start_datapath "$variant"

idle() {
	sed -n 's/^cpu0 [0-9]* [0-9]* [0-9]* \([0-9]*\) .*/\1/p' /proc/stat
}
before=$(idle)
in_netns client /sluice/build/bench/loops run "$ADDRESS" "$PORT" >/tmp/counts
after=$(idle)
cat /tmp/counts
echo "run: idle $((after - before))"
check_datapath "$variant"
echo "run: done"

#!/usr/bin/env bats
# A cluster of Redis: whichever of its nodes is named, what belongs to a stream
# or a service is found together.

load lib
load redis
load redis_nodes

knows_all() {
	[[ $(on "$1" cluster info) == *cluster_state:ok*cluster_known_nodes:2* ]]
}

# Two nodes, each with half of the slots.
start_cluster() {
	local name
	for name in a b; do
		redis $name --cluster-enabled yes \
		    --cluster-port "$(free_port)" --cluster-node-timeout 2000
	done
	on a cluster addslotsrange 0 8191
	on b cluster addslotsrange 8192 16383
	on a cluster meet 127.0.0.1 "${port[b]}" "$(bus b)"
	wait_for 30 knows_all a
	wait_for 30 knows_all b
	A="redis://127.0.0.1:${port[a]}?cluster=1&stream="
	B="redis://127.0.0.1:${port[b]}?cluster=1&stream="
}

bus() {
	on "$1" config get cluster-port | tail -n 1
}

# A name that the node b has.
find_name() {
	NAME=s
	while (($(on a cluster keyslot "{$NAME}") < 8192)); do
		NAME+=s
	done
}

@test "streams, groups and dead letters are where their tag is" {
	start_cluster
	find_name
	expect 0 pub --print-id "$A$NAME" 1
	expect 0 pub "$B$NAME" 2
	same "$(on b xlen "{$NAME}")" 2
	expect 0 cal_sub -o beginning -e "$A$NAME"
	same "$out" '1
2'
	expect 1 cal_sub -G g --ack -o beginning -e "$A$NAME" -- \
	    bash -c '[[ $(cat) != 2 ]] || exit 65'
	same "$(on b xlen "{$NAME}.dead")" 1
	expect 0 cal_sub -o beginning -e "$A{$NAME}.dead"
	same "$out" 2
}

@test "calls and servers come together, whichever node they name" {
	start_cluster
	find_name
	serve v "$A$NAME" --method echo=cat
	contains v.out "cluster=1"
	expect 0 call "$B$NAME" echo '[1]'
	same "$out" '[1]'
	expect 0 call "$A$NAME" echo '[2]'
	same "$out" '[2]'
	stop v
}

@test "without cluster=1 another node's stream is an error with words" {
	start_cluster
	find_name
	expect 65 pub "redis://127.0.0.1:${port[a]}?stream={$NAME}" 1
	like "$err" "*part of a cluster, which needs cluster=1 in its URL: MOVED*"
}

@test "keys that move are followed, and nothing is lost" {
	local slot
	start_cluster
	find_name
	slot=$(on a cluster keyslot "{$NAME}")
	expect 0 pub "$A$NAME" 0
	launch r "$CAL_BIN/cal-sub" -o beginning "$A$NAME"
	seq 2000 >all
	launch p bash -c '"$0" "$@" <all' "$CAL_BIN/cal-pub" -l --rate 1000 \
	    --retry 100 --connect-timeout 30 "$A$NAME"
	wait_for 20 has_line r.out 300
	on a cluster setslot "$slot" importing "$(on b cluster myid)"
	on b cluster setslot "$slot" migrating "$(on a cluster myid)"
	on b migrate 127.0.0.1 "${port[a]}" "{$NAME}" 0 5000
	on a cluster setslot "$slot" node "$(on a cluster myid)"
	on b cluster setslot "$slot" node "$(on a cluster myid)"
	finish p 40
	same "$STATUS" 0
	wait_for 20 has_line r.out 2001
	stop r
	(echo 0; cat all) | cmp - r.out
	same "$(on a xlen "{$NAME}")" 2001
}

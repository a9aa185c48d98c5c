#!/usr/bin/env bats
# Redis Sentinel: who is the master, and what becomes of streams, groups and
# services when another one is made it.

load lib
load redis
load redis_nodes

# sentinel NAME LINE...: one that watches the Redis 'a' as the master m; further
# lines of its file.
sentinel() {
	local name=$1
	shift
	port[$name]=$(free_port)
	cat >"$T/$name.conf" <<-END
	port ${port[$name]}
	bind 127.0.0.1
	dir $T
	sentinel monitor m 127.0.0.1 ${port[a]} 1
	sentinel down-after-milliseconds m 500
	sentinel failover-timeout m 4000
	END
	printf '%s\n' "$@" >>"$T/$name.conf"
	launch "$name" redis-server "$T/$name.conf" --sentinel
	wait_for 20 answers_or_gone "$name"
	running "${pids[$name]}"
}

# The sentinel says that this one is the master.
names() {
	[[ $(on s sentinel get-master-addr-by-name m | tail -n 1) \
	    == "${port[$1]}" ]]
}

# linked NAME: it has all that its master has.
linked() {
	[[ $(on "$1" info replication) == *master_link_status:up* ]]
}

# replicates NAME: it has all that its master has, and so the sentinel knows.
replicates() {
	linked "$1" && on s sentinel replicas m | grep -qx "127.0.0.1:${port[$1]}" &&
	    on s sentinel replicas m | grep -A 1 '^master-link-status$' |
	    grep -qx ok
}

# The master a, its replica b and a sentinel s, which knows both; $URL is all
# but the name of the stream.
start_all() {
	redis a
	redis b --replicaof 127.0.0.1 "${port[a]}"
	wait_for 20 linked b
	sentinel s
	wait_for 30 replicates b
	REDIS="redis+sentinel://127.0.0.1:${port[s]}/m?stream="
}

# As a crash ends it.
kill_one() {
	kill -KILL "${pids[$1]}"
	finish "$1" || :
}

# The old master comes back, as a replica of the new one.
come_back() {
	redis a --replicaof 127.0.0.1 "${port[b]}"
}

lines_are_more() {
	(($(cat "${@:2}" 2>/dev/null | wc -l) > $1))
}

@test "the master is found through sentinels, be the first of them dead" {
	local dead
	start_all
	dead=$(free_port)
	REDIS="redis+sentinel://127.0.0.1:$dead,127.0.0.1:${port[s]}/m/3?stream="
	expect 0 pub --print-id "${REDIS}s" '{"a":1}'
	same "$(on a -n 3 xlen s)" 1
	expect 0 cal_sub -o beginning -e "${REDIS}s"
	same "$out" '{"a":1}'
	serve s1 "${REDIS}svc" --method echo=cat
	like "$URL" "${REDIS}svc*"
	expect 0 call "${REDIS}svc" echo '[1]'
	same "$out" '[1]'
	stop s1
}

@test "nobody answers, knows the name or lets us ask: 69, with words" {
	local dead
	redis a
	sentinel s
	dead=$(free_port)
	expect 69 pub --connect-timeout 1 \
	    "redis+sentinel://127.0.0.1:$dead/m?stream=s" 1
	like "$err" "*no sentinel names the master 'm': 127.0.0.1:$dead: cannot connect: Connection refused*"
	for program in 'pub -l' cal_sub; do
		expect 69 $program --connect-timeout 1 \
		    "redis+sentinel://127.0.0.1:$dead,127.0.0.1:${port[s]}/other?stream=s" <<<1
		like "$err" "*no sentinel names the master 'other': 127.0.0.1:${port[s]}: it knows nobody of this name*"
	done
	expect 69 call --connect-timeout 1 \
	    "redis+sentinel://127.0.0.1:${port[a]}/m?stream=s" m
	like "$err" "*127.0.0.1:${port[a]}: it is no sentinel*"
	stop s
	sentinel s 'requirepass sesame'
	expect 69 pub --connect-timeout 1 \
	    "redis+sentinel://127.0.0.1:${port[s]}/m?stream=s" 1
	like "$err" "*it wants a password, and sentinels are asked without*"
	expect 68 pub --connect-timeout 1 \
	    "redis+sentinel://no.such.invalid/m?stream=s" 1
}

@test "the password is that of the master" {
	redis a --requirepass sesame
	sentinel s 'sentinel auth-pass m sesame'
	CAL_REDIS_PASSWORD=sesame expect 0 pub \
	    "redis+sentinel://127.0.0.1:${port[s]}/m?stream=s" 1
	CAL_REDIS_PASSWORD=other expect 77 pub \
	    "redis+sentinel://127.0.0.1:${port[s]}/m?stream=s" 1
	not contains s.out sesame
}

@test "a failover in the middle of a stream: all that was confirmed arrives" {
	local name
	start_all
	seq 3000 >all
	on a xgroup create s g 0 mkstream
	for name in c d; do
		launch $name "$CAL_BIN/cal-sub" -G g --ack --lease 2 \
		    "${REDIS}s"
	done
	launch p bash -c '"$0" "$@" <all' "$CAL_BIN/cal-pub" -l --rate 1000 \
	    --retry 1000 --wait 1:30000 --connect-timeout 60 "${REDIS}s"
	wait_for 20 lines_are_more 300 c.out d.out
	kill_one a
	wait_for 30 names b
	come_back
	finish p 60
	same "$STATUS" 0
	wait_for 30 all_arrived c.out d.out
	stop c
	stop d
	echo "# $(cat c.out d.out | wc -l) of 3000 lines" >&3
	# Nothing was done that is not acknowledged.
	same "$(on b xpending s g | head -n 1)" 0
}

@test "a failover by hand: readers, servers and callers go on" {
	local i
	start_all
	launch r "$CAL_BIN/cal-sub" -o beginning "${REDIS}s"
	serve v "${REDIS}svc" --method echo=cat
	expect 0 call "${REDIS}svc" echo '[1]'
	seq 100 | expect 0 pub -l "${REDIS}s"
	wait_for 10 lines_are_more 99 r.out
	on s sentinel failover m
	wait_for 30 names b
	expect 0 call --connect-timeout 30 "${REDIS}svc" echo '[2]'
	same "$out" '[2]'
	seq 101 200 | expect 0 pub -l --connect-timeout 30 "${REDIS}s"
	wait_for 30 lines_are_more 199 r.out
	seq 200 | cmp - r.out
	stop r
	stop v
}

@test "kill -9 of the master of a service: calls after it are answered" {
	start_all
	serve v "${REDIS}svc" --method echo=cat
	expect 0 call "${REDIS}svc" echo '[1]'
	kill_one a
	wait_for 30 names b
	expect 0 call --connect-timeout 30 "${REDIS}svc" echo '[2]'
	same "$out" '[2]'
	stop v
}

all_arrived() {
	sort -nu "$@" | cmp -s - all
}

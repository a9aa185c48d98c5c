#!/usr/bin/env bats
# Users: who a command, a log and a worker are told that they are, what each may
# call, what a new list changes while they are there, and whose turn it is.

load lib
load keys

# Tells who called; holds at the gate; says when it is ended.
WHO='printf "\"%s\"" "$CAL_USER"'
HOLD='read -r n; echo "start $CAL_USER $n" >>log; read x <gate
    echo "end $CAL_USER $n" >>log; echo "$n"'
STAY='trap "echo TERM \$CAL_USER >>log; exit 0" TERM
    echo "start $CAL_USER" >>log; sleep 100 & wait'

setup_users() {
	make_keys server alice bob
	allow alice bob
}

@test "CAL_USER: none without keys, whatever is in the environment" {
	setup_users
	serve_keys s "$ANY" -m "who=$WHO"
	for user in alice bob; do
		expect 0 as "$user" "$URL" who -n
		same "$out" "\"$user\""
	done
	CAL_USER=root serve t --pass-env CAL_USER "$ANY" \
	    -m 'who=printf "\"%s\"" "${CAL_USER-none}"'
	expect 0 call "$URL" who -n
	same "$out" '"none"'
}

@test "the log of requests tells the user" {
	setup_users
	serve_keys s "$ANY" -m "who=$WHO"
	expect 0 as alice "$URL" who -n
	wait_for 5 contains s.err 'status=result'
	like "$(grep '^request' s.err)" '* user=alice status=result *'
	serve_keys j --log-format json "$ANY" -m "who=$WHO"
	expect 0 as bob "$URL" who -n
	wait_for 5 contains j.err '"event":"request"'
	same "$(sed -n 's/^.*\({"event":"request".*\)/\1/p' j.err |
	    jq -r .user)" bob
	serve t -v "$ANY" -m "who=$WHO"
	expect 0 call "$URL" who -n
	wait_for 5 contains t.err 'status=result'
	not contains t.err user=
}

@test "a worker of jsonrpc is told the user" {
	setup_users
	serve_keys s --coprocess jsonrpc "$ANY" w -- jq --unbuffered -c \
	    '{jsonrpc: "2.0", id, result: .params.user}'
	for user in alice bob; do
		expect 0 as "$user" "$URL" w -n
		same "$out" "\"$user\""
	done
	serve t --coprocess jsonrpc "$ANY" w -- jq --unbuffered -c \
	    '{jsonrpc: "2.0", id, result: (.params | has("user"))}'
	expect 0 call "$URL" w -n
	same "$out" false
}

@test "methods=: the others are Forbidden, 77, and do not run" {
	make_keys server alice bob carol
	allow "alice alice methods=who,a.b" bob "carol carol methods=nosuch"
	serve_keys s "$ANY" -m "who=$WHO" -m 'a.b=echo 1' \
	    -m 'other=echo >>ran; echo 2'
	expect 0 as alice "$URL" who -n
	expect 0 as alice "$URL" a.b -n
	for method in other nosuch 'WHO' 'who,a.b' 'a'; do
		expect 77 as alice "$URL" "$method" -n
		like "$err" '*Forbidden*you may not call this method*'
	done
	not test -e ran
	expect 0 as bob "$URL" other -n
	expect 3 as bob "$URL" nosuch -n
	expect 3 as carol "$URL" nosuch -n
	expect 77 as carol "$URL" who -n
	expect 77 as alice -J "$URL" <<<'{"method": "other"}'
	same "$(jq -r .error.name expect.out)" Forbidden
	same "$(count_lines ran)" 1
}

@test "methods=: the server says what is forbidden, whatever it said before" {
	make_keys server alice
	allow "alice alice methods=who"
	serve_keys s "$ANY" -m "who=$WHO" -m 'other=echo 2'
	mkfifo c.in
	exec 9<>c.in
	as_later c alice -E -J "$URL"
	say() {
		echo "{\"method\": \"$1\"}" >&9
		wait_for 10 has_line c.out "$2"
		same "$(tail -n 1 c.out | jq -r '.error.name // .body')" "$3"
	}
	say who 1 alice
	say other 2 Forbidden
	allow "alice alice methods=other"
	reread s
	say other 3 2
	say who 4 Forbidden
	say nosuch 5 Forbidden
	exec 9>&-
	finish c
	same "$STATUS" 77
}

@test "--ping: the methods that the user may call" {
	make_keys server alice bob carol
	allow "alice alice methods=a,c,gone" bob "carol carol methods=gone"
	serve_keys s "$ANY" -m a=true -m b=true -m c=true
	methods() {
		expect 0 as "$1" --ping "$URL"
		jq -c '.methods | sort' expect.out
	}
	same "$(methods alice)" '["a","c"]'
	same "$(methods bob)" '["a","b","c"]'
	not grep -E '"[abc]"' <<<"$(methods carol)"
	allow "alice alice methods=b" bob
	reread s
	same "$(methods alice)" '["b"]'
}

@test "methods= and '*': names are what is called" {
	make_keys server alice
	allow "alice alice methods=one"
	serve_keys s "$ANY" '*' -- sh -c 'printf "\"%s\"" "$CAL_METHOD"'
	expect 0 as alice "$URL" one -n
	same "$out" '"one"'
	expect 77 as alice "$URL" two -n
	# cal-call knows no such list, but the server has one.
	expect 77 as alice "$URL" '*' -n
}

@test "several keys of one user, and limits of a key" {
	make_keys server alice bob
	allow alice "bob alice methods=who"
	serve_keys s "$ANY" -m "who=$WHO" -m 'other=echo 2'
	expect 0 as bob "$URL" who -n
	same "$out" '"alice"'
	expect 0 as alice "$URL" other -n
	expect 77 as bob "$URL" other -n
}

# open_line NAME WHO METHOD: a caller that reads lines from fd 9.
open_line() {
	mkfifo "$1.in"
	exec 9<>"$1.in"
	as_later "$1" "$2" -E -l "$URL" "$3"
}

@test "SIGHUP: who is added gets in, who is removed gets nothing more" {
	make_keys server alice bob
	allow alice
	serve_keys s "$ANY" -m 'who=echo "$CAL_USER" >>ran; echo 1'
	expect 77 as bob "$URL" who -n
	allow alice bob
	reread s
	open_line c bob who
	echo 1 >&9
	wait_for 10 has_line c.out
	allow alice
	reread s
	expect 77 as bob "$URL" who -n
	# The connection is still the one that was let in.
	echo 2 >&9
	wait_for 10 has_line c.err
	exec 9>&-
	finish c
	same "$STATUS" 77
	like "$(<c.err)" '*line 2: *Forbidden*'
	expect 0 as alice "$URL" who -n
	same "$(<ran)" $'bob\nalice'
}

@test "SIGHUP: what a removed user has waiting and running ends" {
	setup_users
	make_gate
	serve_keys s -j 2 "$ANY" -m "stay=$STAY" -m "hold=$HOLD"
	as_later b1 bob "$URL" stay -n
	as_later a1 alice "$URL" hold 1
	wait_for 10 has_line log 2
	as_later b2 bob "$URL" stay -n
	as_later a2 alice "$URL" hold 2
	wait_for 5 queued s 2
	allow alice
	spent reread s
	for name in b1 b2; do
		finish "$name"
		same "$STATUS" 77
		like "$(<"$name.err")" '*Forbidden*'
	done
	wait_for 5 contains log 'TERM bob'
	same "$(grep -c 'start bob' log)" 1
	release 2
	for name in a1 a2; do
		finish "$name"
		same "$STATUS" 0
	done
	same "$(grep -c 'TERM alice' log)" 0
	wait_for 5 contains s.err 'status=result' 2
	assert_no_children "${pids[s]}"
}

@test "SIGHUP: a method that is taken away ends, the others go on" {
	setup_users
	make_gate
	serve_keys s "$ANY" -m "stay=$STAY" -m "hold=$HOLD"
	as_later b1 bob "$URL" stay -n
	as_later b2 bob "$URL" hold 1
	wait_for 10 has_line log 2
	allow alice "bob bob methods=hold"
	reread s
	finish b1
	same "$STATUS" 77
	release
	finish b2
	same "$STATUS" 0
}

@test "SIGHUP: another name is another user, with the next request" {
	setup_users
	serve_keys s "$ANY" -m "who=$WHO"
	open_line c alice who
	echo 1 >&9
	wait_for 10 has_line c.out
	allow "alice carol" bob
	reread s
	echo 2 >&9
	wait_for 10 has_line c.out 2
	exec 9>&-
	finish c
	same "$STATUS $(tr '\n' ' ' <c.out)" '0 "alice" "carol" '
}

# keeps_old WORDS: after this SIGHUP all is as it was, and that is said.
keeps_old() {
	local before
	before=$(grep -c 'kept the old list of who is let in' s.err || :)
	kill -HUP "${pids[s]}"
	wait_for 5 contains s.err 'kept the old list of who is let in' $((before + 1))
	like "$(grep 'kept the old list of who' s.err | tail -n 1)" "*$1*"
	expect 0 as alice "$URL" who -n
	expect 77 as bob "$URL" who -n
}

@test "SIGHUP: a list that is no good leaves the old one" {
	make_keys server alice bob
	allow alice
	serve_keys s "$ANY" -m "who=$WHO"
	allow bob
	echo nonsense >>list
	keeps_old "'list' line 2"
	: >list
	keeps_old "'list' is empty"
	echo '# nobody' >list
	keeps_old "'list' has no line with a key"
	allow bob
	chmod 666 list
	keeps_old 'list: its mode is 0666'
	rm list
	keeps_old 'list: No such file'
	mkdir list
	keeps_old list
	cp bob.pub list/.hidden.pub
	keeps_old list
	rm -r list
	if [[ $(id -u) != 0 ]]; then
		allow bob
		chmod 0 list
		keeps_old 'list: Permission denied'
	fi
	allow bob
	reread s
	expect 0 as bob "$URL" who -n
	expect 77 as alice "$URL" who -n
	same "$(grep -c 'kept the old list of who' s.err)" \
	    "$(($([[ $(id -u) == 0 ]] && echo 7 || echo 8)))"
}

@test "SIGHUP: no descriptor to read the list with leaves the old one" {
	make_keys server alice bob
	allow alice
	serve_keys s "$ANY" -m "who=$WHO"
	limit=$(awk '/^Max open files/ { print $4 }' "/proc/${pids[s]}/limits")
	allow bob
	prlimit --pid "${pids[s]}" --nofile=3: ||
	    skip "prlimit may not change limits here"
	kill -HUP "${pids[s]}"
	wait_for 5 contains s.err 'kept the old list of who is let in'
	like "$(grep 'kept the old list of who' s.err)" '*list: Too many open files'
	prlimit --pid "${pids[s]}" --nofile="$limit:"
	expect 0 as alice "$URL" who -n
	expect 77 as bob "$URL" who -n
	reread s
	expect 0 as bob "$URL" who -n
}

@test "SIGHUP at a caller that listens: a removed worker is called no more" {
	setup_users
	mkfifo c.in
	exec 9<>c.in
	call_later c --bind -1 -v -E -i server.key -A list -l "$ANY" who
	wait_for 5 has_line c.err
	url=$(head -n 1 c.err)
	launch w "$CAL_BIN/cal-serve" --connect -i alice.key -S server.pub \
	    "$url" who -- sh -c 'echo \"w\"'
	echo 1 >&9
	wait_for 10 has_line c.out
	allow bob
	launch v "$CAL_BIN/cal-serve" --connect -i bob.key -S server.pub \
	    "$url" who -- sh -c 'echo \"v\"'
	kill -HUP "${pids[c]}"
	wait_for 5 gone_from_turn
	seq 2 6 >&9
	wait_for 10 has_line c.out 6
	exec 9>&-
	finish c
	same "$STATUS $(sort -u <(tail -n 5 c.out))" '0 "v"'
	stop w
	stop v
}

# A stranger with the removed key is refused: the new list is in force.
gone_from_turn() {
	call --connect-timeout 5 -i alice.key -S server.pub --ping "$url"
	[[ $? == 77 ]]
}

@test "turns go round users, not round their connections" {
	setup_users
	make_gate
	serve_keys s -j 1 "$ANY" -m "hold=$HOLD"
	for n in 1 2 3 4; do
		seq "$n"1 "$n"5 >"a$n.in"
		as_later "a$n" alice -l -j 5 "$URL" hold
	done
	wait_for 10 has_line log
	wait_for 10 queued s 19
	as_later b bob "$URL" hold 0
	wait_for 10 queued s 20
	release 3
	finish b
	same "$STATUS" 0
	# One of hers was running, and at most one more began before his.
	place=$(grep start log | grep -n bob | cut -d : -f 1)
	((place == 2 || place == 3))
	release 18
	for n in 1 2 3 4; do
		finish "a$n"
		same "$STATUS $(count_lines "a$n.out")" "0 5"
	done
}

@test "a key is one queue for a user over all connections, not for two" {
	setup_users
	make_gate
	serve_keys s "$ANY" -m "hold=$HOLD"
	as_later a1 alice -k K "$URL" hold 1
	wait_for 10 has_line log
	as_later a2 alice -k K "$URL" hold 2
	wait_for 10 queued s 1
	as_later b1 bob -k K "$URL" hold 3
	wait_for 10 has_line log 2
	same "$(<log)" $'start alice 1\nstart bob 3'
	release 2
	wait_for 10 contains log 'start alice 2'
	release
	for name in a1 a2 b1; do
		finish "$name"
		same "$STATUS" 0
	done
	same "$(grep alice log)" \
	    $'start alice 1\nend alice 1\nstart alice 2\nend alice 2'
}

@test "--max-queue is for a user, over all connections" {
	setup_users
	make_gate
	serve_keys s -j 1 --max-queue 2 "$ANY" -m "hold=$HOLD"
	as_later a0 alice "$URL" hold 0
	wait_for 10 has_line log
	as_later a1 alice "$URL" hold 1
	as_later a2 alice "$URL" hold 2
	wait_for 10 queued s 2
	expect 75 as alice "$URL" hold 3
	like "$err" '*Busy*'
	as_later b1 bob "$URL" hold 4
	wait_for 10 queued s 3
	release 4
	for name in a0 a1 a2 b1; do
		finish "$name"
		same "$STATUS" 0
	done
}

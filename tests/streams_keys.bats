#!/usr/bin/env bats
# cal-pub and cal-sub with CURVE: who gets what, whoever listens; what is said to
# whom that stays outside; and who is removed while he is connected.

load lib
load keys

# stream_keys NAME...: pairs, also as the independent peer reads them.
stream_keys() {
	local name
	make_keys "$@"
	for name; do
		secret_of "$name" >"$name.secret"
		key_of "$name" >"$name.public"
	done
}

# refused STATUS WORDS PROGRAM ARG...: soon, and in these words.
refused() {
	local status=$1 words=$2
	shift 2
	spent expect "$status" "$@"
	between 0 "$MS" 5000
	like "$err" "*$words*"
	same "$out" ''
}

# kept_out PROGRAM ARG...: with whatever keys but the right ones.
kept_out() {
	refused 77 'it does not know its key' "$@" -i bob.key -S server.pub
	refused 77 'it does not know its key' "$@" -S server.pub
	refused 77 "the server's key is not the one that was given" \
	    "$@" -i alice.key -S bob.pub
	refused 77 'encryption mismatch' "$@"
}

@test "a publisher that listens: who subscribes needs a key it knows" {
	stream_keys server alice bob
	allow alice
	local kind
	for kind in '' --distribute; do
		# shellcheck disable=SC2086 # $kind may be no word
		publish p -v --interval 0.02 -i server.key -A list $kind "$ANY" 1
		# shellcheck disable=SC2086
		kept_out cal_sub $kind "$URL"
		# shellcheck disable=SC2086
		expect 0 cal_sub $kind -i alice.key -S server.pub -c 3 "$URL"
		same "$(xargs <<<"$out")" '1 1 1'
		contains p.err "was not let in: its key is"
		stop p
		# The reverse: keys, and a publisher who has none.
		# shellcheck disable=SC2086
		publish q --interval 0.02 $kind "ipc://$T/q" 1
		# shellcheck disable=SC2086
		refused 77 'the server does not encrypt' cal_sub $kind \
		    -i alice.key -S server.pub "$URL"
		stop q
	done
}

@test "a subscriber that listens: who publishes needs a key it knows" {
	stream_keys server alice bob
	allow alice
	local kind
	for kind in '' --distribute; do
		# shellcheck disable=SC2086
		subscribe s -v --bind -i server.key -A list $kind "$ANY"
		# shellcheck disable=SC2086
		kept_out pub --connect $kind "$URL" -d 1
		# shellcheck disable=SC2086
		expect 0 pub --connect $kind -i alice.key -S server.pub "$URL" 2
		wait_for 5 has_line s.out
		same "$(<s.out)" 2
		contains s.err "was not let in: its key is"
		stop s
		# shellcheck disable=SC2086
		subscribe t --bind $kind "ipc://$T/t"
		# shellcheck disable=SC2086
		refused 77 'the server does not encrypt' pub --connect $kind \
		    -i alice.key -S server.pub "$URL" 1
		stop t
		same "$(<t.out)" ''
	done
}

@test "ipc is encrypted as well" {
	stream_keys server alice bob
	allow alice
	publish p --interval 0.02 -i server.key -A list "ipc://$T/p" 1
	refused 77 'it does not know its key' cal_sub -i bob.key -S server.pub \
	    "$URL"
	refused 77 'encryption mismatch' cal_sub "$URL"
	expect 0 cal_sub -i alice.key -S server.pub -c 1 "$URL"
}

@test "nobody there: 69, with keys as well" {
	make_keys server alice
	stream p pub "$ANY" -n 0
	finish p
	refused 69 'nobody listens there' cal_sub -i alice.key -S server.pub \
	    --connect-timeout 0.5 "$URL"
	refused 69 'nobody listens there' pub --connect -i alice.key \
	    -S server.pub --connect-timeout 0.5 "$URL" 1
}

@test "keys from the environment, a folder, a certificate; any client" {
	make_keys server alice
	mkdir users
	cp alice.pub users
	CAL_IDENTITY=server.key CAL_AUTHORIZED=users publish p --interval 0.02 \
	    "$ANY" 1
	CAL_IDENTITY=alice.key CAL_SERVER_KEY=server.pub expect 0 cal_sub \
	    -c 1 "$URL"
	expect 77 cal_sub -c 1 -S server.pub "$URL"
	keygen --format cert carol
	publish q --interval 0.02 -i carol.key_secret --allow-any-client "$ANY" 1
	expect 0 cal_sub -c 1 -S carol.key "$URL"
	expect 0 cal_sub -c 1 -i alice.key -S carol.key "$URL"
	expect 77 cal_sub -c 1 "$URL"
}

@test "an independent publisher with keys, whoever listens" {
	stream_keys server alice bob
	allow alice
	local kind flag
	for kind in pub push; do
		flag=$([[ $kind == pub ]] || echo --distribute)
		stream p $kind --wait 1 -n 3 --stay --secret server.secret \
		    --allow alice.public "$ANY"
		# shellcheck disable=SC2086
		expect 77 cal_sub $flag -i bob.key -S server.pub "$URL"
		# shellcheck disable=SC2086
		expect 0 cal_sub $flag -c 3 -i alice.key -S server.pub "$URL"
		same "$(tail -n 1 <<<"$out")" '{"n": 2}'
		stop p
		# shellcheck disable=SC2086
		subscribe s $flag --bind -c 3 -i server.key -A list "$ANY"
		launch b "$PYTHON" "$TESTS/interop/stream.py" $kind --connect \
		    -n 9 --size 50 --wait 1 --secret bob.secret \
		    --server-key server.public "$URL"
		stream q $kind --connect --wait 1 -n 3 --secret alice.secret \
		    --server-key server.public "$URL"
		finish s
		same "$STATUS $(tail -n 1 s.out)" '0 {"n": 2}'
		stop b KILL
	done
}

@test "an independent subscriber with keys, whoever listens" {
	stream_keys server alice bob
	allow alice
	local kind flag
	for kind in sub pull; do
		flag=$([[ $kind == sub ]] || echo --distribute)
		# shellcheck disable=SC2086
		publish p --interval 0.02 $flag -i server.key -A list "$ANY" 1
		launch b "$PYTHON" "$TESTS/interop/stream.py" $kind \
		    --secret bob.secret --server-key server.public "$URL"
		stream s $kind --bodies -n 3 --secret alice.secret \
		    --server-key server.public "$URL"
		finish s
		same "$STATUS $(tail -n +2 s.out | xargs)" '0 1 1 1'
		same "$(<b.out)" ''
		stop b KILL
		stop p
		stream t $kind --bind --bodies -n 2 --secret server.secret \
		    --allow alice.public "$ANY"
		# shellcheck disable=SC2086
		expect 77 pub --connect $flag -i bob.key -S server.pub "$URL" 1
		# shellcheck disable=SC2086
		expect 0 pub --connect $flag -l -i alice.key -S server.pub \
		    "$URL" <<<$'2\n3'
		finish t
		same "$(tail -n +2 t.out | xargs)" '2 3'
	done
}

# start_two KIND: a publisher that reads descriptor 9, and alice and bob, who
# got what there was so far.
start_two() {
	stream_keys server alice bob
	allow alice bob
	mkfifo p.in
	exec 9<>p.in
	publish p -v -l "$1" --wait-subscribers 2 -i server.key -A list "$ANY"
	local url=$URL name
	for name in alice bob; do
		subscribe $name "${1/--no-drop/-E}" -i $name.key -S server.pub \
		    "$url"
	done
	printf '1\n2\n' >&9
	wait_for 10 has_line alice.out
	wait_for 10 has_line bob.out
}

left_with_77() {
	finish "$1"
	same "$STATUS" 77
	contains "$1.err" 'does not know its key'
}

# more NAME: the next number was published; has NAME got any since?
more() {
	echo $((++NUMBER)) >&9
	pause
	(($(count_lines "$1.out") > BEFORE))
}

@test "SIGHUP: a subscriber who is removed gets nothing more" {
	start_two --no-drop
	allow alice
	reread p
	NUMBER=2 BEFORE=$(count_lines alice.out)
	wait_for 10 more alice
	# From then on alice gets everything.
	seq $((NUMBER + 1)) $((NUMBER + 500)) >&9
	wait_for 10 contains alice.out $((NUMBER + 500))
	tail -n +3 alice.out | head -n 1 >first
	tail -n +3 alice.out | cmp - <(seq "$(<first)" $((NUMBER + 500)))
	same "$(xargs <bob.out)" '1 2'
	left_with_77 bob
	# Let in again, he gets what comes, should he ask.
	allow alice bob
	reread p
	subscribe again -i bob.key -S server.pub "$URL"
	NUMBER=9000 BEFORE=0
	wait_for 10 more again
	exec 9>&-
	finish p
	# What came before alice was back found nobody.
	same "$STATUS" 75
	contains p.err 'found no subscriber'
	running "${pids[alice]}"
}

@test "SIGHUP: with --distribute the others get what the removed one does not" {
	start_two --distribute
	allow alice
	reread p
	seq 3 1000 >&9
	# He has to come back to hear of it, and the publisher to be there.
	left_with_77 bob
	exec 9>&-
	finish p 20
	same "$STATUS" 0
	wait_for 10 contains alice.out 1000
	# What was sent before went to either.
	cat alice.out bob.out | sort -n | cmp - <(seq 1000)
	has_line alice.out 999
	not has_line bob.out 2
}

@test "SIGHUP: a list that is no good leaves everything as it was" {
	start_two --no-drop
	echo nonsense >list
	kill -HUP "${pids[p]}"
	wait_for 5 contains p.err 'kept the old list'
	rm list
	kill -HUP "${pids[p]}"
	wait_for 5 contains p.err 'kept the old list' 2
	# A good one, by which both stay.
	allow alice bob
	reread p
	seq 3 500 >&9
	exec 9>&-
	finish p
	same "$STATUS" 0
	for name in alice bob; do
		wait_for 10 has_line $name.out 500
		seq 500 | cmp - $name.out
	done
}

@test "SIGHUP: a publisher who is removed says nothing more" {
	stream_keys server alice bob
	allow alice bob
	local kind
	for kind in --no-drop --distribute; do
		allow alice bob
		subscribe s --bind "${kind/--no-drop/-E}" -s raw -i server.key \
		    -A list "$ANY"
		for name in alice bob; do
			publish $name --connect "$kind" --interval 0.01 -s raw \
			    -i $name.key -S server.pub "$URL" $name
			wait_for 10 contains s.out $name
		done
		allow alice
		reread s
		cp s.out before
		BEFORE=$(count_lines s.out)
		wait_for 10 has_line s.out $((BEFORE + 20))
		not eval "tail -n +$((BEFORE + 3)) s.out | grep bob"
		contains s.err 'its publisher is not let in any more'
		# He is heard again when he is let in again.
		allow alice bob
		reread s
		BEFORE=$(count_lines s.out)
		wait_for 10 eval "tail -n +$((BEFORE + 1)) s.out | grep bob"
		stop alice
		stop bob
		stop s
	done
}

@test "open to the network: not without keys, whoever listens" {
	make_keys server alice
	allow alice
	local kind
	for kind in '' --distribute; do
		# shellcheck disable=SC2086
		refused 78 'open to the network' pub $kind 'tcp://0.0.0.0:*' 1
		# shellcheck disable=SC2086
		refused 78 'open to the network' cal_sub $kind --bind \
		    'tcp://*:*'
	done
	publish p -i server.key -A list --interval 0.02 'tcp://0.0.0.0:*' 1
	expect 0 cal_sub -i alice.key -S server.pub -c 1 \
	    "tcp://127.0.0.1:${URL##*:}"
	subscribe s --bind -i server.key -A list 'tcp://0.0.0.0:*'
	expect 0 pub --connect -i alice.key -S server.pub \
	    "tcp://127.0.0.1:${URL##*:}" 1
	wait_for 5 has_line s.out
}

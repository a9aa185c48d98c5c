#!/usr/bin/env bats
# Everything at once.

load lib

@test "50 callers, 100 run, 1,000 queued, half a body, CANCELs: none is lost" {
	make_gate
	# Each command says that it runs, and stands until the file is there.
	serve s -j 100 --max-queue 1000 "$ANY" \
	    -m 'hold=read -r n; echo >>started; read x <gate; echo "$n"' \
	    -m 'hang=echo >>hung; exec sleep 100' -m 'quick=cat'
	local n before
	expect 0 call "$URL" quick 1
	assert_no_children "${pids[s]}"
	before=$(fds "${pids[s]}")
	# 10 callers that will be cancelled, 40 with 27 or 28 calls each: 100
	# of 1,110 run.
	for ((n = 0; n < 10; n++)); do
		call_later "hang$n" --connect-timeout 60 "$URL" hang -n
	done
	wait_for 60 has_line hung 10
	for ((n = 0; n < 40; n++)); do
		seq $((n * 1000)) $((n * 1000 + (n < 20 ? 26 : 27))) \
		    >"c$n.in"
		call_later "c$n" -W 300 --connect-timeout 60 -E -l -j 50 "$URL" hold
	done
	wait_for 60 has_line started 90
	wait_for 60 enough_wait 1000
	# A 10 MiB body, of which half is sent.
	launch half "$PYTHON" "$TESTS/interop/half.py" "$URL" 10400000
	wait_for 10 has_line half.out
	spent expect 0 call --ping "$URL"
	between 0 "$MS" 1000
	for ((n = 0; n < 10; n++)); do
		kill -INT "${pids[hang$n]}"
	done
	for ((n = 0; n < 10; n++)); do
		finish "hang$n"
		same "$STATUS" 130
	done
	spent expect 0 call --ping "$URL"
	between 0 "$MS" 1000
	call_later late -W 120 "$URL" quick '"late"'
	release 2000
	for ((n = 0; n < 40; n++)); do
		finish "c$n" 120
		same "$STATUS" 0
		cmp "c$n.in" "c$n.out"
	done
	finish late 60
	same "$STATUS $(<late.out)" '0 "late"'
	stop half
	same "$(count_lines started)" 1100
	expect 0 call "$URL" quick 2
	assert_no_children "${pids[s]}"
	assert_fds "${pids[s]}" "$before"
}

enough_wait() {
	(($(counter s waiting) >= $1))
}

#!/usr/bin/env bats
# The examples: each is run as it is, and prints what it should.

load lib

# example NAME: runs it with the programs of the build; $out is what it printed.
example() {
	local program
	mkdir bin
	for program in cal-serve cal-call; do
		printf '#!/bin/sh\nexec %s %s "$@"\n' "${CAL_WRAP-}" \
		    "$CAL_BIN/$program" >"bin/$program"
	done
	chmod 755 bin/*
	PATH=$T/bin:$PATH expect 0 timeout -s KILL $((60 * SLOW)) \
	    "$TESTS/examples/$1"
	same "$err" ''
}

@test "every example is run here" {
	local path
	for path in "$TESTS"/examples/coprocess-*; do
		contains "$BATS_TEST_FILENAME" "example ${path##*/}"
	done
}

@test "jq as a worker" {
	example coprocess-jq
	same "$out" "$(cat <<'END'
$ cal-call ipc://socket total '[{"price":2,"count":3},
    {"price":10,"count":1}]'
16
$ cal-call ipc://socket total '[]'
null
$ cal-call ipc://socket total '"nothing"'
{"error":"not a list of goods"}
$ seq 3 | jq -c '[{price: ., count: 10}]' |
    cal-call -l -j 3 ipc://socket total
10
20
30
END
	)"
}

@test "awk as a worker" {
	example coprocess-awk
	same "$out" "$(cat <<'END'
$ cal-call --text ipc://socket add 'apples 3'
apples 3
$ printf 'pears 1\napples 4\npears 5\n' |
    cal-call --text -l ipc://socket add
pears 1
apples 7
pears 6
$ cal-call --text ipc://socket add 'apples 1
pears 1'
cal-call: BadRequest: the body is more than one line
(exit status 3)
END
	)"
}

@test "a loop of the shell as a worker" {
	example coprocess-shell
	same "$out" "$(cat <<'END'
$ cal-call --text ipc://socket ticket ann
ann has number 1
$ printf 'bob\n  carol \\n\n' | cal-call --text -l ipc://socket ticket
bob has number 2
  carol \n has number 3
END
	)"
}

@test "a framed worker" {
	example coprocess-framed
	same "$out" "$(cat <<'END'
$ echo 'A body may have several lines,
and so may an answer to it.' | cal-call --text ipc://socket fold
A body may have several
lines, and so may an
answer to it.
$ cal-call --text ipc://socket fold '' | wc -c
1
END
	)"
}

# Where the worker is, and on which line, is not told.
@test "a JSON-RPC worker" {
	example coprocess-jsonrpc
	same "$(sed -E 's/File ".*\/(.*)", line [0-9]+/\1/' <<<"$out")" \
	    "$(cat <<'END'
$ cal-call ipc://socket add '[1,2,3]'
6
$ printf '"ann"\n"bob"\n' | cal-call -l -j 2 ipc://socket meet
"ann"
"bob"
$ cal-call ipc://socket divide '[1,0]'
cal-call: ZeroDivisionError: division by zero
Traceback (most recent call last):
  tasks.py, in run
    result = await method(request["params"]["body"])
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  tasks.py, in divide
    return body[0] / body[1]
           ~~~~~~~~^~~~~~~~~
ZeroDivisionError: division by zero
(exit status 1)
$ cal-call -W 2 ipc://socket nap 60 2>/dev/null
(exit status 124)
$ cal-call ipc://socket given_up -n
"a nap of 60 s"
$ cal-call ipc://socket no_such_method -n
cal-call: LookupError: there is no method no_such_method
(exit status 1)
END
	)"
}

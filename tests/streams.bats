#!/usr/bin/env bats
# cal-pub and cal-sub together: nothing is lost, nothing altered, order is kept;
# what is captured is published again as it was; one to many, many to one.

load lib

# A million, but where everything is slow.
MANY=$((1000000 / (SLOW * SLOW)))

# make_lines: p.in, lines of JSON of many lengths, each of them another one.
make_lines() {
	awk -v n="${1:-$MANY}" 'BEGIN {
		pad = sprintf("%200s", "")
		gsub(/ /, "x", pad)
		for (i = 0; i < n; i++)
			printf "{\"n\":%d,\"p\":\"%s\"}\n", i,
			    substr(pad, 1, i % 97)
	}' >p.in
}

# carry URL OPTION...: p.in through a publisher with these options and a
# subscriber.
carry() {
	local url=$1 kind=()
	shift
	publish p -l "$@" "$url"
	[[ $1 != --distribute ]] || kind=("$1")
	subscribe s -c "$(count_lines p.in)" "${kind[@]}" "$URL"
	finish s 90
	same "$STATUS $(grep -v :// s.err)" '0 '
	finish p
	same "$STATUS $(<p.err)" '0 '
	cmp p.in s.out
}

@test "a million lines, PUSH to PULL, over tcp" {
	make_lines
	carry "$ANY" --distribute
}

@test "a million lines, PUSH to PULL, over ipc" {
	make_lines
	carry "ipc://$T/p" --distribute
}

@test "a million lines, PUB to SUB with --no-drop, over tcp" {
	make_lines
	carry "$ANY" --wait-subscribers 1 --no-drop
}

@test "a million lines, PUB to SUB with --no-drop, over ipc" {
	make_lines
	carry "ipc://$T/p" --wait-subscribers 1 --no-drop
}

# make_binary KIND COUNT: records of random bytes, also of none: parted by NUL
# ("null"), or each behind its length ("framed"; "filled": none is empty).
make_binary() {
	"$PYTHON" - "$@" <<-'END'
	import random, struct, sys

	kind, count = sys.argv[1], int(sys.argv[2])
	random.seed(7)
	for number in range(count):
	    data = random.randbytes(random.choice((0, 1, 9, 300, 9000)))
	    data += b"\r\n\n"[:number % 4] + bytes(number % 3)
	    if kind == "filled":
	        data += b"\n"
	    if kind != "null":
	        data = struct.pack(">I", len(data)) + data
	    else:
	        data = data.replace(b"\0", b"\n") + b"\0"
	    sys.stdout.buffer.write(data)
	END
}

# pass COUNT OPTION...: p.in, as these options of both programs say.
pass() {
	local count=$1
	shift
	publish p --no-drop "$@" "$ANY"
	subscribe s -c "$count" "$@" "$URL"
	finish s 30
	finish p
	same "$STATUS $(<p.err)" '0 '
	cmp p.in s.out
}

@test "bodies with NUL and newlines: --framed and -0" {
	make_binary framed 2000 >p.in
	pass 2000 --framed -s raw
	# Where bodies are JSON an empty one is null.
	make_binary filled 2000 >p.in
	pass 2000 --framed -r
	make_binary null 2000 >p.in
	pass 2000 -0 -s raw
	printf '{"a":\n1}\0"\\u0000"\0[\n]\0' >p.in
	pass 3 -0
	# A NUL in a body is one, whatever parts the records.
	printf '\0\0\0\4a\0\nb' >p.in
	publish p --framed -s raw "$ANY"
	expect 0 cal_sub -c 1 -s raw -0 "$URL"
	same "$(hex <expect.out)" 61000a6200
	finish p
}

@test "bodies of 10 MiB; one byte more is refused" {
	head -c $((10 << 20)) /dev/urandom >p.in
	publish p -r "$ANY"
	expect 0 cal_sub -c 1 -r "$URL"
	cmp p.in expect.out
	finish p
	same "$STATUS" 0
	for n in 1 2 3 4 5; do
		printf '\0\240\0\0'
		cat p.in
	done >five
	mv five p.in
	pass 5 --framed -r --distribute
	{
		printf '"'
		head -c $(((10 << 20) - 2)) /dev/zero | tr '\0' x
		printf '"\n'
	} >p.in
	pass 1 -l
	sed -i 's/x/xx/' p.in
	expect 65 pub -l "$ANY" <p.in
}

# make_objects: p.in, as cal-sub -J writes it, of whatever there can be.
make_objects() {
	"$PYTHON" - <<-'END' >p.in
	import base64, json

	def text(name, data):
	    if data is None:
	        return ""
	    try:
	        return '"%s":%s,' % (name, json.dumps(data.decode(),
	                                              ensure_ascii=False))
	    except UnicodeDecodeError:
	        return '"%s_b64":"%s",' % (name,
	                                   base64.b64encode(data).decode())

	words = (None, b"t", b"a/b c", "\u00fc\u20ac".encode(), b"\xff\x00",
	         b"\xc3", bytes(range(128, 256)), b"x" * 4096)
	times = ("-", "1970-01-01T00:00:00.000000Z", "0000-01-01T00:00:00.000001Z",
	         "4094-12-31T23:59:59.999999Z", "2026-01-15T15:43:01.123456Z")
	bodies = (b'{"a": 1.0, "b": 1e2}', b"null", b"", b"{", b" 1", b"[\n1]",
	          b"\0\n\r", bytes(range(256)), '"\u00fc\\u00fc"'.encode(),
	          b"1 2", b"NaN", b"9" * 1000)
	for n in range(len(words) * len(times) * len(bodies)):
	    body = bodies[n % len(bodies)]
	    try:
	        json.loads(body.decode(), parse_constant=lambda word: 1 / 0)
	        plain = body == body.strip() and b"\n" not in body
	    except (ValueError, ZeroDivisionError):
	        plain = False
	    print('{"ts":"%s",%s%s"body%s}' % (
	        times[n % len(times)], text("topic", words[n % len(words)]),
	        text("key", words[n // 7 % len(words)]),
	        '":' + body.decode() if plain else
	        '_b64":"%s"' % base64.b64encode(body).decode()))
	END
}

@test "capture and replay: -J gives -J, byte for byte" {
	make_objects
	local count
	count=$(count_lines p.in)
	publish p -s raw -J --keep-time --no-drop --id --seq "$ANY"
	subscribe s -s raw -J -c "$count" "$URL"
	finish s
	finish p
	same "$STATUS $(<p.err)" '0 '
	sed 's/^{"id":"[0-9a-f]*","seq":[0-9]*,/{/' s.out | cmp - p.in
	grep -c '"id"' s.out
	# What was captured, with id and number, which others will have.
	cp s.out p.in
	publish p -s raw -J --keep-time --distribute "$ANY"
	subscribe t -s raw -J --distribute -c "$count" "$URL"
	finish t
	finish p
	same "$STATUS" 0
	sed 's/^{"id":"[0-9a-f]*","seq":[0-9]*,/{/' s.out | cmp - t.out
	# Without --keep-time it is published now, and only that is different.
	cp t.out p.in
	publish p -s raw -J --no-drop "$ANY"
	subscribe u -s raw -J -c "$count" "$URL"
	finish u
	finish p
	not grep -q '"ts":"\(-\|1970\|0000\|4094\|2026-01-15\)' u.out
	cmp <(sed 's/"ts":"[^"]*"//' t.out) <(sed 's/"ts":"[^"]*"//' u.out)
}

@test "the golden messages, from and to an independent peer" {
	local count
	count=$("$PYTHON" "$TESTS/interop/captured.py" "$TESTS/vectors.txt")
	((count > 40))
	stream p push --vectors --wait 1 "$ANY"
	subscribe s -s raw -J --distribute -c "$count" "$URL"
	finish s
	finish p
	cp s.out q.in
	publish q -s raw -J --keep-time --distribute "$ANY"
	stream r pull --hex -n "$count" "$URL"
	finish r
	finish q
	same "$STATUS $(<q.err)" '0 '
	tail -n +2 r.out >published
	"$PYTHON" "$TESTS/interop/captured.py" "$TESTS/vectors.txt" s.out \
	    published
}

@test "ready is subscribed: what is published from then on arrives" {
	mkfifo p.in told
	exec 8<>told 9<>p.in
	publish p -l --wait-subscribers 0 "$ANY"
	local n
	for ((n = 1; n <= 20; n++)); do
		# shellcheck disable=SC2086
		launch s ${WRAP-$CAL_WRAP} "${BIN:-$CAL_BIN}/cal-sub" -c 1 \
		    -W "$(slow 5)" --notify-fd 7 "$URL" 7>&8
		read -r _ <&8
		echo $n >&9
		finish s
		same "$STATUS $(<s.out)" "0 $n"
	done
	stop p
}

@test "fan-out: each of three gets all of it" {
	make_lines 5000
	publish p -l --wait-subscribers 3 --no-drop "$ANY" -u "ipc://$T/p"
	local url=$URL name
	for name in a b; do
		subscribe $name -c 5000 "$url"
	done
	subscribe c -c 5000 "ipc://$T/p"
	for name in a b c; do
		finish $name 30
		cmp p.in $name.out
	done
	finish p
	same "$STATUS" 0
}

@test "a work queue: each message is done once, by one of three" {
	seq 120 >p.in
	publish p -l --distribute --wait-subscribers 3 "$ANY"
	local url=$URL name
	for name in a b c; do
		subscribe $name -j 2 --distribute "$url" -- \
		    sh -c 'read -r n; echo $n >>ledger; echo "$0 $n"' $name
	done
	finish p 30
	same "$STATUS" 0
	wait_for 20 has_line ledger 120
	for name in a b c; do
		stop $name
		has_line $name.out 10
		same "$(cut -d' ' -f1 $name.out | uniq)" $name
	done
	cut -d' ' -f2 a.out b.out c.out | sort -n | cmp - p.in
	sort -n ledger | cmp - p.in
}

# of_each FILE COUNT KIND...: so many of each, in order.
of_each() {
	local file=$1 count=$2 kind
	shift 2
	for kind; do
		same "$(sed -n "s/^$kind //p" "$file")" "$(seq "$count")"
	done
}

@test "several publishers, one subscriber: the order of each is kept" {
	seq 500 >p.in
	cp p.in q.in
	cp p.in r.in
	local name urls=()
	for name in p q; do
		publish $name -l --no-drop -t $name "$ANY"
		urls+=("$URL")
	done
	publish r -l --no-drop -t r "ipc://$T/r"
	subscribe s -c 1500 -f '%t %s\n' "${urls[@]}" "$URL"
	finish s
	same "$STATUS" 0
	of_each s.out 500 p q r
	for name in p q r; do
		finish $name
		same "$STATUS" 0
	done
}

@test "several addresses of one publisher" {
	seq 300 >p.in
	local url
	publish p -l --no-drop --wait-subscribers 2 -u "ipc://$T/q" "$ANY"
	url=$URL
	# Somebody at both gets each message twice.
	subscribe a -c 600 "$url" "ipc://$T/q"
	finish a
	finish p
	same "$STATUS $(sort -n a.out | uniq -c | awk '$1 == 2' | wc -l)" \
	    '0 300'
	publish p -l --distribute --wait-subscribers 2 -u "ipc://$T/q" "$ANY"
	url=$URL
	subscribe b --distribute "$url"
	subscribe c --distribute "ipc://$T/q"
	finish p
	wait_for 10 eval '(($(cat b.out c.out | wc -l) == 300))'
	sort -n b.out c.out | cmp - p.in
	has_line b.out 50
	has_line c.out 50
	sort -nc b.out
	sort -nc c.out
}

@test "reversed: subscribers listen, publishers connect" {
	seq 400 >p.in
	local kind first name
	for kind in --no-drop --distribute; do
		subscribe s --bind -c 1200 -f '%t %s\n' \
		    "${kind/--no-drop/-E}" "$ANY" "ipc://$T/s"
		first=$URL
		for name in a b; do
			expect 0 pub --connect -l $kind -t $name "$first" <p.in
		done
		expect 0 pub --connect -l $kind -t c "ipc://$T/s" <p.in
		finish s
		same "$STATUS" 0
		of_each s.out 400 a b c
	done
	# One who connects to several.
	subscribe s --bind -c 400 "$ANY"
	first=$URL
	subscribe t --bind -c 400 "ipc://$T/t"
	expect 0 pub --connect -l --no-drop --wait-subscribers 2 "$first" \
	    -u "ipc://$T/t" <p.in
	for name in s t; do
		finish $name
		cmp p.in $name.out
	done
}

# Key a waits until b, which comes later, is under way.
@test "--key-from: of one key one after the other, others meanwhile" {
	local n key script='read -r b; echo "begin $b" >>ledger
	case $b in *a*1}) while [ ! -e b ]; do sleep 0.01; done;;
	*b*) touch b;; esac
	sleep 0.01; echo "end $b" >>ledger'
	for n in 1 2 3 4 5 6; do
		for key in a b c; do
			echo "{\"k\":\"$key\",\"n\":$n}"
		done
	done >p.in
	publish p -l --distribute "$ANY"
	subscribe s -j 4 -c 18 --key-from /k --distribute "$URL" -- \
	    sh -c "$script"
	finish s 30
	same "$STATUS" 0
	finish p
	for key in a b c; do
		same "$(grep "\"$key\"" ledger)" "$(for n in 1 2 3 4 5 6; do
			printf 'begin {"k":"%s","n":%s}\n' $key $n
			printf 'end {"k":"%s","n":%s}\n' $key $n
		done)"
	done
	# Others than a's first were begun before that was over.
	same "$(sed '/end .*a.*1}/q' ledger | grep -c 'begin.*b.*1}')" 1
	# The same by a key of the header, which the publisher took from it.
	rm ledger b
	publish p -l --no-drop --key-from /k "$ANY"
	subscribe t -j 4 -c 18 "$URL" -- sh -c "$script"
	finish t 30
	finish p
	same "$(grep '"c"' ledger | tr -dc '1-6')" 112233445566
}

# large COUNT: lines of 120 kB, of which 400 fit nowhere.
large() {
	jq -nc --argjson n "$1" '[range(20000) | 12345] as $a |
	    range($n) | [., $a]'
}

# fed_up NAME: it is gone; if not, there is more for it.
fed_up() {
	gone "${pids[$1]}" || {
		seq 50 >&9
		return 1
	}
}

@test "--seq: what a stopped subscriber missed is said; --strict: 76" {
	mkfifo p.in
	exec 9<>p.in
	publish p -l --seq -t t "$ANY"
	subscribe s --strict -c 500 -f '%S\n' "$URL"
	echo 0 >&9
	wait_for 10 has_line s.out
	kill -STOP "${pids[s]}"
	large 400 >&9
	wait_for 30 eval '(($(counter p sent) == 401))'
	kill -CONT "${pids[s]}"
	# Behind the gap there are as many as are wanted.
	wait_for 30 fed_up s
	finish s
	same "$STATUS" 76
	exec 9>&-
	finish p
	same "$STATUS" 75
	missed=$(sed -n 's/.*missed up to \([0-9]*\) of.*/\1/p' p.err)
	same "$(sed -n 's/.*missing \([0-9]*\) messages* of topic .t.$/\1/p' \
	    s.err | paste -sd+ | bc)" "$missed"
}

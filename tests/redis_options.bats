#!/usr/bin/env bats
# What may be said about Redis on a command line, and where its password may
# be: in every program that takes its URL.

load lib
load redis

U='redis://127.0.0.1:1?stream=s'
RUN=()

# program NAME: RUN is it with what it needs behind its URL; nothing of it has
# been reached or published when it is refused.
program() {
	RUN=("$CAL_BIN/cal-$1")
	case $1 in
	call) REST=(m 1) ;;
	serve) REST=(-m m=cat) ;;
	pub) REST=(1) ;;
	sub) REST=() ;;
	esac
}

# refused STATUS WORDS ARG...: with one line, and nothing on stdout.
refused() {
	local status=$1 words=$2
	shift 2
	expect "$status" "${RUN[@]}" "$@"
	same "$out" ''
	same "$err" "${RUN[0]##*/}: $words"
}

@test "options that say nothing with Redis, in one sentence" {
	local name option why
	for name in call serve pub sub; do
		program $name
		why='both sides connect to Redis'
		for option in --bind --connect; do
			refused 64 "$option has no meaning with redis://: $why" \
			    "$option" "$U" "${REST[@]}"
		done
		why="CURVE is ZeroMQ's, and who is let in is for Redis to say"
		for option in -i -S -A --domain; do
			refused 64 "$option has no meaning with redis://: $why" \
			    "$option" x "$U" "${REST[@]}"
		done
		for option in --allow-any-client --insecure; do
			refused 64 "$option has no meaning with redis://: $why" \
			    "$option" "$U" "${REST[@]}"
		done
	done
	program call
	refused 64 '--ping has no meaning with redis://: a server is not there to be asked' \
	    --ping "$U"
	program pub
	why='Redis keeps what nobody has read yet'
	refused 64 "--no-drop has no meaning with redis://: $why" --no-drop "$U"
	refused 64 "--wait-subscribers has no meaning with redis://: $why" \
	    --wait-subscribers 3 "$U"
	refused 64 '--distribute has no meaning with redis://: whoever shares messages reads them as a group' \
	    --distribute "$U"
	refused 64 'URLs of Redis and others have no meaning together' \
	    "$U" -u ipc://a
	program sub
	refused 64 '--distribute has no meaning with redis://: whoever shares messages names one group, -G' \
	    --distribute "$U"
	refused 64 'URLs of Redis and others have no meaning together' \
	    ipc://a "$U"
}

@test "options that say nothing without Redis" {
	local name option
	for name in call serve pub sub; do
		program $name
		refused 64 '--redis-auth has no meaning without redis://' \
		    --redis-auth x ipc://a "${REST[@]}"
	done
	program serve
	for option in --at-least-once '--lease 1'; do
		# shellcheck disable=SC2086
		refused 64 "${option% *} has no meaning without redis://" \
		    $option ipc://a "${REST[@]}"
	done
	program pub
	for option in '--maxlen 1' --print-id '--wait 1:1' '--retry 1' \
	    '--retry-delay 1'; do
		# shellcheck disable=SC2086
		refused 64 "${option% *} has no meaning without redis://" \
		    $option ipc://a "${REST[@]}"
	done
	program sub
	for option in '-G g' '-o end' -e --ack '--lease 1' '--max-deliver 1'
	do
		# shellcheck disable=SC2086
		refused 64 "${option% *} has no meaning without redis://" \
		    $option ipc://a
	done
}

@test "options of Redis that do not fit together" {
	program sub
	refused 64 '--ack needs a group, -G: nothing is acknowledged without one' \
	    --ack "$U"
	refused 64 "-G 'f' and group= of the URL exclude each other" \
	    -G f "$U&group=g"
	refused 64 'consumer= needs a group: group= or -G' "$U&consumer=c"
	refused 64 '--lease has no meaning without --ack' -G g --lease 1 "$U"
	refused 64 '--max-deliver has no meaning without --ack' -G g \
	    --max-deliver 1 "$U"
	refused 64 "bad position 'now': not beginning, end, an entry's id or s@MILLISECONDS" \
	    -o now "$U"
	program serve
	refused 64 '--lease has no meaning without --at-least-once: nothing is held' \
	    --lease 1 "$U" "${REST[@]}"
	refused 64 '--lease is 0.1 seconds or more' --at-least-once --lease 0 \
	    "$U" "${REST[@]}"
	program pub
	refused 64 "bad --wait '1': not REPLICAS:MILLISECONDS, up to 1000:3600000" \
	    --wait 1 "$U"
	refused 64 '-T and --print-id exclude each other' -T --print-id "$U"
}

# Keys that others use all day are not in the way.
@test "keys of the environment are passed over" {
	export CAL_IDENTITY=nothing CAL_SERVER_KEY=nothing \
	    CAL_AUTHORIZED=nothing
	expect 69 pub --connect-timeout 0.2 "$U" 1
	not contains expect.err nothing
}

# A program says of each what is wrong, and nothing that may be a secret.
@test "URLs of Redis that are none" {
	local name
	for name in call serve pub sub; do
		program $name
		refused 64 "bad URL 'redis://h': it names no stream: ?stream=NAME" \
		    redis://h "${REST[@]}"
		refused 64 "bad URL '@h': stream= twice" \
		    'redis://ann:secret@h?stream=s&stream=t' "${REST[@]}"
		refused 64 "bad URL 'redis://h': unknown query key 'password'" \
		    'redis://h?stream=s&password=secret' "${REST[@]}"
		refused 64 "bad URL '@h': user and password hold '/', '?', '#' and '@' as percent codes only, and so does '@' what follows them" \
		    'redis://:sec/ret@h?stream=s' "${REST[@]}"
		refused 64 "bad URL '@h': there is no TLS here, and without it the password would be for all to read" \
		    'rediss://:secret@h?stream=s' "${REST[@]}"
		refused 64 "bad URL 'redis+sentinel://h:1,i:2': it names no master: HOST:PORT,.../MASTER" \
		    'redis+sentinel://h:1,i:2?stream=s' "${REST[@]}"
		refused 64 "bad URL 'redis://h': cluster= is 1 or not there" \
		    'redis://h?stream=s&cluster=2' "${REST[@]}"
	done
}

@test "a file with a password that is none, or not safe" {
	local name
	printf 'secret\n' >open
	chmod 640 open
	printf 'secret\nsecret\n' >two
	: >empty
	chmod 600 two empty
	ln -s two link
	for name in call serve pub sub; do
		program $name
		refused 78 '--redis-auth: open: its mode is 0640, but a secret is for its owner alone: chmod 600' \
		    --redis-auth open "$U" "${REST[@]}"
		refused 78 '--redis-auth: two: there is more than one line in it' \
		    --redis-auth two "$U" "${REST[@]}"
		refused 78 '--redis-auth: empty: it is empty' \
		    --redis-auth empty "$U" "${REST[@]}"
		refused 78 '--redis-auth: link: it is a symbolic link, which a secret must not be' \
		    --redis-auth link "$U" "${REST[@]}"
		# What somebody may type there.
		refused 78 '--redis-auth: there is no such file, and a password itself is not taken here' \
		    --redis-auth secret "$U" "${REST[@]}"
	done
}

# no_secret FILE...: "seesam" is in none of them.
no_secret() {
	local file
	for file; do
		not grep -qaF seesam "$file"
	done
}

# The URL is at two places: as a word of its own, and joined to an option.
@test "a password of a URL is gone from the arguments, and in no words" {
	local name url='redis://ann:seesam@127.0.0.1:1/3?stream=s'
	mkfifo pub.in
	exec 9<>pub.in
	for name in call serve pub sub; do
		program $name
		case $name in
		call) REST+=(--connect-timeout 0) ;;
		pub) REST=(-l --connect-timeout 0 "-u$url" "--url=$url") ;;
		sub) REST+=(--connect-timeout 0 "$url") ;;
		esac
		launch $name "${RUN[@]}" -vv "$url" "${REST[@]}"
		wait_for 10 wiped "$PID"
		no_secret "/proc/$PID/cmdline"
		# It is the URL that is looked at, and it is there.
		contains "/proc/$PID/cmdline" 'redis://127.0.0.1:1/3?stream=s'
	done
	exec 9>&-
	for name in call serve pub sub; do
		stop $name
		no_secret $name.out $name.err
	done
}

wiped() {
	[[ $(tr '\0' ' ' <"/proc/$1/cmdline") == cal-* ||
	    $(tr '\0' ' ' <"/proc/$1/cmdline") == */cal-* ]] &&
	    ! grep -qaF seesam "/proc/$1/cmdline"
}

@test "who has a password leaves no core" {
	REDISCLI_AUTH=seesam launch sub "$CAL_BIN/cal-sub" \
	    --connect-timeout 0 "$U"
	wait_for 10 has_no_core "$PID"
	stop sub
}

has_no_core() {
	grep -qE '^Max core file size +0 ' "/proc/$1/limits"
}

# A Redis that wants "seesam" of everybody, and knows ann.
setup_locked() {
	start_redis_tcp --requirepass seesam
	export REDISCLI_AUTH=seesam
	rcli acl setuser ann on '>her own' '~*' '+@all' >/dev/null
	unset REDISCLI_AUTH
	printf 'seesam\n' >right
	printf 'sesame' >wrong
	printf 'her own\r\n' >hers
	chmod 600 right wrong hers
	AT=${REDIS#redis://}
}

# option: cal-pub --redis-auth
@test "where a password comes from, and what comes first" {
	setup_locked
	expect 0 pub --redis-auth right "${REDIS}s" 1
	expect 0 pub "redis://:seesam@${AT}s" 2
	CAL_REDIS_PASSWORD=seesam expect 0 pub "${REDIS}s" 3
	REDISCLI_AUTH=seesam expect 0 pub "${REDIS}s" 4

	REDISCLI_AUTH=sesame CAL_REDIS_PASSWORD=seesam expect 0 pub \
	    "${REDIS}s" 5
	CAL_REDIS_PASSWORD=sesame expect 0 pub --redis-auth right "${REDIS}s" 6
	CAL_REDIS_PASSWORD=sesame expect 0 pub --redis-auth wrong \
	    "redis://:seesam@${AT}s" 7

	expect 0 pub --redis-auth hers "redis://ann@${AT}s" 8
	expect 0 pub "redis://ann:her%20own@${AT}s" 9
	same "$(REDISCLI_AUTH=seesam rcli xlen s)" 9
}

# option: cal-sub --redis-auth
# option: cal-serve --redis-auth
# option: cal-call --redis-auth
@test "the other programs take it from there, too" {
	setup_locked
	expect 0 pub --redis-auth right "${REDIS}s" 1
	expect 0 cal_sub -o beginning -c 1 --redis-auth right "${REDIS}s"
	same "$out" 1
	expect 77 cal_sub -o beginning -c 1 --redis-auth wrong "${REDIS}s"
	no_words sesame

	serve s --redis-auth hers "redis://ann@${AT}rpc" echo -- cat
	same "$URL" "${REDIS}rpc&group=cal"
	expect 0 call --redis-auth right "$URL" echo 2
	same "$out" 2
	expect 77 call --redis-auth wrong "$URL" echo 2
	no_words sesame
	expect 77 cal_serve --redis-auth wrong "${REDIS}rpc" echo -- cat
	no_words sesame
}

@test "commands see nothing of it" {
	export CAL_REDIS_PASSWORD=seesam REDISCLI_AUTH=seesam HARMLESS=1
	setup_locked
	export REDISCLI_AUTH=seesam
	serve s --text --pass-env '*' "${REDIS}rpc" env -- env
	expect 0 call --text "$URL" env -n
	contains expect.out HARMLESS=1
	no_words seesam
	expect 0 pub "${REDIS}s" 1
	expect 0 cal_sub -o beginning -c 1 --text --pass-env '*' "${REDIS}s" \
	    -- env
	contains expect.out HARMLESS=1
	no_words seesam
}

@test "a password that is wrong, or none: 77, and it is not said" {
	setup_locked
	expect 77 pub "${REDIS}s" 1
	expect 77 pub --redis-auth wrong "${REDIS}s" 1
	no_words sesame
	expect 77 pub "redis://bob:sesame@${AT}s" 1
	no_words sesame
	expect 77 pub "redis://ann:sesame@${AT}s" 1
	no_words sesame
	same "$(REDISCLI_AUTH=seesam rcli exists s)" 0
}

no_words() {
	not grep -qF "$1" expect.out expect.err
}

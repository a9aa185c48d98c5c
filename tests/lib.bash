# Helpers of the live tests: a private folder, programs in the background that
# are waited for by what they say, polls with deadlines, and a teardown that
# leaves nothing behind.
#
# CAL_BIN         where cal-serve and cal-call are (CAL_BUILD, which make sets,
#                 or the newest build folder)
# CAL_FAULTS_BIN  the same from a build with FAULTS=1
# CAL_WRAP        words put before each program, such as "valgrind -q"
# CAL_SLOW        deadlines are this many times longer (1)

bats_require_minimum_version 1.5.0

# The last command of a pipe runs in the test's own shell.
shopt -s lastpipe

TESTS=$BATS_TEST_DIRNAME
ROOT=$(cd "$TESTS/.." && pwd)
PYTHON=/usr/bin/python3
# shellcheck disable=SC2034 # for the tests
ANY='tcp://127.0.0.1:*'
ADDRESS='^(tcp|ipc|redis|redis\+unix|redis\+sentinel)://'
SLOW=${CAL_SLOW:-$([[ -n ${CAL_SAN:-} ]] && echo 4 || echo 1)}
export PYTHONDONTWRITEBYTECODE=1

is_faults() {
	[[ ${1##*/} == *fault* ]]
}

# find_build plain|faults: the newest folder of that kind, or nothing.
find_build() {
	local dir newest=
	for dir in "$ROOT"/build/*; do
		[[ -x $dir/cal-serve && -x $dir/cal-call ]] || continue
		if is_faults "$dir"; then
			[[ $1 == faults ]] || continue
		else
			[[ $1 == plain ]] || continue
		fi
		if [[ -z $newest || $dir/cal-serve -nt $newest/cal-serve ]]
		then
			newest=$dir
		fi
	done
	echo "$newest"
}
: "${CAL_BIN:=${CAL_BUILD:-$(find_build plain)}}"
if [[ -n ${CAL_FAULTS:-} ]]; then
	: "${CAL_FAULTS_BIN:=$CAL_BIN}"
fi
: "${CAL_FAULTS_BIN:=$(find_build faults)}"

# Loaded by a function, so it must be said that this is global.
declare -gA pids=()

# Every test has a folder of its own, $T; commands inherit its name in TMPDIR,
# and that is how what they leave behind is found.
setup() {
	cal_setup
}

teardown() {
	cal_teardown
}

cal_setup() {
	T=$BATS_TEST_TMPDIR
	export TMPDIR=$T
	mkfifo "$T/tick"
	cd "$T" || return
}

cal_teardown() {
	local name pid rc=0
	for name in "${!pids[@]}"; do
		stop "$name" >/dev/null || rc=1
	done
	for pid in $(leftovers); do
		echo "left behind: $(describe "$pid")"
		kill -KILL "$pid" 2>/dev/null
		rc=1
	done
	if [[ $rc != 0 || -z $BATS_TEST_COMPLETED ]]; then
		show_errors
	fi
	return $rc
}

# What the programs of this test said, for whoever reads a failure.
show_errors() {
	local file
	for file in "$T"/*.err; do
		[[ -s $file ]] || continue
		echo "--- ${file##*/}"
		tail -n 20 "$file" | cut -c 1-300
	done
}

describe() {
	echo "$1 $(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null)"
}

# Processes of this test, but for the shell itself.
leftovers() {
	local file
	TMPDIR='' grep -lzsx "TMPDIR=$T" /proc/[0-9]*/environ 2>/dev/null |
	while read -r file; do
		file=${file#/proc/}
		running "${file%%/*}" && echo "${file%%/*}"
	done
	return 0
}

# A short wait without a process: nobody ever writes to this pipe.
pause() {
	read -rt 0.02 <>"$T/tick" || :
}

milliseconds() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds.
wait_for() {
	local end=$(($(milliseconds) + $1 * 1000 * SLOW))
	local seconds=$1
	shift
	until "$@" >/dev/null 2>&1; do
		if (($(milliseconds) > end)); then
			echo "not within $seconds s: $*"
			return 1
		fi
		pause
	done
}

# running PID: it is there and no zombie.
running() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	[[ ${stat##*) } != Z* ]]
}

stopped() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	[[ ${stat##*) } == T* ]]
}

gone() {
	! running "$1"
}

has_line() {
	[[ -s $1 && $(wc -l <"$1") -ge ${2:-1} ]]
}

count_lines() {
	local n
	n=$(wc -l 2>/dev/null <"$1") || n=0
	echo "$n"
}

# contains FILE TEXT [TIMES]: in so many lines at least.
contains() {
	local n
	n=$(grep -csF -- "$2" "$1") || :
	((${n:-0} >= ${3:-1}))
}

# launch NAME COMMAND...: in the background, its pid in $PID, its words in
# $T/NAME.out and $T/NAME.err.  $T/NAME.in, if there is one, is its input.
launch() {
	local name=$1 input=/dev/null
	shift
	[[ -e $T/$name.in ]] && input=$T/$name.in
	# What stands there must not be taken for ours.
	[[ ! -f $T/$name.out ]] || rm "$T/$name.out"
	"$@" <"$input" >"$T/$name.out" 2>"$T/$name.err" 3>&- 8>&- 9>&- &
	PID=$!
	pids[$name]=$PID
}

ready() {
	has_line "$T/$1.out" || gone "${pids[$1]}"
}

# serve NAME ARG...: a cal-serve; its address is in $URL when it is ready.
# BIN, WRAP: another build, words before the program.
serve() {
	local name=$1
	shift
	# shellcheck disable=SC2086 # WRAP is a list of words
	launch "$name" ${WRAP-$CAL_WRAP} "${BIN:-$CAL_BIN}/cal-serve" -1 "$@"
	wait_for 10 ready "$name"
	if ! has_line "$T/$name.out"; then
		echo "cal-serve did not start: $*"
		cat "$T/$name.err"
		return 1
	fi
	# shellcheck disable=SC2034
	URL=$(<"$T/$name.out")
}

# A server for the other side: the Python peer.
serve_peer() {
	local name=$1
	shift
	launch "$name" "$PYTHON" "$TESTS/interop/peer.py" serve \
	    --log "$T/$name.log" "$@"
	wait_for 10 has_line "$T/$name.out"
	# shellcheck disable=SC2034
	URL=$(<"$T/$name.out")
}

# stream NAME pub|push|sub|pull ARG...: the Python peer's; its first line, which
# is its address where it has one, is in $URL.
stream() {
	local name=$1
	shift
	launch "$name" "$PYTHON" "$TESTS/interop/stream.py" "$@"
	wait_for 20 ready "$name"
	# shellcheck disable=SC2034
	URL=$(head -n 1 "$T/$name.out")
}

# cal-sub in the foreground.
cal_sub() {
	# shellcheck disable=SC2086
	timeout -s KILL $((60 * SLOW)) ${WRAP-$CAL_WRAP} \
	    "${BIN:-$CAL_BIN}/cal-sub" "$@"
}

# subscribe NAME ARG...: a cal-sub in the background; when it is ready, its
# addresses are the first lines of $T/NAME.err, and the first one is in $URL.
subscribe() {
	local name=$1
	shift
	: >"$T/$name.err"
	# shellcheck disable=SC2086
	launch "$name" ${WRAP-$CAL_WRAP} "${BIN:-$CAL_BIN}/cal-sub" -1 "$@"
	wait_for 10 subscribed "$name"
	if ! URL=$(grep -m 1 -E "$ADDRESS" "$T/$name.err"); then
		echo "cal-sub did not start: $*"
		cat "$T/$name.err"
		return 1
	fi
}

subscribed() {
	grep -qE "$ADDRESS" "$T/$1.err" || gone "${pids[$1]}"
}

# finish NAME [SECONDS]: waits for its own end; the status is in $STATUS.
finish() {
	local pid=${pids[$1]}
	wait_for "${2:-10}" gone "$pid" || return
	unset "pids[$1]"
	# shellcheck disable=SC2034
	STATUS=0
	wait "$pid" 2>/dev/null || STATUS=$?
}

# stop NAME [SIGNAL [SECONDS]]: ends it; one that stays is killed, and that is
# a failure.
stop() {
	local name=$1 pid=${pids[$1]}
	if running "$pid"; then
		kill -"${2:-TERM}" "$pid" 2>/dev/null || :
		# Only then: CONT would take back the STOP with which the
		# leak checker halts a process.
		if stopped "$pid"; then
			kill -CONT "$pid" 2>/dev/null || :
		fi
	fi
	if ! finish "$name" "${3:-15}"; then
		echo "does not end: $(describe "$pid")"
		unset "pids[$name]"
		kill -KILL "$pid"
		wait "$pid" 2>/dev/null || :
		return 1
	fi
}

# What a call needs more than a minute for is a fault of the program.
call() {
	# shellcheck disable=SC2086
	timeout -s KILL $((60 * SLOW)) ${WRAP-$CAL_WRAP} \
	    "${BIN:-$CAL_BIN}/cal-call" "$@"
}

# cal-serve in the foreground, for those that must not start.
cal_serve() {
	# shellcheck disable=SC2086
	timeout -s KILL $((20 * SLOW)) ${WRAP-$CAL_WRAP} \
	    "${BIN:-$CAL_BIN}/cal-serve" "$@"
}

# A call in the background: $T/NAME.out, finish NAME.
call_later() {
	local name=$1
	shift
	# shellcheck disable=SC2086
	launch "$name" ${WRAP-$CAL_WRAP} "${BIN:-$CAL_BIN}/cal-call" "$@"
}

# cal-pub in the foreground.
pub() {
	# shellcheck disable=SC2086
	timeout -s KILL $((60 * SLOW)) ${WRAP-$CAL_WRAP} \
	    "${BIN:-$CAL_BIN}/cal-pub" "$@"
}

# publish NAME ARG...: a cal-pub in the background, which reads $T/NAME.in; its
# first address is in $URL when it is ready.
publish() {
	local name=$1
	shift
	# shellcheck disable=SC2086
	launch "$name" ${WRAP-$CAL_WRAP} "${BIN:-$CAL_BIN}/cal-pub" -1 "$@"
	wait_for 10 ready "$name"
	if ! has_line "$T/$name.out"; then
		echo "cal-pub did not start: $*"
		cat "$T/$name.err"
		return 1
	fi
	# shellcheck disable=SC2034
	URL=$(head -n 1 "$T/$name.out")
}

raw() {
	timeout -s KILL 60 "$PYTHON" "$TESTS/interop/raw.py" "$@"
}

peer() {
	timeout -s KILL 60 "$PYTHON" "$TESTS/interop/peer.py" "$@"
}

# expect STATUS COMMAND...: its output is in $out and $err.
expect() {
	local want=$1 got=0
	shift
	"$@" >"$T/expect.out" 2>"$T/expect.err" 3>&- 8>&- 9>&- || got=$?
	out=$(tr -d '\0' <"$T/expect.out")
	err=$(tr -d '\0' <"$T/expect.err")
	[[ $got == "$want" ]] && return
	printf 'status %s, not %s: %s\n' "$got" "$want" "$*"
	printf -- '--- stdout\n%.2000s\n--- stderr\n%.2000s\n' "$out" "$err"
	return 1
}

# same GOT WANTED
same() {
	[[ $1 == "$2" ]] && return
	printf -- '--- got\n%.3000s\n--- wanted\n%.3000s\n' "$1" "$2"
	return 1
}

# stdin as hexadecimal digits, and back.
hex() {
	od -An -v -tx1 | tr -d ' \n'
}

bytes() {
	# shellcheck disable=SC2001 # the digits come in pairs
	printf %b "$(sed 's/../\\x&/g' <<<"$1")"
}

# like TEXT PATTERN: a shell pattern.
like() {
	# shellcheck disable=SC2053
	[[ $1 == $2 ]] && return
	printf -- '--- got\n%.3000s\n--- wanted, as a pattern\n%s\n' "$1" "$2"
	return 1
}

# between LOW NUMBER HIGH: milliseconds; the upper end is a deadline, too.
between() {
	(($1 <= $2 && $2 <= $3 * SLOW)) && return
	echo "$2 is not between $1 and $3"
	return 1
}

# spent COMMAND...: runs it; $MS is how long it took.
spent() {
	local start rc=0
	start=$(milliseconds)
	"$@" || rc=$?
	# shellcheck disable=SC2034
	MS=$(($(milliseconds) - start))
	return $rc
}

fds() {
	local all=("/proc/$1/fd"/*)
	echo "${#all[@]}"
}

# Resident kibibytes.
rss() {
	# Read at once: the shell would seek in it, and each time it is written
	# anew, maybe with other lengths.
	awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"
}

children() {
	local file
	for file in "/proc/$1/task"/*/children; do
		cat "$file" || :
	done 2>/dev/null
}

has_no_children() {
	[[ -z $(children "$1" | tr -d ' \n') ]]
}

assert_no_children() {
	wait_for "${2:-5}" has_no_children "$1" && return
	local pid
	for pid in $(children "$1"); do
		describe "$pid"
	done
	return 1
}

has_fds() {
	(($(fds "$1") <= $2))
}

# assert_fds PID COUNT: not more than before, soon.
assert_fds() {
	wait_for 10 has_fds "$1" "$2" && return
	echo "$(fds "$1") descriptors, not $2:"
	ls -l "/proc/$1/fd"
	return 1
}

# The counters of a running server, as its last line of JSON.
counters() {
	local before
	before=$(grep -c '^{' "$T/$1.err" || :)
	kill -USR1 "${pids[$1]}"
	wait_for 5 more_json "$1" "$before"
	grep '^{' "$T/$1.err" | tail -n 1
}

more_json() {
	(($(grep -c '^{' "$T/$1.err") > $2))
}

# counter NAME MEMBER
counter() {
	counters "$1" | jq -r ".$2"
}

counter_reaches() {
	(($(counter "$1" "$2") >= $3))
}

# queued NAME COUNT: so many requests stand in the queues of a server.
queued() {
	[[ $(counter "$1" waiting) == "$2" ]]
}

need_faults() {
	if [[ ! -x $CAL_FAULTS_BIN/cal-serve ]]; then
		skip "no build with FAULTS=1: set CAL_FAULTS_BIN"
	fi
	# shellcheck disable=SC2034
	BIN=$CAL_FAULTS_BIN
}

need_ptrace() {
	if ! strace -o /dev/null true 2>/dev/null; then
		skip "strace cannot trace here"
	fi
	# The leak checker traces, too; it cannot do so under strace.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
}

# A gate: a command that does `read x <gate` stands there until release lets
# it through.  The descriptor stays open, so that nobody sees an end of file.
make_gate() {
	mkfifo "$T/gate"
	exec 8<>"$T/gate"
}

release() {
	local n
	for ((n = 0; n < ${1:-1}; n++)); do
		echo >&8
	done
}

# slow SECONDS: a time that is also enough where everything is slow.
slow() {
	jq -n "$1 * $SLOW"
}

# asan: is memory watched, by the sanitizer or by valgrind, and so not flat?
asan() {
	[[ -n ${CAL_WRAP-} ]] || grep -qa __asan_init "${BIN:-$CAL_BIN}/cal-serve"
}

# bash does not count "! command" as a failure; this does.
not() {
	if "$@"; then
		echo "succeeded: $*"
		return 1
	fi
}

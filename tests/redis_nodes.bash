# Several Redis of a test's own, each with a name and a port of 127.0.0.1, for
# the tests that have more than one; redis.bash is loaded, too.

declare -gA port=()

# redis NAME WORD...: a Redis, which answers when this returns; on the same port
# as before if it was there before.
redis() {
	local name=$1 try
	shift
	mkdir -p "$T/$name.d"
	for try in 1 2 3; do
		: "${port[$name]:=$(free_port)}"
		launch "$name" redis-server --port "${port[$name]}" \
		    --bind 127.0.0.1 --save '' --dir "$T/$name.d" \
		    --repl-diskless-sync-delay 0 "$@"
		wait_for 20 answers_or_gone "$name"
		running "${pids[$name]}" && return
		unset "pids[$name]" "port[$name]"
	done
	tail -n 5 "$T/$name.out"
	return 1
}

# on NAME WORD...: redis-cli there.
on() {
	local name=$1
	shift
	redis-cli -p "${port[$name]}" --raw "$@"
}

answers_or_gone() {
	[[ $(on "$1" ping 2>&1) =~ ^(PONG|NOAUTH) ]] || gone "${pids[$1]}"
}

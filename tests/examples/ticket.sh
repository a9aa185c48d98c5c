#!/bin/sh
# A worker for `cal-serve --text --coprocess lines`.
#
# IFS= and -r keep a line as it is, and printf prints it as it is; echo may not.
# A command in the loop that reads its input would eat the next requests: give
# it </dev/null.  What is not the answer goes to stderr, >&2, and from there
# into the log of cal-serve.
number=0
while IFS= read -r line; do
	number=$((number + 1))
	printf '%s has number %d\n' "$line" "$number"
done

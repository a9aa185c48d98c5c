#!/bin/sh
# A worker for `cal-serve --text --coprocess lines`: "NAME NUMBER" adds to the
# sum of NAME and is answered with it.
#
# -W interactive is for mawk, Debian's awk: without it, mawk waits for 4 KiB of
# input, whatever is flushed here.  gawk and busybox say that they ignore it;
# the awk of BSD and macOS has to be called without it.
exec awk -W interactive '
{
	sum[$1] += $2
	print $1, sum[$1]
	fflush()
}'

#!/bin/bash
# Runs an example, and compares what it prints with what the comment at the head of its source promises: the lines
# that are indented by five blanks.
#
#   expect.sh SOURCE COMMAND [ARGUMENT...]
set -eu
[ "$#" -ge 2 ] || { echo "usage: expect.sh SOURCE COMMAND [ARGUMENT...]" >&2; exit 2; }
source=$1
shift
expected=$(sed -nE '/^(\/\*| \*|\/\/)/!q; s/^( \*|\/\/)     //p' "$source")
[ -n "$expected" ] || { echo "expect.sh: $source promises nothing" >&2; exit 2; }
status=0
actual=$("$@") || status=$?
if [ "$actual" != "$expected" ] || [ "$status" -ne 0 ]; then
    printf 'expect.sh: it ended with %s; what it promises (<) and prints (>):\n' "$status"
    diff <(printf '%s\n' "$expected") <(printf '%s\n' "$actual") || true
    exit 1
fi
printf '%s\n' "$actual"

#!/bin/bash
# Sums up what the test programs of one run of ctest said: each writes "N passed, M failed, K skipped" last.
#
#   cases.sh BUILD   prints: programs passed failed skipped. BUILD is ctest's directory.
set -eu
awk '
    /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { programs++; passed += $1; failed += $3; skipped += $5 }
    END { print programs + 0, passed + 0, failed + 0, skipped + 0 }
' "$1/Testing/Temporary/LastTest.log"

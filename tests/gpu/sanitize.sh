#!/bin/sh
# The tests of the CUDA engine under a tool of compute-sanitizer: sanitize.sh memcheck|racecheck|initcheck GPU_TESTS
set -eu
tool=$1 program=$2
sanitizer=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
[ -x "$sanitizer" ] || { echo "skipped: there is no compute-sanitizer"; exit 0; }
"$program" --test-suite=gpu/engine --no-intro | grep -q "skipped:" && { echo "skipped: there is no CUDA device"; exit 0; }
exec "$sanitizer" --tool "$tool" --error-exitcode 1 "$program" --test-suite=gpu/engine --no-intro

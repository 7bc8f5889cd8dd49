#!/bin/sh
# usage: docs/results/memory.sh [STEPS]     trains a small model for STEPS steps (2,000), reads the resident memory of the process once a second, and prints
# it at the quarters of the run and its slope by least squares over the last three.
set -eu
cd "$(dirname "$0")/../.."
steps=${1:-2000}
./tinyzero --version >/dev/null  # builds, if it must
rm -rf runs/memory
build/tinyzero-train train tests/integration/small.yaml train.steps="$steps" checkpoint.every=200 checkpoint.keep=2 eval.every=200 \
  --run runs/memory >/dev/null 2>&1 &
pid=$!
while kill -0 $pid 2>/dev/null; do
  step=$(tail -n 1 runs/memory/metrics.jsonl 2>/dev/null | sed -n 's/^{"step":\([0-9]*\).*/\1/p')
  memory=$(awk '/VmRSS/ {print $2}' /proc/$pid/status 2>/dev/null || true)
  if [ "${step:-0}" -gt 0 ] && [ -n "$memory" ]; then echo "$step $memory"; fi
  sleep 1
done | awk -v steps="$steps" '
  { step[NR] = $1; kib[NR] = $2 }
  END {
    for (q = 1; q <= 4; ++q) {
      for (i = 1; i < NR && step[i] < q * steps / 4; ++i) {}
      printf "step %d: %.1f MB\n", step[i], kib[i] * 1024 / 1e6
    }
    for (i = 1; i <= NR; ++i) if (step[i] >= steps / 4) { n++; x += step[i]; y += kib[i]; xx += step[i] ^ 2; xy += step[i] * kib[i] }
    printf "slope: %.3f KB a step\n", (n * xy - x * y) / (n * xx - x * x) * 1.024
  }'
wait $pid
rm -rf runs/memory

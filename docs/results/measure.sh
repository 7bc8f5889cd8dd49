#!/bin/sh
# usage: docs/results/measure.sh NAME [SEED…]     trains configs/NAME.yaml with each seed, then writes and prints what docs/results.md says.
# A seed whose run is there already goes on from its last checkpoint; delete runs/NAME-seed-* to measure afresh.
set -eu
cd "$(dirname "$0")/../.."
name=$1
shift
[ $# -gt 0 ] || set -- 1 2 3
for seed in "$@"; do
  run=runs/$name-seed-$seed
  if [ -d "$run" ]; then ./tinyzero train --resume "$run"; else ./tinyzero train "configs/$name.yaml" "seed=$seed" --run "$run"; fi
done
python3 docs/results/summarize.py "$name" "$@"

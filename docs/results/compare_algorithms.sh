#!/bin/sh
# usage: docs/results/compare_algorithms.sh [SEED…]     trains every algorithm on configs/countdown-algorithms.yaml, from one start a seed, then prints the
# table of docs/algorithms.md and writes its records.
# What is there already is not done again; delete runs/algorithms to measure afresh. TINYZERO: the program, ./tinyzero if not set.
set -eu
cd "$(dirname "$0")/../.."
tinyzero=${TINYZERO:-./tinyzero}
[ $# -gt 0 ] || set -- 1 2 3
runs=runs/algorithms
for seed in "$@"; do
  start=$runs/start-seed-$seed
  [ -d "$start" ] || "$tinyzero" train configs/countdown-persistence.yaml "seed=$seed" train.steps=0 --run "$start"
  for name in ppo grpo dr_grpo rloo reinforce_pp dapo gspo cispo prime; do
    run=$runs/$name-seed-$seed
    case $name in
      ppo | prime) algorithm="{use: $name}" ;;
      *) algorithm="{use: grpo, variant: $name}" ;;
    esac
    if grep -qs '  done  ' "$run/log.txt"; then continue; fi
    if [ -d "$run" ]; then "$tinyzero" train --resume "$run"; else
      "$tinyzero" train configs/countdown-algorithms.yaml "seed=$seed" "model.path=$start/checkpoints/step-000000" "algorithm=$algorithm" --run "$run"
    fi
  done
done
python3 docs/results/summarize_algorithms.py "$@"

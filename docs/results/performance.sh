#!/bin/sh
# usage: docs/results/performance.sh     measures what docs/performance.md says: one JSON object a line into
# docs/results/performance.jsonl, then the tables. Nothing else should run meanwhile. Takes ten minutes on two Zen 5 cores.
set -eu
cd "$(dirname "$0")/../.."
out=docs/results/performance.jsonl
: > "$out"
bench() {  # SECTION and the arguments of bench
  section=$1
  shift
  ./tinyzero bench "$@" --json | sed "s/^{/{\"section\":\"$section\",/" >> "$out"
}
for work in rollout train; do
  bench models $work --model 1M --rounds 3
  bench models $work --model 5M --rounds 3
  bench models $work --model 30M --prompts $([ $work = rollout ] && echo 64 || echo 16) --rounds 3
  bench peers $work --model 1M --prompts 32 --rounds 3 --peers
  bench peers $work --model 5M --prompts 16 --rounds 2 --peers
  bench peers $work --model 30M --prompts 8 --rounds 2 --peers
done
bench models step --model 5M --rounds 3 --profile
for work in rollout train; do
  bench kernels $work --model 1M --rounds 3
  bench kernels $work --model 1M --rounds 3 --precision f32
  TINYZERO_CPU=avx2 bench kernels $work --model 1M --rounds 3
  TINYZERO_CPU=scalar bench kernels $work --model 1M --prompts 4 --rounds 3
done
for tokens in 50 100 200 400; do
  bench lengths rollout --prompts 32 --rounds 3 --mean-tokens $tokens --max-tokens $tokens
  bench lengths train --prompts 32 --rounds 3 --mean-tokens $tokens --max-tokens $tokens
done
for samples in 1 2 4 8 16; do
  bench samples rollout --prompts $((256 / samples)) --samples $samples --rounds 3 --mean-tokens 100 --max-tokens 100
  bench samples train --prompts $((256 / samples)) --samples $samples --rounds 3 --mean-tokens 100 --max-tokens 100
done
for threads in 1 2; do
  bench threads rollout --rounds 3 --threads $threads
  bench threads train --prompts 32 --rounds 3 --threads $threads
done
bench start start
python3 docs/results/summarize_performance.py "$out"

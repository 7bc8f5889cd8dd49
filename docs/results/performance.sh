#!/bin/sh
# usage: docs/results/performance.sh     measures what docs/performance.md says: one JSON object a line into
# docs/results/performance.jsonl, then the tables. Nothing else should run meanwhile.
set -eu
cd "$(dirname "$0")/../.."
out=docs/results/performance.jsonl
: > "$out"
bench() { ./tinyzero bench "$@" --json >> "$out"; }
bench rollout --model 1M --prompts 4 --rounds 3 --peers
bench rollout --model 5M --prompts 16 --rounds 3
bench rollout --model 30M --prompts 3 --rounds 2
bench train --model 1M --prompts 4 --rounds 3 --peers
bench train --model 5M --prompts 4 --rounds 3
bench train --model 30M --prompts 1 --rounds 2
bench step --model 5M --prompts 8 --rounds 3 --profile
for tokens in 50 100 200 400; do
  bench rollout --prompts 8 --rounds 3 --mean-tokens $tokens --max-tokens $tokens
  bench train --prompts 4 --rounds 3 --mean-tokens $tokens --max-tokens $tokens
done
for samples in 1 2 4 8 16; do
  bench rollout --prompts $((64 / samples)) --samples $samples --rounds 3 --mean-tokens 100 --max-tokens 100
  bench train --prompts $((64 / samples)) --samples $samples --rounds 3 --mean-tokens 100 --max-tokens 100
done
for threads in 1 2; do
  bench rollout --prompts 8 --rounds 3 --threads $threads
  bench train --prompts 8 --rounds 3 --threads $threads
done
bench start
python3 docs/results/summarize_performance.py "$out"

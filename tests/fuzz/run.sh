#!/bin/sh
# Fuzzes the verifiers, the readers of plugin files, of experiments, of JSON, of tokenizers, of chat templates and of model folders, and the worker protocol, under AddressSanitizer and UndefinedBehaviorSanitizer.
# usage: tests/fuzz/run.sh FOLDER PLUGIN [SECONDS [SEED]]      SECONDS: for each target, 5 if not given; SEED: of the mutations, another one each time if not
# given; needs clang++ with libFuzzer
set -eu
folder=$1 plugin=$2 seconds=${3:-5} seed=${4:-0}
mkdir -p "$folder"
clang=$(command -v clang++-19 || command -v clang++ || true)
if [ -z "$clang" ] || ! echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
  "$clang" -fsanitize=fuzzer,address,undefined -x c++ - -o "$folder/probe" 2>/dev/null; then
  echo "skipped: no clang++ with libFuzzer"
  exit 0
fi

flags="-std=c++20 -O1 -Wno-deprecated-declarations -gline-tables-only -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I. -Isdk/include"

# What several targets need, compiled once.
mkdir -p "$folder/base"
for file in error told_error file json utf8 foreign_text suggest cpus cgroup; do echo "$file"; done |
  xargs -P 2 -I NAME "$clang" $flags -c core/base/NAME.cpp -o "$folder/base/NAME.o"
rm -f "$folder/base.a"
ar rcs "$folder/base.a" "$folder"/base/*.o

# build TARGET SOURCE… FLAG…
build() {
  target=$1
  shift
  "$clang" $flags "$@" "$folder/base.a" -lfmt -o "$folder/$target"
}
build countdown tests/fuzz/verifier.cpp tasks/countdown/demonstrations.cpp tasks/countdown/search.cpp tasks/countdown/tinyzero_scorer.cpp tasks/countdown/python_value.cpp \
  -DTASK_SOURCE='"tasks/countdown/countdown.cpp"' -DTASK_CLASS=tinyzero::countdown::Countdown &
first=$!
(build arithmetic tests/fuzz/verifier.cpp -DTASK_SOURCE='"tasks/arithmetic/arithmetic.cpp"' -DTASK_CLASS=tinyzero::arithmetic::Arithmetic
build multiplication tests/fuzz/verifier.cpp -DTASK_SOURCE='"tasks/multiplication/multiplication.cpp"' \
  -DTASK_CLASS=tinyzero::multiplication::Multiplication) &
second=$!
build elf tests/fuzz/elf.cpp core/plugin/elf.cpp
build yaml tests/fuzz/yaml.cpp core/config/document.cpp core/config/experiment.cpp core/config/reader.cpp core/config/synonyms.cpp core/config/synonym_table.cpp -lyaml-cpp
build tokenizer tests/fuzz/tokenizer.cpp core/text/tokenizer.cpp core/text/tokenizer_file.cpp core/text/pattern.cpp core/text/oniguruma.cpp core/text/normalizer.cpp \
  core/text/pre_tokenizer.cpp core/text/added_tokens.cpp core/text/bpe.cpp core/text/decoder.cpp -lpcre2-8 -lutf8proc
for file in core/text/jinja/*.cpp; do echo "#include \"$file\""; done >"$folder/jinja.cpp" # in one piece it compiles in a sixth of the time
build chat_template tests/fuzz/chat_template.cpp "$folder/jinja.cpp" -lutf8proc
build safetensors tests/fuzz/safetensors.cpp core/model/safetensors.cpp core/model/dtype.cpp
build model_config tests/fuzz/model_config.cpp core/model/config.cpp core/model/dtype.cpp core/model/parameters.cpp core/model/rope.cpp
build wire tests/fuzz/wire.cpp core/plugin/task_limits.cpp core/plugin/worker/region.cpp core/plugin/worker/wire.cpp
build json tests/fuzz/json.cpp
wait "$first"
wait "$second"

for target in countdown arithmetic multiplication elf wire json yaml tokenizer chat_template safetensors model_config; do
  dictionary=tests/fuzz/answers.dict
  case $target in
    json | yaml | tokenizer | chat_template) dictionary=tests/fuzz/$target.dict ;;
    safetensors | model_config) dictionary=tests/fuzz/model.dict ;;
  esac
  mkdir -p "$folder/corpus-$target"
  if [ "$target" = tokenizer ]; then split -l 2 tests/fuzz/tokenizer.seeds "$folder/corpus-tokenizer/seed-"; fi
  FUZZ_PLUGIN=$plugin "$folder/$target" -seed="$seed" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -max_len=8192 -dict="$dictionary" \
    -artifact_prefix="$folder/$target-" -print_final_stats=1 "$folder/corpus-$target" >"$folder/$target.log" 2>&1 || {
    tail -40 "$folder/$target.log"
    exit 1
  }
  echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$target.log") inputs in $seconds s, no finding"
done

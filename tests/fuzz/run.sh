#!/bin/sh
# Fuzzes the verifiers, the readers of plugin and data files, experiments, JSON, tokenizers, chat templates and model folders, and the worker protocol, under
# AddressSanitizer and UndefinedBehaviorSanitizer.
# usage: tests/fuzz/run.sh FOLDER PLUGIN [SECONDS [SEED]]
#   SECONDS  for each target, 5 by default
#   SEED     of the mutations; another one each time by default
# Needs clang++ with libFuzzer. With ccache, what has not changed is not compiled again.
set -eu
folder=$1 plugin=$2 seconds=${3:-5} seed=${4:-0}
mkdir -p "$folder"
clang=$(command -v clang++-19 || command -v clang++ || true)
if [ -z "$clang" ] || ! echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
  "$clang" -fsanitize=fuzzer,address,undefined -x c++ - -o "$folder/probe" 2>/dev/null; then
  echo "skipped: no clang++ with libFuzzer"
  exit 0
fi
cache=$(command -v ccache || true)
flags="-std=c++20 -O1 -Wno-deprecated-declarations -gline-tables-only -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I. -Isdk/include"

# unit NAME SOURCE… -- FLAG…: an object of all these sources in one piece, which compiles several times faster than each by itself.
unit() {
  name=$1
  shift
  for source; do
    shift
    [ "$source" != -- ] || break
    echo "#include \"$source\""
  done >"$folder/$name.cpp"
  $cache "$clang" $flags "$@" -c "$folder/$name.cpp" -o "$folder/$name.o"
}
# target NAME OBJECT… LIBRARY…
target() {
  name=$1
  shift
  (cd "$folder" && "$clang" -fsanitize=fuzzer,address,undefined "$@" -lfmt -o "$name")
}
verifier() {
  id=$1 class=$2
  shift 2
  unit "$id" tests/fuzz/verifier.cpp "$@" -- -DTASK_SOURCE="\"tasks/$id/$id.cpp\"" -DTASK_CLASS="tinyzero::$id::$class"
}
in_folder() {
  path=$1
  shift
  for file; do echo "$path/$file.cpp"; done
}

unit base $(in_folder core/base error told_error file json utf8 foreign_text suggest cpus cgroup) --
(
  verifier countdown Countdown $(in_folder tasks/countdown demonstrations problem python_value search settings tinyzero_scorer traits)
  verifier arithmetic Arithmetic
  verifier multiplication Multiplication
  unit elf tests/fuzz/elf.cpp core/plugin/elf.cpp --
  unit yaml tests/fuzz/yaml.cpp $(in_folder core/config node yaml document overrides sections reader experiment python_name synonyms synonym_table) --
  unit json tests/fuzz/json.cpp --
) &
first=$!
unit jinja core/text/jinja/*.cpp --
unit chat_template tests/fuzz/chat_template.cpp --
unit tokenizer tests/fuzz/tokenizer.cpp $(in_folder core/text tokenizer tokenizer_file tokenizer_json pattern oniguruma pre_tokenizer added_tokens bpe decoder) --
unit dataset tests/fuzz/dataset.cpp tasks/dataset/exact.cpp tasks/dataset/number.cpp tasks/dataset/choice.cpp tasks/dataset/regex.cpp tasks/dataset/math.cpp --
unit dataset_parts $(in_folder tasks/dataset find grade normal_text) $(in_folder tasks/dataset/math algebra compare estimate numeral plain_math reader sum words) --
unit data_files tests/fuzz/data_files.cpp $(in_folder tasks/dataset content csv_records json_records record records normal_text) --
unit normalizer core/text/normalizer.cpp --
unit safetensors tests/fuzz/safetensors.cpp $(in_folder core/model safetensors dtype) --
unit model_config tests/fuzz/model_config.cpp $(in_folder core/model config dtype parameters rope) --
unit wire tests/fuzz/wire.cpp core/plugin/task_limits.cpp $(in_folder core/plugin/worker region wire) --
wait "$first"
for name in countdown arithmetic multiplication elf json safetensors model_config wire; do target $name $name.o base.o; done
target yaml yaml.o base.o -lyaml-cpp
target tokenizer tokenizer.o normalizer.o base.o -lpcre2-8 -lutf8proc
target chat_template chat_template.o jinja.o base.o -lutf8proc

target dataset dataset.o dataset_parts.o -lre2 -lutf8proc
target data_files data_files.o -lz -lzstd -lutf8proc

# fuzz TARGET…
fuzz() {
  for name; do
    dictionary=tests/fuzz/answers.dict
    case $name in
      json | yaml | tokenizer | chat_template) dictionary=tests/fuzz/$name.dict ;;
      safetensors | model_config) dictionary=tests/fuzz/model.dict ;;
      dataset | data_files) dictionary=tests/fuzz/dataset.dict ;;
    esac
    mkdir -p "$folder/corpus-$name"
    if [ "$name" = tokenizer ]; then split -l 2 tests/fuzz/tokenizer.seeds "$folder/corpus-tokenizer/seed-"; fi
    FUZZ_PLUGIN=$plugin "$folder/$name" -seed="$seed" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -max_len=8192 -dict="$dictionary" \
      -artifact_prefix="$folder/$name-" -print_final_stats=1 "$folder/corpus-$name" >"$folder/$name.log" 2>&1 || {
      tail -40 "$folder/$name.log"
      return 1
    }
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log") inputs in $seconds s, no finding"
  done
}
fuzz countdown arithmetic multiplication elf wire json data_files &
first=$!
fuzz yaml tokenizer chat_template safetensors model_config dataset
wait "$first"

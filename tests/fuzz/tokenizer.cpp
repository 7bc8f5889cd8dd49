// libFuzzer target: tokenizer.json files and texts. A finding is a crash, a sanitizer's report, a
// hang, too much memory, an exception that is no Error, an id outside of the vocabulary, or a
// stream that shows another text than decoding all at once.
//
// The first line is a text, and the rest a tokenizer.json; also members of one, beside others that
// are right, since a whole one is rarely met by chance.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/tokenizer.h"

namespace {

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

const char* kModel =
    R"("model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "Ġ": 3, "Ġa": 4, "Ã": 5, "©": 6,
  "é": 7, "1": 8, "Ċ": 9}, "merges": ["a b", ["Ġ", "a"]], "unk_token": "a"})";
const char* kRest = R"("pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"})";

void read(const std::string& text, const std::string& file) {
  try {
    const tinyzero::Tokenizer t = tinyzero::Tokenizer::parse(file, "x");
    for (const auto& ids : {t.encode(text), t.encode_prompt(text)}) {
      for (const std::int32_t id : ids)
        require(id >= 0 && id < t.size(), "ids are in the vocabulary");
      tinyzero::TextStream stream = t.stream();
      std::string shown;
      for (const std::int32_t id : ids) {
        const std::string more = stream.push(id);
        require(tinyzero::is_utf8(more), "a stream shows whole characters");
        shown += more;
      }
      require(shown + stream.finish() == tinyzero::replace_invalid(t.decode(ids)),
              "a stream shows what decoding gives");
    }
  } catch (const tinyzero::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), input.size());
  const std::string text = input.substr(0, line),
                    rest = line < input.size() ? input.substr(line + 1) : "";
  read(text, rest);
  read(text, "{" + rest + "," + kModel + "," + kRest + "}");
  read(text, "{" + rest + "," + kModel + "}");
  read(text, "{" + rest + "," + kRest + "}");
  return 0;
}

// Token ids of a line: as they are given, or those of a text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/cli/json_lines.h"
#include "core/text/tokenizer.h"

namespace tinyzero {

// A folder's tokenizer, read when it is first needed: ids need none.
class LazyTokenizer {
 public:
  explicit LazyTokenizer(fs::path folder) : folder_(std::move(folder)) {}

  // Throws Error if the tokenizer cannot be read.
  const Tokenizer& get();

  // The text of ids; null if the tokenizer cannot be read.
  Json try_decode(const std::vector<std::int32_t>& ids);

 private:
  fs::path folder_;
  std::optional<Tokenizer> tokenizer_;
  bool failed_ = false;
};

// The field "ids" of a line. Throws Error for what is not a list of token ids.
std::vector<std::int32_t> given_ids(const JsonLine& line);

// The field "ids", or else the ids of the text in the field `text_field`. Throws Error if the line
// has neither.
std::vector<std::int32_t> ids_of(const JsonLine& line, const char* text_field,
                                 LazyTokenizer& tokenizer);

}  // namespace tinyzero

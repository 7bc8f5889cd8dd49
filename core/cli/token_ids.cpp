#include "core/cli/token_ids.h"

#include <limits>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace tinyzero {

const Tokenizer& LazyTokenizer::get() {
  if (!tokenizer_) tokenizer_ = Tokenizer::load(folder_);
  return *tokenizer_;
}

Json LazyTokenizer::try_decode(const std::vector<std::int32_t>& ids) {
  if (!tokenizer_ && !failed_) {
    try {
      tokenizer_ = Tokenizer::load(folder_);
    } catch (const Error&) {
      failed_ = true;
    }
  }
  return tokenizer_ ? Json(replace_invalid(tokenizer_->decode(ids))) : Json();
}

std::vector<std::int32_t> given_ids(const JsonLine& line) {
  const Json& list = line.object.at("ids");
  if (!list.is_array()) throw Error(line.where() + ": \"ids\" is not a list of token ids");
  std::vector<std::int32_t> ids;
  for (const Json& id : list) {
    if (!id.is_number_integer() || id < 0 || id > std::numeric_limits<std::int32_t>::max())
      throw Error(line.where() + ": \"ids\" holds " + json_line(id).substr(0, 80) +
                  ", which is no token id");
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

std::vector<std::int32_t> ids_of(const JsonLine& line, const char* text_field,
                                 LazyTokenizer& tokenizer) {
  if (line.object.contains("ids")) return given_ids(line);
  if (line.object.contains(text_field)) {
    return tokenizer.get().encode_prompt(
        required_field<std::string>(line.object, text_field, line.where()));
  }
  throw Error(line.where() + " has neither \"ids\" nor \"" + std::string(text_field) + "\"");
}

}  // namespace tinyzero

#include "core/text/tokenizer_file.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/lfs_pointer.h"

namespace tinyzero {
namespace {

constexpr std::size_t kDeepest = 32;  // real files nest 8 deep

// Receives the file while it is parsed.
class Reader : public nlohmann::json_sax<TokenizerJson> {
 public:
  Reader(TokenizerFile& file, std::string_view text, const std::string& where)
      : file_(file), text_(text), where_(where) {}

  bool null() override { return value(nullptr); }
  bool boolean(bool v) override { return value(v); }
  bool number_integer(std::int64_t v) override { return integer(v); }
  bool number_unsigned(std::uint64_t v) override {
    return integer(std::min<std::uint64_t>(v, INT64_MAX));
  }
  bool number_float(double v, const std::string&) override { return value(v); }
  bool binary(TokenizerJson::binary_t&) override { return value(nullptr); }

  bool string(std::string& v) override {
    if (section_ != Section::merges) return value(std::move(v));
    if (in_pair_) {
      pair_.push_back(std::move(v));
      return true;
    }
    const std::size_t space = v.find(' ');
    if (space == std::string::npos || v.find(' ', space + 1) != std::string::npos)
      refuse_merge("\"" + v + "\"");
    file_.merges.emplace_back(v.substr(0, space), v.substr(space + 1));
    return true;
  }

  bool key(std::string& v) override {
    key_ = std::move(v);
    return true;
  }

  bool start_object(std::size_t) override {
    if (section_ == Section::rest && in_model() && key_ == "vocab") {
      if (!file_.vocab.empty()) refuse_twice();
      section_ = Section::vocab;
      return true;
    }
    return open(TokenizerJson::object());
  }

  bool end_object() override {
    if (section_ == Section::vocab) section_ = Section::rest;
    else stack_.pop_back();
    return true;
  }

  bool start_array(std::size_t) override {
    if (section_ == Section::merges) {
      if (in_pair_) refuse_merge("an array in an array");
      in_pair_ = true;
      pair_.clear();
      return true;
    }
    if (section_ == Section::rest && in_model() && key_ == "merges") {
      if (!file_.merges.empty()) refuse_twice();
      section_ = Section::merges;
      return true;
    }
    return open(TokenizerJson::array());
  }

  bool end_array() override {
    if (section_ != Section::merges) {
      stack_.pop_back();
    } else if (in_pair_) {
      if (pair_.size() != 2) refuse_merge("an array of " + std::to_string(pair_.size()));
      file_.merges.emplace_back(std::move(pair_[0]), std::move(pair_[1]));
      in_pair_ = false;
    } else {
      section_ = Section::rest;
    }
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    throw Error(where_ + " is not valid JSON: " + json_fault(text_, position));
  }

 private:
  enum class Section { rest, vocab, merges };

  struct Frame {
    TokenizerJson* json;
    std::string name;  // its key
  };

  bool in_model() const { return stack_.size() == 2 && stack_[1].name == "model"; }

  bool integer(std::int64_t v) {
    if (section_ != Section::vocab) return value(v);
    file_.vocab.emplace_back(key_, v);
    return true;
  }

  bool value(TokenizerJson v) {
    if (section_ == Section::vocab)
      throw Error(where_ + ": the id of token \"" + key_ + "\" is not an integer");
    if (section_ == Section::merges) refuse_merge(v.dump());
    add(std::move(v));
    return true;
  }

  TokenizerJson& add(TokenizerJson v) {
    if (stack_.empty()) return file_.rest = std::move(v);
    TokenizerJson& top = *stack_.back().json;
    if (top.is_object()) {
      if (top.contains(key_)) refuse_twice();
      return top[key_] = std::move(v);
    }
    top.push_back(std::move(v));
    return top.back();
  }

  bool open(TokenizerJson v) {
    if (section_ == Section::vocab)
      throw Error(where_ + ": the id of token \"" + key_ + "\" is not an integer");
    if (section_ == Section::merges) refuse_merge("an object");
    if (stack_.size() == kDeepest)
      throw Error(where_ + " is nested more than " + std::to_string(kDeepest) + " deep");
    std::string name = key_;
    TokenizerJson& added = add(std::move(v));
    stack_.push_back({&added, std::move(name)});
    return true;
  }

  [[noreturn]] void refuse_twice() const {
    throw Error(where_ + ": \"" + key_ + "\" appears twice", "the file is damaged");
  }

  [[noreturn]] void refuse_merge(const std::string& what) const {
    throw Error(where_ + ": merge " + std::to_string(file_.merges.size() + 1) + " is " + what +
                ", not two tokens");
  }

  TokenizerFile& file_;
  std::string_view text_;
  const std::string& where_;
  Section section_ = Section::rest;
  bool in_pair_ = false;
  std::vector<std::string> pair_;
  std::string key_;
  std::vector<Frame> stack_;
};

}  // namespace

TokenizerFile parse_tokenizer_file(std::string_view text, const std::string& where) {
  refuse_lfs_pointer(text, where);
  TokenizerFile file;
  Reader reader(file, text, where);
  TokenizerJson::sax_parse(text, &reader);
  if (!file.rest.is_object()) throw Error(where + " is not a JSON object");
  return file;
}

}  // namespace tinyzero

// Byte pair encoding: of all neighbouring pairs, merge the one of lowest rank (the leftmost of
// equals) until no pair can be merged.
//
// The vocabulary of a byte-level tokenizer is kept in bytes, not in the printable symbols that the
// file writes for them. Time is n log n in the length of a piece.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tinyzero {

struct TokenizerFile;

// The printable character for a byte in byte-level vocabularies (GPT-2's table): printable bytes
// map to themselves, the others to U+0100 and up in their order.
std::string byte_symbol(int byte);

// The bytes for a token's symbols; nothing if it holds a character that is not a byte symbol.
std::optional<std::string> symbols_to_bytes(std::string_view token);

class Bpe {
 public:
  Bpe() = default;
  // Reads the file's "model", vocabulary and merges. Throws Error that begins with `where` for what
  // is not supported or contradicts itself.
  Bpe(const TokenizerFile& file, bool byte_level, const std::string& where);

  bool byte_fallback() const { return byte_fallback_; }

  // Encodes pieces one after the other and caches short ones. For one thread; the Bpe must outlive
  // the encoder.
  class Encoder {
   public:
    explicit Encoder(const Bpe& bpe) : bpe_(bpe) {}
    void encode(std::string_view piece, std::vector<std::int32_t>& out);

    // Number of pairs looked up so far, which the time is proportional to.
    std::uint64_t lookups() const { return lookups_; }

   private:
    struct Symbol {
      std::int32_t id;        // -1 once it is merged into its left neighbour
      std::int32_t previous;  // index of the left neighbour, -1 at the end
      std::int32_t next;      // index of the right neighbour, -1 at the end
    };
    void begin(const std::vector<std::int32_t>& ids, std::size_t start);
    void merge_best();
    void merge(std::string_view piece, std::vector<std::int32_t>& out);
    void propose(std::int32_t left);

    const Bpe& bpe_;
    std::unordered_map<std::string, std::vector<std::int32_t>> known_;
    std::vector<Symbol> symbols_;
    std::vector<std::uint64_t> heap_;  // rank, then index of the left symbol; smallest on top
    std::uint64_t lookups_ = 0;
  };

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct PairHash {
    std::size_t operator()(std::uint64_t pair) const {
      return (pair * 0x9E3779B97F4A7C15ull) >> 20;
    }
  };

  std::int32_t id_of(std::string_view token) const;
  void add_vocabulary(const TokenizerFile& file);
  void add_byte_tokens(const std::string& where);
  void set_unknown(const TokenizerFile& file, const std::string& where);
  void add_merges(const TokenizerFile& file, const std::string& where);
  void symbols_of(std::string_view piece, std::vector<std::int32_t>& ids) const;

  bool byte_level_ = true;
  bool byte_fallback_ = false;
  bool ignore_merges_ = false;
  bool fuse_unknown_ = false;
  std::int32_t unknown_ = -1;
  // By text, or by bytes in a byte-level vocabulary.
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> ids_;
  std::array<std::int32_t, 256> byte_id_;  // the token of a byte, -1 if there is none
  std::unordered_map<std::uint64_t, std::int32_t, PairHash> ranks_;  // by pair of ids
  std::vector<std::int32_t> merged_;  // the id that a merge results in, by rank
};

}  // namespace tinyzero

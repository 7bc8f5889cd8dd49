#pragma once

#include <cstdint>
#include <string_view>

namespace tinyzero::dataset {

// FNV-1a: the same number for the same text on every machine.
constexpr std::uint64_t text_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

}  // namespace tinyzero::dataset

#include "tasks/dataset/record.h"

#include <algorithm>

#include "tinyzero/ascii.h"

namespace tinyzero::dataset {
namespace {

constexpr std::size_t kMostColumns = 24;  // in a message

bool is_inside(std::string_view name, std::string_view outer) {
  return name.size() > outer.size() && name.starts_with(outer) && name[outer.size()] == '.';
}

// A name without what follows the place in a list: "messages" of "messages.0.content".
std::string column_of(const std::string& name) {
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    if (dot + 1 < name.size() && is_ascii_digit(name[dot + 1])) return name.substr(0, dot);
  }
  return name;
}

}  // namespace

const std::string* Record::find(std::string_view name) const {
  for (const Field& field : fields) {
    if (field.name == name) return &field.text;
  }
  return nullptr;
}

bool Record::has(std::string_view name) const {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
    return field.name == name || is_inside(field.name, name);
  });
}

std::vector<std::string> Record::list(std::string_view name) const {
  if (const std::string* text = find(name)) return {*text};
  std::vector<std::string> out;
  while (const std::string* text = find(std::string(name) + "." + std::to_string(out.size())))
    out.push_back(*text);
  return out;
}

std::string Record::columns() const {
  std::vector<std::string> names;
  for (const Field& field : fields) {
    const std::string name = column_of(field.name);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kMostColumns); ++i)
    out += (i == 0 ? "" : ", ") + names[i];
  return out + (names.size() > kMostColumns ? ", …" : "");
}

}  // namespace tinyzero::dataset

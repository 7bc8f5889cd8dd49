// A validator for the part of JSON schema (draft-07) that `config schema` writes, and YAML as JSON
// for it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <regex>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/config/document.h"

namespace tinyzero {

// A value by the rules of YAML 1.2 (core schema), as editors read it.
inline Json json_of(const Node& node) {
  static const std::regex kInteger("[-+]?[0-9]+"),
      kReal("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");
  if (node.kind == Node::Kind::null) return nullptr;
  if (node.kind == Node::Kind::list) {
    Json list = Json::array();
    for (const Node& item : node.items) list.push_back(json_of(item));
    return list;
  }
  if (node.kind == Node::Kind::map) {
    Json map = Json::object();
    for (const Entry& entry : node.entries) map[entry.name] = json_of(entry.value);
    return map;
  }
  if (node.quoted) return node.scalar;
  if (node.scalar == "true" || node.scalar == "false") return node.scalar == "true";
  if (std::regex_match(node.scalar, kInteger))
    return std::strtoll(node.scalar.c_str(), nullptr, 10);
  if (std::regex_match(node.scalar, kReal)) return std::strtod(node.scalar.c_str(), nullptr);
  return node.scalar;
}

// What is wrong with `value`, a line each with its place; empty: it is valid. A keyword that is not
// understood is wrong, too.
class SchemaCheck {
 public:
  static std::vector<std::string> errors(const Json& schema, const Json& value) {
    SchemaCheck check(schema);
    check.visit(schema, value, "");
    return check.errors_;
  }

 private:
  explicit SchemaCheck(const Json& root) : root_(root) {}

  bool holds(const Json& schema, const Json& value) const {
    SchemaCheck check(root_);
    check.visit(schema, value, "");
    return check.errors_.empty();
  }
  static bool has_type(const std::string& type, const Json& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "null") return value.is_null();
    if (type == "number") return value.is_number();
    return type == "integer" &&
           (value.is_number_integer() ||
            (value.is_number() && value.get<double>() == std::floor(value.get<double>())));
  }
  void fail(const std::string& at, const std::string& what) {
    errors_.push_back((at.empty() ? "/" : at) + ": " + what);
  }

  void visit(const Json& schema, const Json& value, const std::string& at) {
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) fail(at, "nothing may stand here");
      return;
    }
    for (const auto& [word, wanted] : schema.items()) keyword(schema, word, wanted, value, at);
  }

  void keyword(const Json& schema, const std::string& word, const Json& wanted, const Json& value,
               const std::string& at) {
    if (word == "$schema" || word == "title" || word == "description" || word == "default" ||
        word == "then" || word == "else" || word == "definitions")
      return;
    if (word == "$ref") {  // alone: draft-07 knows no words beside it
      visit(root_.at(Json::json_pointer(wanted.get<std::string>().substr(1))), value, at);
    } else if (word == "type") {
      const Json types = wanted.is_array() ? wanted : Json::array({wanted});
      const bool any = std::any_of(types.begin(), types.end(),
                                   [&](const Json& type) { return has_type(type, value); });
      if (!any) fail(at, "is " + value.dump() + ", not of type " + wanted.dump());
    } else if (word == "enum") {
      if (std::find(wanted.begin(), wanted.end(), value) == wanted.end())
        fail(at, "is " + value.dump() + ", not one of " + wanted.dump());
    } else if (word == "const") {
      if (value != wanted) fail(at, "is " + value.dump() + ", not " + wanted.dump());
    } else if (word == "minimum") {
      if (value.is_number() && value.get<double>() < wanted.get<double>())
        fail(at, value.dump() + " is below " + wanted.dump());
    } else if (word == "exclusiveMinimum") {
      if (value.is_number() && value.get<double>() <= wanted.get<double>())
        fail(at, value.dump() + " is not above " + wanted.dump());
    } else if (word == "minProperties") {
      if (value.is_object() && value.size() < wanted.get<std::size_t>())
        fail(at, "has too few entries");
    } else if (word == "maximum") {
      if (value.is_number() && value.get<double>() > wanted.get<double>())
        fail(at, value.dump() + " is above " + wanted.dump());
    } else if (word == "pattern") {
      if (value.is_string() &&
          !std::regex_search(value.get<std::string>(), std::regex(wanted.get<std::string>())))
        fail(at, "does not match");
    } else if (word == "minItems") {
      if (value.is_array() && value.size() < wanted.get<std::size_t>())
        fail(at, "has too few items");
    } else if (word == "maxItems") {
      if (value.is_array() && value.size() > wanted.get<std::size_t>())
        fail(at, "has too many items");
    } else if (word == "items") {
      for (std::size_t i = 0; value.is_array() && i < value.size(); ++i)
        visit(wanted, value[i], at + "/" + std::to_string(i));
    } else if (word == "required") {
      for (const Json& name : wanted) {
        if (value.is_object() && !value.contains(name.get<std::string>()))
          fail(at, "has no " + name.dump());
      }
    } else if (word == "properties") {
      for (const auto& [name, sub] : wanted.items()) {
        if (value.is_object() && value.contains(name)) visit(sub, value[name], at + "/" + name);
      }
    } else if (word == "additionalProperties") {
      const Json known = schema.value("properties", Json::object());
      for (auto it = value.begin(); value.is_object() && it != value.end(); ++it) {
        if (!known.contains(it.key())) visit(wanted, *it, at + "/" + it.key());
      }
    } else if (word == "allOf") {
      for (const Json& sub : wanted) visit(sub, value, at);
    } else if (word == "anyOf") {
      if (std::none_of(wanted.begin(), wanted.end(),
                       [&](const Json& sub) { return holds(sub, value); }))
        fail(at, "fits none of the forms");
    } else if (word == "not") {
      if (holds(wanted, value)) fail(at, "is what it must not be");
    } else if (word == "if") {
      const char* branch = holds(wanted, value) ? "then" : "else";
      if (schema.contains(branch)) visit(schema[branch], value, at);
    } else {
      fail(at, "the schema says \"" + word + "\", which is not understood");
    }
  }

  const Json& root_;
  std::vector<std::string> errors_;
};

}  // namespace tinyzero

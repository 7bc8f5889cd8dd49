// The Markdown side of schema.h.

#include <fmt/format.h>

#include "core/config/reader.h"
#include "core/config/schema.h"
#include "core/config/synonyms.h"

namespace tinyzero {
namespace {

// A text as a cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string table_of(const SettingsTable& table) {
  std::string out = "| key | default | may be | meaning |\n|---|---|---|---|\n";
  for (const Setting& s : table.rows()) {
    std::string effect;
    if (!s.needs_name.empty())
      effect += fmt::format("; only with `{}: {}`", s.needs_name, s.needs_value);
    if (!s.idle_name.empty())
      effect += fmt::format("; not with `{}: {}`", s.idle_name, s.idle_value);
    out += fmt::format("| `{}` | `{}` | {}{} | {} |\n", s.name, cell(s.fallback),
                       cell(expected_text(s)), cell(effect), cell(s.doc));
  }
  return out;
}

std::string plugins_of(const std::vector<PluginTable>& plugins, const std::string& section) {
  std::string out;
  for (const PluginTable& plugin : plugins) {
    out += fmt::format("\n### `{}: {{use: {}}}`\n\n{}. {}\n\n{}", section, plugin.id, plugin.title,
                       plugin.doc, table_of(plugin.table));
    if (plugin.variants.empty()) continue;
    out +=
        "\n`variant` names a group of these settings; explicit settings override it.\n\n| variant "
        "| "
        "meaning |\n|---|---|\n";
    for (const auto& variant : plugin.variants)
      out += fmt::format("| `{}` | {} |\n", variant.name, cell(variant.doc));
  }
  return out;
}

std::string synonyms_table() {
  std::string out =
      "\n## Names of other trainers\n\nFor a key of TRL, verl, OpenRLHF, CleanRL, torchtune or "
      "transformers, the error message names ours, in a file and on the command\nline:\n\n| "
      "there | here | |\n|---|---|---|\n";
  const auto code = [](std::string_view keys) {
    std::string text;
    for (const std::string_view key : split_keys(keys))
      text += fmt::format("{}`{}`", text.empty() ? "" : ", ", key);
    return text;
  };
  for (const Synonym& s : kSynonyms)
    out += fmt::format("| {} | {} | {} |\n", code(s.theirs), code(s.ours), cell(s.note));
  return out;
}

}  // namespace

std::string experiment_reference(const ExperimentTables& tables) {
  std::string out = "## Every setting\n";
  for (const SectionTable& section : tables.sections) {
    out += section.name.empty() ? "\n### At the top\n\n"
                                : fmt::format("\n### `{}:`\n\n", section.name);
    out += table_of(section.table);
  }
  return out + plugins_of(tables.tasks, "task") + plugins_of(tables.algorithms, "algorithm") +
         synonyms_table();
}

}  // namespace tinyzero

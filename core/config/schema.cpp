#include "core/config/schema.h"

#include <cmath>

#include "core/config/experiment.h"

namespace tinyzero {
namespace {

constexpr const char* kAnyPath = "/|\\.so$|\\.py(:|$)|^rg:";  // as is_plugin_path has it

Json value_json(const Setting& setting) {
  const SettingValue value = setting.value();
  Json list = Json::array();
  for (const std::string& text : value.texts) list.push_back(text);
  for (const double real : value.reals) list.push_back(real);
  for (const std::int64_t integer : value.integers) {
    if (setting.type() == SettingType::boolean) list.push_back(integer != 0);
    else list.push_back(integer);
  }
  return setting.is_list() ? list : list.at(0);
}

// A number as JSON shows it best: 1 and not 1.0.
Json number_json(double value) {
  const bool whole = value == std::floor(value) && std::fabs(value) < 9e15;
  return whole ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

std::string condition_text(const Setting& s) {
  std::string text;
  if (!s.needs_name.empty()) text += " Only with " + s.needs_name + ": " + s.needs_value + ".";
  if (!s.idle_name.empty()) text += " Not with " + s.idle_name + ": " + s.idle_value + ".";
  return text;
}

Json setting_schema(const Setting& s) {
  static const char* const kTypes[] = {"", "integer", "number", "boolean", "string"};
  Json one = {{"type", kTypes[static_cast<int>(s.type())]}};
  if (std::isfinite(s.low)) one["minimum"] = number_json(s.low);
  if (std::isfinite(s.high)) one["maximum"] = number_json(s.high);
  if (!s.choices.empty()) one["enum"] = s.choices;
  if (s.is_list())
    one = {
        {"anyOf",
         {one, {{"type", "array"}, {"items", one}, {"minItems", 1}, {"maxItems", s.max_count}}}}};
  one["default"] = value_json(s);
  one["description"] = s.doc + "." +
                       (s.is_path ? " A path, relative to the file that contains it." : "") +
                       condition_text(s) + " Default: " + s.fallback;
  return one;
}

// The value that the setting `other` is compared with, in that setting's type.
Json wanted_json(const SettingsTable& table, const std::string& other, const std::string& wanted) {
  const Setting* setting = table.find(other);
  if (setting == nullptr || setting->type() == SettingType::text) return wanted;
  return json_if_valid(wanted).value_or(Json(wanted));
}

enum class Condition { equal, different };

// "If the setting `name` is given, then the setting `other` has this value (or another one)". Where
// its default breaks the rule, `other` must be given, too.
void add_rule(Json& rules, const SettingsTable& table, const std::string& name,
              const std::string& other, const std::string& value, Condition condition) {
  const Setting* decider = table.find(other);
  if (decider == nullptr) return;
  Json allowed = {{"const", wanted_json(table, other, value)}};
  if (condition == Condition::different) allowed = {{"not", allowed}};
  Json then = {{"properties", {{other, allowed}}}};
  const std::string text = decider->type() == SettingType::text ? yaml_text(value) : value;
  const bool default_is_equal = decider->fallback == text;
  if (default_is_equal != (condition == Condition::equal)) then["required"] = Json::array({other});
  rules.push_back({{"if", {{"required", Json::array({name})}}}, {"then", then}});
}

// The conditions under which settings have an effect, as implications.
Json effect_rules(const SettingsTable& table) {
  Json rules = Json::array();
  for (const Setting& s : table.rows()) {
    if (!s.needs_name.empty())
      add_rule(rules, table, s.name, s.needs_name, s.needs_value, Condition::equal);
    if (!s.idle_name.empty())
      add_rule(rules, table, s.name, s.idle_name, s.idle_value, Condition::different);
  }
  return rules;
}

Json properties_of(const SettingsTable& table) {
  Json properties = Json::object();
  for (const Setting& setting : table.rows()) properties[setting.name] = setting_schema(setting);
  return properties;
}

Json only_if_used(const std::string& id, Json then) {
  return {{"if", {{"properties", {{"use", {{"const", id}}}}}, {"required", Json::array({"use"})}}},
          {"then", std::move(then)}};
}

Json variant_schema(const PluginTable& plugin) {
  Json names = Json::array();
  std::string docs = "A group of settings under one name; explicit settings override it.";
  for (const PluginTable::Variant& variant : plugin.variants) {
    names.push_back(variant.name);
    docs += "\n" + variant.name + ": " + variant.doc;
  }
  return {{"type", "string"}, {"enum", names}, {"description", docs}};
}

// The section of a plugin: its name alone, or a map whose settings depend on `use`. `general` holds
// the settings that every plugin of the kind takes.
Json plugin_schema(const std::vector<PluginTable>& plugins, const std::string& kind,
                   const Json& general) {
  Json ids = Json::array();
  Json cases = Json::array();
  std::string titles;
  for (const PluginTable& plugin : plugins) {
    ids.push_back(plugin.id);
    titles += "\n" + plugin.id + ": " + plugin.title;
    Json properties = {{"use", Json::object()}};
    properties.update(general);
    if (!plugin.variants.empty()) properties["variant"] = variant_schema(plugin);
    properties.update(properties_of(plugin.table));
    cases.push_back(only_if_used(plugin.id, {{"description", plugin.doc},
                                             {"properties", properties},
                                             {"additionalProperties", false}}));
  }
  const Json use = {
      {"description", "which " + kind + ": its name, or the path of its library" + titles},
      {"anyOf",
       {{{"type", "string"}, {"enum", ids}}, {{"type", "string"}, {"pattern", kAnyPath}}}}};
  Json map = {{"type", "object"}, {"properties", {{"use", use}}}, {"allOf", cases}};
  return {{"description", "the " + kind + " and its settings"}, {"anyOf", {use, map}}};
}

// The settings of task number `index` by reference to the section `task`, which has them in full.
Json referred(const PluginTable& task, std::size_t index) {
  Json out = Json::object();
  for (const Setting& setting : task.table.rows())
    out[setting.name]["$ref"] = "#/properties/task/anyOf/1/allOf/" + std::to_string(index) +
                                "/then/properties/" + setting.name;
  return out;
}

Json levels_schema(const PluginTable& task, std::size_t index) {
  const Json level = {{"type", {"object", "null"}},
                      {"properties", referred(task, index)},
                      {"additionalProperties", false}};
  return {{"type", "array"},
          {"minItems", 1},
          {"items", level},
          {"description",
           "levels, easiest first; each lists what differs from the task's other settings. The "
           "section curriculum decides when the level rises"}};
}

// An entry of a mixture under the name of task number `index`: without `use` it is that task, else
// any task.
Json mixed_task(std::size_t index, const Json& any) {
  const Json own = {
      {"$ref", "#/definitions/mixed_task/anyOf/1/allOf/" + std::to_string(index) + "/then"}};
  const Json no_use = {{"not", {{"type", "object"}, {"required", Json::array({"use"})}}}};
  return {{"if", no_use},
          {"then", {{"type", {"object", "string", "null"}}, {"allOf", Json::array({own})}}},
          {"else", any}};
}

// The definitions of one task of a mixture, and of the map of all its tasks.
Json mixture_definitions(const std::vector<PluginTable>& tasks, const Json& general) {
  Json one = plugin_schema(tasks, "task", general);
  one["anyOf"].push_back({{"type", "null"}});
  Json& cases = one["anyOf"][1]["allOf"];
  const Json weight = {
      {"type", "number"},
      {"exclusiveMinimum", 0},
      {"default", 1},
      {"description",
       "share of problems of this task, relative to the weights of the others. Default: 1"}};
  const Json any = {{"$ref", "#/definitions/mixed_task"}};
  Json named = Json::object();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    Json& settings = cases[i]["then"]["properties"];
    settings.update(referred(tasks[i], i));
    settings["weight"] = weight;
    settings["levels"] = levels_schema(tasks[i], i);
    named[tasks[i].id] = mixed_task(i, any);
  }
  const Json map = {{"type", "object"},
                    {"minProperties", 1},
                    {"properties", named},
                    {"additionalProperties", any},
                    {"description",
                     "the tasks of a mixture by name, each with its settings, `weight` and "
                     "optionally `levels`; and with `use` if the name is not the task's"}};
  return {{"mixed_task", one}, {"mixed_tasks", map}};
}

// Rules for a plugin's settings, in the map form and under the plugin that `use` names. A variant
// may change what a rule depends on, so there are none together with a variant.
Json plugin_rules(const std::vector<PluginTable>& plugins) {
  Json cases = Json::array();
  for (const PluginTable& plugin : plugins) {
    Json rules = effect_rules(plugin.table);
    if (rules.empty()) continue;
    if (!plugin.variants.empty()) {
      const Json without_variant = {{"if", {{"required", Json::array({"variant"})}}},
                                    {"else", {{"allOf", rules}}}};
      rules = Json::array({without_variant});
    }
    cases.push_back(only_if_used(plugin.id, {{"allOf", rules}}));
  }
  const Json is_map = {{"type", "object"}};
  return {{"if", is_map}, {"then", {{"required", Json::array({"use"})}, {"allOf", cases}}}};
}

// Whether a task is trusted, a setting of every task.
Json in_process_setting() {
  return {{"in_process",
           {{"type", "boolean"},
            {"default", false},
            {"description",
             "whether to trust a task that did not come with the program: it then runs in this "
             "process instead of a worker of its own"}}}};
}

// The section `task`: a plugin with levels, or a mixture of tasks.
Json task_schema(const std::vector<PluginTable>& tasks) {
  Json task = plugin_schema(tasks, "task", in_process_setting());
  Json& map = task["anyOf"][1];
  for (std::size_t i = 0; i < tasks.size(); ++i)
    map["allOf"][i]["then"]["properties"]["levels"] = levels_schema(tasks[i], i);
  map["properties"]["use"]["anyOf"].push_back(
      {{"type", "string"}, {"const", kMixture}, {"description", "problems of several tasks"}});
  const Json mixed = {{"$ref", "#/definitions/mixed_tasks"}};
  map["allOf"].push_back(
      only_if_used(kMixture, {{"properties", {{"use", Json::object()}, {"tasks", mixed}}},
                              {"required", Json::array({"tasks"})},
                              {"additionalProperties", false}}));
  return task;
}

}  // namespace

Json experiment_schema(const ExperimentTables& tables) {
  Json properties = {{"extends",
                      {{"type", "string"},
                       {"description",
                        "another experiment file, relative to this one, whose settings apply where "
                        "this file has none"}}}};
  Json whole = Json::object();  // rules for a file that extends no other
  for (const SectionTable& section : tables.sections) {
    if (section.name.empty()) {
      properties.update(properties_of(section.table));
      continue;
    }
    properties[section.name] = {{"type", {"object", "null"}},
                                {"properties", properties_of(section.table)},
                                {"additionalProperties", false}};
    const Json rules = effect_rules(section.table);
    if (!rules.empty()) whole[section.name] = {{"allOf", rules}};
  }
  properties["task"] = task_schema(tables.tasks);
  properties["demonstrations"] = {{"$ref", "#/properties/task"}};
  properties["algorithm"] = plugin_schema(tables.algorithms, "algorithm", Json::object());
  whole["task"] = plugin_rules(tables.tasks);
  whole["algorithm"] = plugin_rules(tables.algorithms);
  return {{"$schema", "http://json-schema.org/draft-07/schema#"},
          {"title", "tinyzero experiment"},
          {"type", "object"},
          {"properties", properties},
          {"definitions", mixture_definitions(tables.tasks, in_process_setting())},
          {"additionalProperties", false},
          {"if", {{"required", Json::array({"extends"})}}},
          {"else", {{"required", {"task", "algorithm"}}, {"properties", whole}}}};
}

}  // namespace tinyzero

#include "core/config/schema.h"

#include <cmath>

namespace tinyzero {
namespace {

constexpr const char* kAnyPath = "/|\\.so$";  // what is_plugin_path takes for a path

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
  return value == std::floor(value) && std::fabs(value) < 9e15
             ? Json(static_cast<std::int64_t>(value))
             : Json(value);
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
                       (s.is_path ? " A path, relative to the file that says it." : "") +
                       condition_text(s) + " Default: " + s.fallback;
  return one;
}

// The value that `other` is compared with, as the type that it has.
Json wanted_json(const SettingsTable& table, const std::string& other, const std::string& wanted) {
  const Setting* setting = table.find(other);
  if (setting == nullptr || setting->type() == SettingType::text) return wanted;
  return json_if_valid(wanted).value_or(Json(wanted));
}

// Conditions under which settings have an effect, as implications: a setting that is given implies
// that the other one has, or has not, a value.
Json effect_rules(const SettingsTable& table) {
  Json rules = Json::array();
  const auto rule = [&](const Setting& s, const std::string& other, const std::string& value,
                        bool has) {
    const Setting* decider = table.find(other);
    if (decider == nullptr) return;
    const std::string fallback = decider->type() == SettingType::text ? yaml_text(value) : value;
    Json then = {{"properties", {{other, {{"const", wanted_json(table, other, value)}}}}}};
    if (!has)
      then = {{"properties", {{other, {{"not", {{"const", wanted_json(table, other, value)}}}}}}}};
    if ((decider->fallback == fallback) != has) then["required"] = Json::array({other});
    rules.push_back({{"if", {{"required", Json::array({s.name})}}}, {"then", then}});
  };
  for (const Setting& s : table.rows()) {
    if (!s.needs_name.empty()) rule(s, s.needs_name, s.needs_value, true);
    if (!s.idle_name.empty()) rule(s, s.idle_name, s.idle_value, false);
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

// The section of a plugin: its name alone, or a map whose settings depend on `use`. `general` are
// settings that every plugin of the kind takes.
Json plugin_schema(const std::vector<PluginTable>& plugins, const std::string& kind,
                   const Json& general) {
  Json ids = Json::array(), shown = Json::array(), cases = Json::array();
  std::string titles;
  for (const PluginTable& plugin : plugins) {
    ids.push_back(plugin.id);
    titles += "\n" + plugin.id + ": " + plugin.title;
    Json properties = {{"use", Json::object()}};
    properties.update(general);
    if (!plugin.variants.empty()) {
      Json names = Json::array();
      std::string docs = "Settings under one name; what is set beside it wins.";
      for (const auto& variant : plugin.variants) {
        names.push_back(variant.name);
        docs += "\n" + variant.name + ": " + variant.doc;
      }
      properties["variant"] = {{"type", "string"}, {"enum", names}, {"description", docs}};
    }
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

// Settings of a task by reference to where the section `task` has them in full.
Json referred(const PluginTable& task, std::size_t place) {
  Json out = Json::object();
  for (const Setting& setting : task.table.rows())
    out[setting.name]["$ref"] = "#/properties/task/anyOf/1/allOf/" + std::to_string(place) +
                                "/then/properties/" + setting.name;
  return out;
}

Json levels_schema(const PluginTable& task, std::size_t place) {
  const Json level = {{"type", {"object", "null"}},
                      {"properties", referred(task, place)},
                      {"additionalProperties", false}};
  return {{"type", "array"},
          {"minItems", 1},
          {"items", level},
          {"description",
           "levels, easiest first: what differs in each from the settings beside; the section "
           "curriculum says when they rise"}};
}

// A task of a mixture, and the map of them. `use` may be missing where a task's name in the mixture
// is its own.
Json mixture_definitions(const std::vector<PluginTable>& tasks, const Json& general) {
  Json one = plugin_schema(tasks, "task", general);
  one["anyOf"].push_back({{"type", "null"}});
  Json& cases = one["anyOf"][1]["allOf"];
  const Json weight = {
      {"type", "number"},
      {"exclusiveMinimum", 0},
      {"default", 1},
      {"description",
       "how often problems are of this task, beside the weights of the others. Default: 1"}};
  const Json any = {{"$ref", "#/definitions/mixed_task"}};
  Json named = Json::object();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    Json& settings = cases[i]["then"]["properties"];
    settings.update(referred(tasks[i], i));
    settings["weight"] = weight;
    settings["levels"] = levels_schema(tasks[i], i);
    const Json no_use = {{"not", {{"type", "object"}, {"required", Json::array({"use"})}}}};
    const Json own = {
        {"$ref", "#/definitions/mixed_task/anyOf/1/allOf/" + std::to_string(i) + "/then"}};
    named[tasks[i].id] = {
        {"if", no_use},
        {"then", {{"type", {"object", "string", "null"}}, {"allOf", Json::array({own})}}},
        {"else", any}};
  }
  const Json map = {{"type", "object"},
                    {"minProperties", 1},
                    {"properties", named},
                    {"additionalProperties", any},
                    {"description",
                     "the tasks of a mixture by name, each with its settings, `weight` and perhaps "
                     "`levels`; `use` where the name is not the task's"}};
  return {{"mixed_task", one}, {"mixed_tasks", map}};
}

// Rules of a plugin's settings: for the map form, and only where `use` says which.
Json plugin_rules(const std::vector<PluginTable>& plugins) {
  Json cases = Json::array();
  for (const PluginTable& plugin : plugins) {
    Json rules = plugin.variants.empty() ? effect_rules(plugin.table) : Json::array();
    if (!plugin.variants.empty()) {
      const Json own = effect_rules(plugin.table);
      if (!own.empty())
        rules.push_back(
            {{"if", {{"required", Json::array({"variant"})}}}, {"else", {{"allOf", own}}}});
    }
    if (!rules.empty()) cases.push_back(only_if_used(plugin.id, {{"allOf", rules}}));
  }
  const Json is_map = {{"type", "object"}};
  return {{"if", is_map}, {"then", {{"required", Json::array({"use"})}, {"allOf", cases}}}};
}

}  // namespace

Json experiment_schema(const ExperimentTables& tables) {
  Json properties = {{"extends",
                      {{"type", "string"},
                       {"description",
                        "another experiment file, relative to this one, whose settings hold where "
                        "this file says nothing"}}}};
  Json whole = Json::object();  // what holds only when no other file is extended
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
  const Json in_process = {{"in_process",
                            {{"type", "boolean"},
                             {"default", false},
                             {"description",
                              "whether a task that did not come with the program is trusted: it "
                              "then runs in this process, not in a worker of its own"}}}};
  Json task = plugin_schema(tables.tasks, "task", in_process);
  for (std::size_t i = 0; i < tables.tasks.size(); ++i)
    task["anyOf"][1]["allOf"][i]["then"]["properties"]["levels"] =
        levels_schema(tables.tasks[i], i);
  const Json tasks = {{"$ref", "#/definitions/mixed_tasks"}};
  Json& uses = task["anyOf"][1]["properties"]["use"]["anyOf"];
  uses.push_back(
      {{"type", "string"}, {"const", kMixture}, {"description", "problems of several tasks"}});
  task["anyOf"][1]["allOf"].push_back(
      only_if_used(kMixture, {{"properties", {{"use", Json::object()}, {"tasks", tasks}}},
                              {"required", Json::array({"tasks"})},
                              {"additionalProperties", false}}));
  properties["task"] = task;
  properties["algorithm"] = plugin_schema(tables.algorithms, "algorithm", Json::object());
  whole["task"] = plugin_rules(tables.tasks);
  whole["algorithm"] = plugin_rules(tables.algorithms);
  return {{"$schema", "http://json-schema.org/draft-07/schema#"},
          {"title", "tinyzero experiment"},
          {"type", "object"},
          {"properties", properties},
          {"definitions", mixture_definitions(tables.tasks, in_process)},
          {"additionalProperties", false},
          {"if", {{"required", Json::array({"extends"})}}},
          {"else", {{"required", {"task", "algorithm"}}, {"properties", whole}}}};
}

}  // namespace tinyzero

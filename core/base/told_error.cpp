#include "core/base/told_error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "core/base/error.h"

namespace tinyzero {
namespace {

struct SystemError {
  int error;
  const char* meaning;
  const char* hint;
  bool machine = false;  // whether the machine is to blame, not the path
};

constexpr SystemError kErrors[] = {
    {ENOENT, "No such file or directory", "check the path"},
    {ENOTDIR, "a part of the path is a file, not a folder", "check the path"},
    {EISDIR, "it is a folder", "give the path of a file"},
    {ENAMETOOLONG, "the path is longer than the system takes",
     "a name may have 255 bytes, a whole path 4,095"},
    {ELOOP, "its symbolic links lead in a circle",
     "follow them with ls -l, and give the path they should lead to"},
    {EACCES, "Permission denied", "check the permissions of the file and of the folders above it"},
    {EPERM, "Operation not permitted",
     "the file system or a security rule forbids it: try another folder, or another user"},
    {EROFS, "Read-only file system", "choose a folder elsewhere"},
    {EEXIST, "there is something of that name already", "choose another name"},
    {ENOTEMPTY, "the folder is not empty", "choose another name"},
    {EBUSY, "it is in use", "wait until it is free"},
    {ETXTBSY, "it is a running program", "wait for its end"},
    {EXDEV, "it would have to move to another file system", "choose a folder on the same one"},
    {EINVAL, "the file system cannot do that", "choose a folder on another one"},
    {ENXIO, "nobody is at its other end", "give the path of a file"},
    {ENODEV, "it cannot be mapped: it is not a regular file", "give the path of a file"},
    {EFBIG, "a file may not grow that large", "check `ulimit -f` and the file system", true},
    {ENOSPC, "No space left on device", "free some space, or choose a folder elsewhere", true},
    {EDQUOT, "the quota of disk space is used up", "free some space, or choose a folder elsewhere",
     true},
    {EIO, "Input/output error", "the disk or the network drive fails: see the system's log", true},
    {ESTALE, "the network drive has lost it", "mount it again", true},
    {EMFILE, "this process has too many open files", "raise `ulimit -n`", true},
    {ENFILE, "the system has too many open files", "close some programs", true},
    {ENOMEM, "there is no memory for it", "close some programs, or take a machine with more", true},
    {EAGAIN, "the system has no room for one more process or thread", "check `ulimit -u`", true}};

const SystemError* find_error(int error) {
  const auto* found = std::find_if(std::begin(kErrors), std::end(kErrors),
                                   [&](const SystemError& e) { return e.error == error; });
  return found != std::end(kErrors) ? found : nullptr;
}

// Whether the machine is to blame, as it is for unknown errors.
bool is_machine(int error) {
  const SystemError* found = find_error(error);
  return found == nullptr || found->machine;
}

// The first path of a file-system error, or the second if there is no other.
std::string path_of(const std::filesystem::filesystem_error& e) {
  const std::filesystem::path& path = e.path1().empty() ? e.path2() : e.path1();
  return path.empty() ? "the file system" : path.string();
}

constexpr const char* kReport =
    "this is a fault in tinyzero: please report it with the command that led here";

}  // namespace

std::string system_words(int error) {
  const SystemError* found = find_error(error);
  return found != nullptr ? found->meaning : std::strerror(error);
}

std::string system_hint(int error) {
  const SystemError* found = find_error(error);
  return found != nullptr ? found->hint : "";
}

void throw_system_error(const std::string& doing, const std::filesystem::path& path, int error) {
  const std::string what = "cannot " + doing + " " + path.string() + ": " + system_words(error);
  if (is_machine(error)) throw Failure(what, system_hint(error));
  throw Error(what, system_hint(error));
}

namespace {

// "line 1, column 7: invalid literal" for "parse error at line 1, column 7: … - invalid literal".
std::string parse_error_words(const std::string& text) {
  const std::size_t location = text.find(" at ");
  const std::size_t colon = text.find(": ");
  const std::size_t dash = text.rfind(" - ");
  const std::string what = dash != std::string::npos
                               ? text.substr(dash + 3)
                               : text.substr(std::min(text.size(), colon + 2));
  return location < colon ? text.substr(location + 4, colon - location - 4) + ": " + what : what;
}

}  // namespace

std::string json_words(const std::exception& error) {
  std::string text = error.what();
  if (text.starts_with("[json.exception"))
    text = text.substr(std::min(text.size(), text.find("] ") + 2));
  if (text.starts_with("key '") && text.ends_with("' not found"))
    return "it has no \"" + text.substr(5, text.size() - 16) + "\"";
  if (text.starts_with("type must be ")) return "a field has the wrong type: it " + text.substr(5);
  if (!text.starts_with("parse error")) return text;
  return parse_error_words(text);
}

ToldError tell_error(const std::exception& error) {
  if (const auto* e = dynamic_cast<const Error*>(&error))
    return {e->what(), e->hint(), dynamic_cast<const Failure*>(e) != nullptr ? 1 : 2};
  if (const auto* e = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    const int code = e->code().value();
    return {"cannot use " + path_of(*e) + ": " + system_words(code), system_hint(code),
            is_machine(code) ? 1 : 2};
  }
  if (const auto* e = dynamic_cast<const std::system_error*>(&error)) {
    const bool known = e->code().category() == std::generic_category() ||
                       e->code().category() == std::system_category();
    const int code = e->code().value();
    if (known) return {"the system refused: " + system_words(code), system_hint(code), 1};
  }
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
      dynamic_cast<const std::length_error*>(&error) != nullptr)
    return {"there is not enough memory for this",
            "`tinyzero config check FILE` says what an experiment needs", 1};
  if (dynamic_cast<const nlohmann::json::exception*>(&error) != nullptr)
    return {"a JSON value is not what it should be: " + json_words(error), kReport, 1};
  const std::string what = error.what();
  return {"something went wrong inside: " + what.substr(0, what.find('\n')), kReport, 1};
}

}  // namespace tinyzero

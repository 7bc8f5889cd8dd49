// algorithm new: a folder with an algorithm that works, to change into another.

#include "core/cli/new_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/templates.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

int run_algorithm_new(const GlobalOptions& global, const NewOptions& options) {
  return write_new_folder(global, options.name,
                          {.name = "an algorithm",
                           .note = TINYZERO_NOTE_ALGORITHM,
                           .files = kAlgorithmTemplate,
                           .next = kBuildNext});
}

}  // namespace

void add_algorithm_new(const Commands& commands) {
  commands.add<NewOptions>(
      "new", "Write a folder with an algorithm that works, to change into yours", run_algorithm_new,
      [](CLI::App& c, NewOptions& o) {
        c.add_option("name", o.name, "name of the algorithm and of its folder")->required();
      });
}

}  // namespace tinyzero

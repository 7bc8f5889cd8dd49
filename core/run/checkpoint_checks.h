// What tells a whole checkpoint from a damaged one: checksums of its files.
//
//   trainer/checksums.json   {"files": {"model.safetensors": {"bytes", "xxh3"}, …}, "xxh3"}
//   trainer/state.json       {…, "xxh3"}
//
// The last field of both is a checksum of the others. So the state, which holds times, is not in
// the list: checkpoints of runs that are the same have the same list. Files that are not in it were
// not written with the checkpoint: they are never looked at.
#pragma once

#include <map>
#include <string>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/model/parameters.h"
#include "core/model/safetensors.h"

namespace tinyzero {

// `json`, an object, with a checksum of itself as its last field.
Json sealed(Json json);

// Writes the checksums of all files in a checkpoint that is otherwise complete, and fsyncs them.
// Its state is sealed already.
void write_checksums(const fs::path& checkpoint);

// Throws Error naming the first file that is missing or not as it was written, with both values.
// False: an older program wrote no checksums, and nothing was checked.
bool verify_checksums(const fs::path& checkpoint);

// Whether a checkpoint holds files that were not written with it; of one without checksums, files
// of names that it never has.
bool holds_foreign_files(const fs::path& checkpoint);

}  // namespace tinyzero

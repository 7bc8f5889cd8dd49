// Checksums of a checkpoint's files, by which damage is recognised.
//
//   trainer/checksums.json   {"files": {"model.safetensors": {"bytes", "xxh3"}, …}, "xxh3"}
//   trainer/state.json       {…, "xxh3"}
//
// The last field of each is a checksum of the other fields. The state contains times, so it is not
// in the list: identical runs have identical lists. Files that are not in the list were not written
// with the checkpoint, and are ignored.
#pragma once

#include "core/base/file.h"
#include "core/base/json.h"

namespace tinyzero {

// An object with a checksum of itself as its last field.
Json sealed(Json json);

// Writes and fsyncs the checksums of all files in an otherwise complete checkpoint, whose state is
// already sealed.
void write_checksums(const fs::path& checkpoint);

// Throws Error with the first file that is missing or differs from what was written, and with both
// values. False if there are no checksums, because an older program wrote the checkpoint.
bool verify_checksums(const fs::path& checkpoint);

// Whether a checkpoint contains files that were not written with it. Without checksums, the names
// of the files decide.
bool holds_foreign_files(const fs::path& checkpoint);

}  // namespace tinyzero

// SPDX-License-Identifier: Apache-2.0
// Whether a program can be loaded on a chip at all: everything that can be known without running it.
#pragma once
#include "isa/program.hpp"

namespace superlane::isa {

/// UserError that names queue, instruction (or assembly line) and reason. Checked: geometry, every instruction by
/// complaint(), addresses and slots that loops and repeats reach, regions and data inside their slices.
void validate(const Program& program, const Geometry& geometry);

/// UserError for counts that no chip can have; what loaders call before they make queues from them.
void validate_geometry(const Geometry& geometry);

/// Names of regions: a letter or _, then letters, digits or any of _ . / : [ ] @ - so that assembly can tell them from
/// numbers.
bool is_region_name(std::string_view name);

/// Why these words are not in a slice of the chip; empty when they are.
std::string span_complaint(const Geometry& geometry, Side side, int slice, uint64_t address, uint64_t words);

}  // namespace superlane::isa

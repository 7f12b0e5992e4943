// SPDX-License-Identifier: Apache-2.0
// The two halves of the assembler behind its line loop: instructions, and regions with their data.
#pragma once
#include <map>
#include <string>

#include "isa/assembly_line.hpp"
#include "isa/program.hpp"

namespace superlane::isa {

/// Regions and initial data of a text: .region, .data, .bytes, .hex.
class DataSection {
public:
    explicit DataSection(Program& program) : program_(program), queues_(program.geometry) {}
    void region(AssemblyLine& line);
    void data(AssemblyLine& line);
    void bytes(AssemblyLine& line);
    void hex(AssemblyLine& line);
    /// Call before any other directive and at the end: a .bytes block must have been filled by its .hex lines.
    void close(const AssemblyLine& line);
    const Region* find(std::string_view name) const;
    std::vector<std::string> names() const;

private:
    struct Span {
        Side side;
        uint16_t slice, address;
        uint32_t words;
    };
    Span span(AssemblyLine& line);
    std::vector<size_t> planes(AssemblyLine& line);
    void fill(AssemblyLine& line, DType type, std::vector<uint32_t>& elements);

    Program& program_;
    QueueMap queues_;
    std::map<std::string, size_t, std::less<>> by_name_;
    std::vector<bool> has_data_;
    size_t filled_ = 0;  ///< bytes of the open .bytes block
    bool open_ = false;
};

/// One instruction for one queue, by the row of its mnemonic; checked by complaint().
Instruction parse_instruction(AssemblyLine& line, const Queue& queue, const Geometry& geometry,
                              const DataSection& data);

}  // namespace superlane::isa

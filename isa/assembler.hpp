// SPDX-License-Identifier: Apache-2.0
// Assembly text to a program. The language is described in docs/assembly.md; examples in examples/asm/.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "isa/program.hpp"

namespace superlane::isa {

/// The chip a text is assembled for.
struct Target {
    std::string chip;
    std::string digest;
    Geometry geometry;
};

/// The same line by line, for programs that a program writes.
class Assembler {
public:
    /// `name` heads the messages.
    explicit Assembler(const Target& target, std::string_view name = "<text>");
    ~Assembler();
    Assembler(Assembler&&) noexcept;

    /// One line of text. After a UserError "name:line:column: ..." the instruction is not part of the program.
    void line(std::string_view text);
    int lines() const;
    /// What the lines so far make. UserError when they do not go together.
    Program program() const;

private:
    struct Body;
    std::unique_ptr<Body> body_;
};

/// UserError "file:line:column: message". The program has passed validate().
Program assemble(std::string_view text, const Target& target, std::string_view file = "<text>");
/// Reads the file at `path` and assembles it.
Program assemble_file(const std::string& path, const Target& target);

}  // namespace superlane::isa

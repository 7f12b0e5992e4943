// SPDX-License-Identifier: Apache-2.0
// One safetensors file: 8 bytes of header length, a JSON header, then the bytes of the tensors without gaps.
#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/tensor.hpp"

namespace superlane {

/// The tensors of a file's bytes as views into them. UserError naming `file` on any malformation: length, JSON, dtype
/// (allowed: F32, F16, BF16), shape against bytes, offsets outside the file, overlap, gap.
std::map<std::string, Tensor> parse_safetensors(std::span<const std::byte> bytes, const std::string& file);

/// A file mapped read-only for the object's life.
class MappedFile {
public:
    explicit MappedFile(const std::filesystem::path& file);  ///< UserError when it is missing or empty
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    std::span<const std::byte> bytes() const { return bytes_; }

private:
    struct Region;
    std::unique_ptr<Region> region_;
    std::span<const std::byte> bytes_;
};

/// Writes the tensors in the given order. UserError when the file cannot be written.
void write_safetensors(const std::filesystem::path& file, const std::vector<Tensor>& tensors);

}  // namespace superlane

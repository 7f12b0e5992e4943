// SPDX-License-Identifier: Apache-2.0
// Strict reading of a safetensors file: nothing in the header is believed before it is checked against the file.
#include "models/safetensors.hpp"

#include <algorithm>
#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.hpp"
#include "models/json_file.hpp"

namespace superlane {

using nlohmann::json;

namespace {

constexpr uint64_t length_bytes = 8, max_header_bytes = 100'000'000;  // the format's own limit
constexpr size_t max_rank = 8;

Dtype read_dtype(const JsonObject& entry) {
    const std::string name = entry.choice("dtype", {"F32", "F16", "BF16"});
    return name == "F32" ? Dtype::f32 : name == "F16" ? Dtype::f16 : Dtype::bf16;
}

/// Shape of non-negative dimensions whose product of bytes fits the data section.
std::vector<int64_t> read_shape(const JsonObject& entry, uint64_t data_bytes) {
    const json& list = entry.at("shape");
    if (!list.is_array() || list.size() > max_rank) entry.fail("shape", "is not a list of at most 8 dimensions");
    std::vector<int64_t> shape;
    uint64_t elements = 1;
    for (const json& dimension : list) {
        if (!dimension.is_number_unsigned()) entry.fail("shape", "has a dimension that is not a count");
        const uint64_t size = dimension.get<uint64_t>();
        if (size > data_bytes || (size != 0 && elements > data_bytes / size))
            entry.fail("shape", "is larger than the file");
        elements *= size;
        shape.push_back(int64_t(size));
    }
    if (shape.empty()) shape.push_back(1);  // a scalar
    return shape;
}

std::pair<uint64_t, uint64_t> read_offsets(const JsonObject& entry, uint64_t data_bytes) {
    const json& pair = entry.at("data_offsets");
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_unsigned() || !pair[1].is_number_unsigned())
        entry.fail("data_offsets", "is not [begin, end] in bytes");
    const uint64_t begin = pair[0].get<uint64_t>(), end = pair[1].get<uint64_t>();
    if (begin > end || end > data_bytes)
        entry.fail("data_offsets",
                   "lies outside the file's " + std::to_string(data_bytes) + " bytes of data (truncated?)");
    return {begin, end};
}

Tensor read_tensor(const JsonObject& entry, const std::string& name, std::span<const std::byte> data) {
    Tensor tensor{name, read_dtype(entry), read_shape(entry, data.size()), {}};
    const auto [begin, end] = read_offsets(entry, data.size());
    uint64_t expected = uint64_t(dtype_bytes(tensor.dtype));
    for (const int64_t dimension : tensor.shape) expected *= uint64_t(dimension);
    if (end - begin != expected)
        entry.fail("data_offsets", "holds " + std::to_string(end - begin) + " bytes, but " + dtype_name(tensor.dtype) +
                                       " " + shape_text(tensor.shape) + " needs " + std::to_string(expected));
    tensor.bytes = data.subspan(begin, end - begin);
    return tensor;
}

/// The format packs tensors without gap or overlap; anything else is a damaged or crafted file.
void check_packing(const std::map<std::string, Tensor>& tensors, std::span<const std::byte> data,
                   const std::string& file) {
    std::vector<const Tensor*> order;
    for (const auto& [name, tensor] : tensors) order.push_back(&tensor);
    std::stable_sort(order.begin(), order.end(), [](const Tensor* a, const Tensor* b) {
        return std::pair(a->bytes.data(), a->bytes.size()) < std::pair(b->bytes.data(), b->bytes.size());
    });
    const std::byte* next = data.data();
    for (const Tensor* tensor : order) {
        const std::byte* begin = tensor->bytes.data();
        if (begin != next)
            throw user_error(file, ": tensor '", tensor->name, "' ",
                             begin < next ? "overlaps the one before it" : "leaves a gap", " (data starts at byte ",
                             begin - data.data(), ", expected ", next - data.data(), ")");
        next = begin + tensor->bytes.size();
    }
    if (next != data.data() + data.size())
        throw user_error(file, ": ", data.data() + data.size() - next, " bytes after the last tensor");
}

}  // namespace

std::map<std::string, Tensor> parse_safetensors(std::span<const std::byte> bytes, const std::string& file) {
    if (bytes.size() < length_bytes)
        throw user_error(file, ": truncated: ", bytes.size(), " bytes (a safetensors file has 8 or more)");
    uint64_t header_bytes = 0;
    std::memcpy(&header_bytes, bytes.data(), length_bytes);
    if (header_bytes > max_header_bytes || header_bytes > bytes.size() - length_bytes)
        throw user_error(file, ": header of ", header_bytes, " bytes in a file of ", bytes.size(),
                         " (truncated, or not safetensors)");
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + length_bytes, header_bytes);
    const std::span<const std::byte> data = bytes.subspan(length_bytes + header_bytes);
    const std::string where = file + ": header";
    const json header = parse_json(text, where);
    std::map<std::string, Tensor> tensors;
    const JsonObject checked(header, where);
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") continue;
        tensors.emplace(name, read_tensor(JsonObject(entry, file + ": tensor '" + name + "'"), name, data));
    }
    check_packing(tensors, data, file);
    return tensors;
}

struct MappedFile::Region {
    boost::interprocess::mapped_region region;
};

MappedFile::MappedFile(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) throw user_error(file.string(), ": cannot be read");
    if (!std::filesystem::is_regular_file(file, error)) throw user_error(file.string(), ": is not a file");
    if (std::filesystem::file_size(file, error) == 0) throw user_error(file.string(), ": is empty");
    try {
        const boost::interprocess::file_mapping mapping(file.c_str(), boost::interprocess::read_only);
        region_ = std::make_unique<Region>(Region{{mapping, boost::interprocess::read_only}});
    } catch (const boost::interprocess::interprocess_exception&) {
        throw user_error(file.string(), ": cannot be read");
    }
    bytes_ = {static_cast<const std::byte*>(region_->region.get_address()), region_->region.get_size()};
}

MappedFile::~MappedFile() = default;

void write_safetensors(const std::filesystem::path& file, const std::vector<Tensor>& tensors) {
    json header = json::object();
    uint64_t offset = 0;
    for (const Tensor& tensor : tensors) {
        const uint64_t end = offset + tensor.bytes.size();
        header[tensor.name] = {
            {"dtype", dtype_name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // aligned data, as the format recommends
    const uint64_t header_bytes = text.size();
    const std::filesystem::path fresh = file.string() + ".part";  // renamed at the end: `file` may be mapped right now
    std::ofstream stream(fresh, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(&header_bytes), length_bytes);
    stream.write(text.data(), std::streamsize(text.size()));
    for (const Tensor& tensor : tensors)
        stream.write(reinterpret_cast<const char*>(tensor.bytes.data()), std::streamsize(tensor.bytes.size()));
    stream.close();
    std::error_code failed;
    if (stream) std::filesystem::rename(fresh, file, failed);
    if (!stream || failed) throw user_error(file.string(), ": cannot be written");
}

}  // namespace superlane

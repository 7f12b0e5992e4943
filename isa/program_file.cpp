// SPDX-License-Identifier: Apache-2.0
// Reading and writing the binary program file; nothing in the bytes is trusted before it is checked.
#include "isa/program_file.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <type_traits>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "isa/validate.hpp"

namespace superlane::isa {
namespace {

constexpr char magic[8] = {'S', 'L', 'P', 'R', 'O', 'G', 'R', '\n'};
constexpr uint32_t version = 1;
constexpr size_t hash_size = 64;
constexpr size_t header_size = sizeof magic + sizeof version + sizeof(uint64_t) + hash_size;

class Writer {
public:
    void bytes(const void* data, size_t size) {
        const size_t at = out_.size();
        out_.resize(at + size);
        if (size > 0) std::memcpy(out_.data() + at, data, size);
    }
    template <class T>
    requires std::is_trivially_copyable_v<T>
    void number(T value) { bytes(&value, sizeof value); }
    void text(std::string_view value) {
        number(uint32_t(value.size()));
        bytes(value.data(), value.size());
    }
    template <class T>
    void list(const std::vector<T>& values) {
        number(uint64_t(values.size()));
        bytes(values.data(), values.size() * sizeof(T));
    }
    std::vector<uint8_t> take() { return std::move(out_); }

private:
    std::vector<uint8_t> out_;
};

/// Every length is compared with what is left before anything is allocated.
class Reader {
public:
    Reader(std::span<const uint8_t> bytes, std::string_view name) : left_(bytes), name_(name) {}

    void bytes(void* to, size_t size) {
        need(size, 1);
        if (size > 0) std::memcpy(to, left_.data(), size);
        left_ = left_.subspan(size);
    }
    template <class T>
    T number() {
        T value{};
        bytes(&value, sizeof value);
        return value;
    }
    std::string text() {
        const uint32_t size = number<uint32_t>();
        need(size, 1);
        std::string value(size, '\0');
        bytes(value.data(), size);
        return value;
    }
    template <class T>
    std::vector<T> list() {
        const uint64_t size = number<uint64_t>();
        need(size, sizeof(T));
        std::vector<T> values(size);
        bytes(values.data(), size * sizeof(T));
        return values;
    }
    /// A count of records that take at least `least` bytes each.
    uint64_t count(size_t least) {
        const uint64_t size = number<uint64_t>();
        need(size, least);
        return size;
    }
    size_t left() const { return left_.size(); }

private:
    void need(uint64_t count, size_t each) const {
        if (count > left_.size() / each)
            throw user_error(name_, ": truncated: ", count, " items of ", each, " bytes announced, ", left_.size(),
                             " bytes left");
    }
    std::span<const uint8_t> left_;
    std::string_view name_;
};

std::vector<uint8_t> payload_of(const Program& program) {
    Writer out;
    out.text(program.chip);
    out.text(program.chip_digest);
    const std::vector<int> counts = program.geometry.counts();
    for (int i = 0; i < Geometry::on_chip_counts; ++i) out.number(int32_t(counts[size_t(i)]));
    out.number(uint64_t(program.text.size()));
    for (const auto& queue : program.text) out.list(queue);
    out.number(uint64_t(program.regions.size()));
    for (const Region& region : program.regions) {
        out.text(region.name);
        out.number(uint8_t(region.side));
        out.number(region.slice);
        out.number(region.address);
        out.number(region.words);
    }
    out.number(uint64_t(program.data.size()));
    for (const DataBlock& block : program.data) {
        out.number(uint8_t(block.side));
        out.number(block.slice);
        out.number(block.address);
        out.list(block.bytes);
    }
    out.number(uint64_t(program.lines.size()));
    for (const auto& lines : program.lines) out.list(lines);
    for (size_t i = Geometry::on_chip_counts; i < counts.size(); ++i) out.number(int32_t(counts[i]));
    return out.take();
}

Program program_of(Reader& in, std::string_view name) {
    Program program;
    program.chip = in.text();
    program.chip_digest = in.text();
    std::vector<int> counts;
    for (int i = 0; i < Geometry::on_chip_counts; ++i) counts.push_back(in.number<int32_t>());
    program.text.resize(in.count(sizeof(uint64_t)));
    for (auto& queue : program.text) queue = in.list<Instruction>();
    program.regions.resize(in.count(13));
    for (Region& region : program.regions) {
        region.name = in.text();
        region.side = Side(in.number<uint8_t>());
        region.slice = in.number<uint16_t>();
        region.address = in.number<uint16_t>();
        region.words = in.number<uint32_t>();
    }
    program.data.resize(in.count(13));
    for (DataBlock& block : program.data) {
        block.side = Side(in.number<uint8_t>());
        block.slice = in.number<uint16_t>();
        block.address = in.number<uint16_t>();
        block.bytes = in.list<uint8_t>();
    }
    program.lines.resize(in.count(sizeof(uint64_t)));
    for (auto& lines : program.lines) lines = in.list<uint32_t>();
    const bool dram = in.left() == 2 * sizeof(int32_t);
    for (int i = 0; dram && i < 2; ++i) counts.push_back(in.number<int32_t>());
    program.geometry = Geometry::from_counts(counts);
    if (dram && program.geometry.dram_channels == 0) throw user_error(name, ": a section of DRAM without channels");
    return program;
}

void check_lines(const Program& program, std::string_view name) {
    if (program.lines.empty()) return;
    bool fits = program.lines.size() == program.text.size();
    for (size_t queue = 0; fits && queue < program.lines.size(); ++queue)
        fits = program.lines[queue].empty() || program.lines[queue].size() == program.text[queue].size();
    if (!fits) throw user_error(name, ": assembly lines do not match the instruction text");
}

std::string hash_of(std::span<const uint8_t> payload) { return Digest().bytes(payload.data(), payload.size()).hex(); }

}  // namespace

std::vector<uint8_t> seal_payload(std::span<const uint8_t> payload) {
    Writer out;
    out.bytes(magic, sizeof magic);
    out.number(version);
    out.number(uint64_t(payload.size()));
    out.bytes(hash_of(payload).data(), hash_size);
    out.bytes(payload.data(), payload.size());
    return out.take();
}

std::vector<uint8_t> encode_program(const Program& program) { return seal_payload(payload_of(program)); }

Program decode_program(std::span<const uint8_t> bytes, std::string_view name) {
    if (bytes.size() < sizeof magic || std::memcmp(bytes.data(), magic, sizeof magic) != 0)
        throw user_error(name, ": not a program file (wrong magic)");
    if (bytes.size() < header_size)
        throw user_error(name, ": truncated: ", bytes.size(), " bytes, the header alone takes ", header_size);
    Reader header(bytes.subspan(sizeof magic, header_size - sizeof magic), name);
    const uint32_t found = header.number<uint32_t>();
    if (found != version) throw user_error(name, ": format version ", found, ", this build reads version ", version);
    const uint64_t size = header.number<uint64_t>();
    std::string hash(hash_size, '\0');
    header.bytes(hash.data(), hash_size);
    const std::span<const uint8_t> payload = bytes.subspan(header_size);
    if (payload.size() < size)
        throw user_error(name, ": truncated: ", payload.size(), " bytes after the header, ", size, " announced");
    if (payload.size() > size) throw user_error(name, ": ", payload.size() - size, " bytes after the end");
    if (hash != hash_of(payload)) throw user_error(name, ": content hash does not match: the file is damaged");

    Reader in(payload, name);
    Program program = program_of(in, name);
    if (in.left() != 0) throw user_error(name, ": ", in.left(), " bytes after the last section");
    check_lines(program, name);
    try {
        validate(program, program.geometry);
    } catch (const UserError& error) {
        throw user_error(name, ": ", error.what());
    }
    return program;
}

void save_program(const Program& program, const std::string& path) {
    const std::vector<uint8_t> bytes = encode_program(program);
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    if (!file.flush()) throw user_error(path, ": cannot be written");
}

Program load_program(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw user_error(path, ": cannot be opened");
    const std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    return decode_program(bytes, path);
}

}  // namespace superlane::isa

// SPDX-License-Identifier: Apache-2.0
// Finds the note that linkers write into every program (--build-id) in memory.
#include "base/build_id.hpp"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>

namespace superlane {
namespace {

struct Search {
    uintptr_t address;
    std::string id;
};

std::string hexadecimal(const uint8_t* bytes, size_t size) {
    constexpr const char* digits = "0123456789abcdef";
    std::string text;
    for (size_t i = 0; i < size; ++i) (text += digits[bytes[i] >> 4]) += digits[bytes[i] & 15];
    return text;
}

/// The build id among the notes of one segment, which lie one after the other.
std::string id_among(const uint8_t* notes, size_t size, size_t align) {
    const auto padded = [&](size_t bytes) { return (bytes + align - 1) / align * align; };
    for (size_t at = 0; at + sizeof(ElfW(Nhdr)) <= size;) {
        ElfW(Nhdr) note;
        std::memcpy(&note, notes + at, sizeof note);
        const uint8_t* name = notes + at + sizeof note;
        const uint8_t* content = name + padded(note.n_namesz);
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0)
            return hexadecimal(content, note.n_descsz);
        at += sizeof note + padded(note.n_namesz) + padded(note.n_descsz);
    }
    return "";
}

int look(dl_phdr_info* object, size_t, void* data) {
    auto& search = *static_cast<Search*>(data);
    bool ours = false;
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& part = object->dlpi_phdr[i];
        const uintptr_t begin = object->dlpi_addr + part.p_vaddr;
        ours |= part.p_type == PT_LOAD && search.address >= begin && search.address - begin < part.p_memsz;
    }
    if (!ours) return 0;
    for (int i = 0; i < object->dlpi_phnum && search.id.empty(); ++i) {
        const ElfW(Phdr)& part = object->dlpi_phdr[i];
        if (part.p_type == PT_NOTE)
            search.id = id_among(reinterpret_cast<const uint8_t*>(object->dlpi_addr + part.p_vaddr), part.p_memsz,
                                 part.p_align == 8 ? 8 : 4);
    }
    return 1;
}

}  // namespace

std::string build_id() {
    Search search{reinterpret_cast<uintptr_t>(&build_id), ""};
    dl_iterate_phdr(look, &search);
    return search.id;
}

}  // namespace superlane

// SPDX-License-Identifier: Apache-2.0
// Magic, a header that is a Python literal padded to 64 bytes, then the values.
#include "experiment/npy.hpp"

#include "base/error.hpp"

namespace superlane::experiment {

std::string npy_bytes(std::span<const float> values, const std::vector<int64_t>& shape) {
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
    int64_t count = 1;
    for (const int64_t size : shape) {
        header += std::to_string(size) + ", ";
        count *= size;
    }
    header += "), }";
    SUPERLANE_CHECK(count == int64_t(values.size()), count, values.size());
    constexpr size_t before = 10;  // magic, version, length of the header
    header.append(63 - (before + header.size()) % 64, ' ');
    header += '\n';
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes += char(header.size() & 0xff);
    bytes += char(header.size() >> 8);
    bytes += header;
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    return bytes;
}

}  // namespace superlane::experiment

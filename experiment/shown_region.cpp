// SPDX-License-Identifier: Apache-2.0
// Takes a request apart and reads its regions.
#include "experiment/shown_region.hpp"

#include <algorithm>
#include <bit>

#include "base/error.hpp"
#include "base/half.hpp"

namespace superlane::experiment {
namespace {

struct Request {
    std::vector<const isa::Region*> planes;  ///< byte k of an element
    isa::DType type = isa::DType::U8;
};

const isa::Region& find_region(const std::string& name, const std::string& request, const isa::Program& program) {
    std::vector<std::string> names;
    for (const isa::Region& region : program.regions) {
        if (region.name == name) return region;
        names.push_back(region.name);
    }
    throw user_error("--show ", request, ": the program has no region '", name, "'", nearest_hint(name, names));
}

isa::DType type_named(const std::string& name, const std::string& request) {
    const auto found = std::find(isa::dtype_names.begin(), isa::dtype_names.end(), name);
    if (found == isa::dtype_names.end())
        throw user_error("--show ", request, ": unknown type '", name, "'",
                         nearest_hint(name, {isa::dtype_names.begin(), isa::dtype_names.end()}));
    return isa::DType(found - isa::dtype_names.begin());
}

Request parse(const std::string& request, const isa::Program& program) {
    Request result;
    const size_t equals = request.find('=');
    const std::string names = request.substr(0, equals);
    if (equals != std::string::npos) result.type = type_named(request.substr(equals + 1), request);
    for (size_t begin = 0; begin <= names.size();) {
        const size_t end = std::min(names.find('+', begin), names.size());
        result.planes.push_back(&find_region(names.substr(begin, end - begin), request, program));
        begin = end + 1;
    }
    if (int(result.planes.size()) != isa::dtype_streams(result.type))
        throw user_error("--show ", request, ": an element of ", isa::dtype_names[size_t(result.type)], " has ",
                         isa::dtype_streams(result.type), " bytes, one region each, as in lo+hi=f16; ",
                         result.planes.size(), " named");
    for (const isa::Region* plane : result.planes)
        if (plane->words != result.planes[0]->words)
            throw user_error("--show ", request, ": the regions differ in their number of words");
    return result;
}

double value_of(isa::DType type, uint32_t bits) {
    switch (type) {
        case isa::DType::I8:
            return int8_t(bits);
        case isa::DType::I16:
            return int16_t(bits);
        case isa::DType::I32:
            return int32_t(bits);
        case isa::DType::F16:
            return half_to_float(uint16_t(bits));
        case isa::DType::F32:
            return std::bit_cast<float>(bits);
        default:
            return bits;
    }
}

}  // namespace

void check_shown(const std::string& request, const isa::Program& program) { parse(request, program); }

ShownRegion read_shown(const std::string& request, const isa::Program& program, const sim::Machine& machine) {
    const Request what = parse(request, program);
    ShownRegion shown{request.substr(0, request.find('=')), std::string(isa::dtype_names[size_t(what.type)]), {}};
    const size_t lanes = size_t(machine.chip().lanes());
    std::vector<uint8_t> bytes(lanes);
    for (uint32_t word = 0; word < what.planes[0]->words; ++word) {
        std::vector<uint32_t> bits(lanes, 0);
        for (size_t plane = 0; plane < what.planes.size(); ++plane) {
            const isa::Region& region = *what.planes[plane];
            machine.read(region.side, region.slice, int(region.address + word), bytes);
            for (size_t lane = 0; lane < lanes; ++lane) bits[lane] |= uint32_t(bytes[lane]) << (8 * plane);
        }
        std::vector<double> values(lanes);
        std::transform(bits.begin(), bits.end(), values.begin(),
                       [&](uint32_t one) { return value_of(what.type, one); });
        shown.words.push_back(std::move(values));
    }
    return shown;
}

}  // namespace superlane::experiment

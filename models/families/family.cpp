// SPDX-License-Identifier: Apache-2.0
// The table of families, one row each in families.def.
#include "models/families/family.hpp"

#include <string_view>

#include "base/error.hpp"

namespace superlane::families {

const std::vector<const Family*>& all_families() {
    static const std::vector<const Family*> families{
#define FAMILY(name) &name,
#include "models/families/families.def"
#undef FAMILY
    };
    return families;
}

const Family& family_of(const LlmConfig& llm) {
    for (const Family* family : all_families())
        if (std::string_view(family->name) == llm.family) return *family;
    SUPERLANE_CHECK(false, "no family", llm.family);
    return llama;
}

}  // namespace superlane::families

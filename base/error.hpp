// SPDX-License-Identifier: Apache-2.0
// Errors: a mistake of the user (one clear line, exit code 2) apart from a bug of ours (a check that stays on in release).
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace superlane {

/// A mistake a user can make and mend: what() is one line that names file, key or line, value, what is allowed.
class UserError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Joins its arguments into one UserError line: throw user_error(file, ": key '", key, "' ...").
template <class... Parts>
UserError user_error(const Parts&... parts) {
    std::ostringstream line;
    (line << ... << parts);
    return UserError(line.str());
}

/// A bug of ours. Thrown by SUPERLANE_CHECK; the command line reports it with exit code 70.
class InternalError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

template <class... Parts>
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const Parts&... parts) {
    std::ostringstream text;
    text << file << ':' << line << ": check failed: " << condition;
    ((text << ' ' << parts), ...);
    throw InternalError(text.str());
}

#define SUPERLANE_CHECK(condition, ...) \
    do { \
        if (!(condition)) [[unlikely]] \
            ::superlane::check_failed(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__); \
    } while (false)

/// The candidate with the smallest edit distance to `name`; empty when none is close enough to be meant.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// " (nearest: 'x')", or "" when nothing is near: the tail of an unknown-name message.
std::string nearest_hint(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace superlane

// SPDX-License-Identifier: Apache-2.0
// Errors: a mistake of the user (one clear line, exit code 2) apart from a bug of ours (a check that stays on in
// release).
#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace superlane {

/// A mistake a user can make and mend: what() is one line that names file, key or line, value, what is allowed.
class UserError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A text, character or number of a line, printed as a stream would. Lines are joined out of line: they are many, and
/// streams are dear to compile.
class LinePart {
public:
    LinePart(std::string_view text) : text_(text) {}
    LinePart(const std::string& text) : text_(text) {}
    LinePart(const char* text) : text_(text) {}
    LinePart(char character) : kind_(Kind::character), integer_(character) {}
    LinePart(std::signed_integral auto number) : kind_(Kind::integer), integer_(number) {}
    LinePart(std::unsigned_integral auto number) : kind_(Kind::natural), integer_(int64_t(number)) {}
    LinePart(std::floating_point auto number) : kind_(Kind::real), real_(double(number)) {}
    void append_to(std::string& line) const;

private:
    enum class Kind : uint8_t { text, character, integer, natural, real };
    Kind kind_ = Kind::text;
    std::string_view text_;
    int64_t integer_ = 0;
    double real_ = 0;
};

UserError joined_user_error(std::initializer_list<LinePart> parts);
[[noreturn]] void joined_check_failed(const char* file, int line, const char* condition,
                                      std::initializer_list<LinePart> values);

/// Joins its arguments into one UserError line: throw user_error(file, ": key '", key, "' ...").
template <class... Parts>
UserError user_error(const Parts&... parts) {
    return joined_user_error({LinePart(parts)...});
}

/// A bug of ours. Thrown by SUPERLANE_CHECK; the command line reports it with exit code 70.
class InternalError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

template <class... Values>
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const Values&... values) {
    joined_check_failed(file, line, condition, {LinePart(values)...});
}

#define SUPERLANE_CHECK(condition, ...)                                                           \
    do {                                                                                          \
        if (!(condition)) [[unlikely]]                                                            \
            ::superlane::check_failed(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__); \
    } while (false)

/// The candidate with the smallest edit distance to `name`; empty when none is close enough to be meant.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// " (nearest: 'x')", or "" when nothing is near: the tail of an unknown-name message.
std::string nearest_hint(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace superlane

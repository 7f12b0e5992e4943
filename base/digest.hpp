// SPDX-License-Identifier: Apache-2.0
// SHA-256 of bytes in the order they are fed: the identity of programs, configurations and results.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace superlane {

class Digest {
public:
    Digest();
    ~Digest();
    Digest(Digest&&) noexcept;
    Digest& operator=(Digest&&) noexcept;

    Digest& bytes(const void* data, size_t size);
    /// Text is fed with its length, so that ("ab","c") and ("a","bc") differ.
    Digest& text(std::string_view value);
    template <class Number>
        requires std::is_arithmetic_v<Number>
    Digest& number(Number value) {
        return bytes(&value, sizeof value);  // little-endian hosts only, checked in digest.cpp
    }
    template <class Number>
    Digest& numbers(std::span<const Number> values) {
        return bytes(values.data(), values.size_bytes());
    }
    /// 64 lower-case hexadecimal digits. The digest is finished by this call.
    std::string hex();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace superlane

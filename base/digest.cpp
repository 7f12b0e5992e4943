// SPDX-License-Identifier: Apache-2.0
// SHA-256 by OpenSSL's EVP interface.
#include "base/digest.hpp"

#include <openssl/evp.h>

#include <bit>

#include "base/error.hpp"

namespace superlane {

static_assert(std::endian::native == std::endian::little, "digests and files are little-endian");

struct Digest::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~State() { EVP_MD_CTX_free(context); }
};

Digest::Digest() : state_(std::make_unique<State>()) {
    SUPERLANE_CHECK(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

Digest& Digest::bytes(const void* data, size_t size) {
    SUPERLANE_CHECK(state_ != nullptr, "digest already finished");
    SUPERLANE_CHECK(EVP_DigestUpdate(state_->context, data, size) == 1);
    return *this;
}

Digest& Digest::text(std::string_view value) {
    number<uint64_t>(value.size());
    return bytes(value.data(), value.size());
}

std::string Digest::hex() {
    SUPERLANE_CHECK(state_ != nullptr, "digest already finished");
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    SUPERLANE_CHECK(EVP_DigestFinal_ex(state_->context, hash, &size) == 1);
    state_.reset();
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (unsigned int i = 0; i < size; ++i) {
        out += digits[hash[i] >> 4];
        out += digits[hash[i] & 15];
    }
    return out;
}

}  // namespace superlane

// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without libFuzzer: every file of a corpus folder, then seeded mutations of each, the same each
// time.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int mutations_per_file = 1500;

using Bytes = std::vector<uint8_t>;

struct Input {
    std::string name;
    Bytes bytes;
};

/// mt19937_64 is fixed by the standard; its distributions are not, so remainders are taken by hand.
class Mutator {
public:
    Bytes mutate(const Bytes& seed, const std::vector<Input>& corpus) {
        Bytes bytes = seed;
        for (uint64_t changes = 1 + below(4); changes > 0; --changes) change(bytes, corpus);
        return bytes;
    }

private:
    uint64_t below(uint64_t limit) { return limit == 0 ? 0 : random_() % limit; }

    void change(Bytes& bytes, const std::vector<Input>& corpus) {
        const size_t at = size_t(below(bytes.size() + 1));
        const size_t rest = bytes.size() - at, length = size_t(below(std::min<size_t>(rest, 16) + 1));
        const auto place = bytes.begin() + std::ptrdiff_t(at);
        static const std::string interesting = "{}[]\",:-0123456789\\ \n\xff\x00\x80";
        switch (below(7)) {
            case 0:
                if (rest > 0) bytes[at] ^= uint8_t(1u << below(8));
                break;
            case 1:
                if (rest > 0) bytes[at] = uint8_t(interesting[size_t(below(interesting.size()))]);
                break;
            case 2:
                bytes.insert(place, uint8_t(interesting[size_t(below(interesting.size()))]));
                break;
            case 3:
                bytes.erase(place, place + std::ptrdiff_t(length));
                break;
            case 4:
                bytes.resize(at);
                break;
            case 5: {
                const Bytes copy(place, place + std::ptrdiff_t(length));
                const auto target = bytes.begin() + std::ptrdiff_t(below(bytes.size() + 1));
                bytes.insert(target, copy.begin(), copy.end());
                break;
            }
            default: {  // the tail of another file
                const Bytes& other = corpus[size_t(below(corpus.size()))].bytes;
                bytes.resize(at);
                bytes.insert(bytes.end(), other.begin() + std::ptrdiff_t(std::min(at, other.size())), other.end());
            }
        }
    }

    std::mt19937_64 random_{20200530};
};

std::vector<Input> read_corpus(const std::filesystem::path& folder) {
    std::vector<Input> corpus;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream stream(entry.path(), std::ios::binary);
        corpus.push_back({entry.path().filename().string(), Bytes(std::istreambuf_iterator<char>(stream), {})});
    }
    std::sort(corpus.begin(), corpus.end(), [](const Input& a, const Input& b) { return a.name < b.name; });
    return corpus;
}

/// Runs one input; on an exception keeps it as a file, so that it can join the corpus.
bool survives(const Bytes& bytes, const std::string& name) {
    try {
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
        return true;
    } catch (const std::exception& error) {
        std::printf("%s: %s\n", name.c_str(), error.what());
    }
    std::ofstream("crash-" + name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    return false;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::printf("usage: %s CORPUS_FOLDER\n", arguments[0]);
        return 2;
    }
    const std::vector<Input> corpus = read_corpus(arguments[1]);
    Mutator mutator;
    int runs = 0, failures = 0;
    for (const Input& input : corpus) {
        failures += !survives(input.bytes, input.name);
        for (int i = 0; i < mutations_per_file && failures < 10; ++i, ++runs)
            failures += !survives(mutator.mutate(input.bytes, corpus), input.name + "-" + std::to_string(i));
    }
    std::printf("%zu files, %d mutations, %d failures\n", corpus.size(), runs, failures);
    return corpus.empty() || failures > 0 ? 1 : 0;
}

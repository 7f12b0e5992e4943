// SPDX-License-Identifier: Apache-2.0
// tokenizer.json to a Tokenizer: each component of the file must be one that is known here, or it is an error.
#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "models/json_file.hpp"
#include "models/text/byte_alphabet.hpp"
#include "models/tokenizer.hpp"

namespace superlane {

using nlohmann::json;

namespace {

constexpr int64_t max_tokens = 1 << 20;  // four times the largest published vocabulary
constexpr std::string_view mark = "\xe2\x96\x81";

std::string replaced_marks(std::string_view text) {
    std::string spaced;
    for (size_t cut; (cut = text.find(mark)) != std::string_view::npos; text.remove_prefix(cut + mark.size())) {
        spaced += text.substr(0, cut);
        spaced += ' ';
    }
    return spaced += text;
}

/// "<0x0A>" as its byte; nothing otherwise.
std::optional<char> fallback_byte(const std::string& word) {
    if (word.size() != 6 || !word.starts_with("<0x") || word.back() != '>') return {};
    const std::string digits = word.substr(3, 2);
    if (digits.find_first_not_of("0123456789ABCDEFabcdef") != std::string::npos) return {};
    return char(std::strtol(digits.c_str(), nullptr, 16));
}

}  // namespace

class TokenizerReader {
public:
    TokenizerReader(const json& object, const std::string& file) : file_(object, file) {}

    Tokenizer read() {
        read_model();
        if (file_.has("normalizer")) read_normalizer(component("normalizer"));
        if (file_.has("pre_tokenizer")) read_pre_tokenizer(component("pre_tokenizer"));
        if (file_.has("decoder")) read_decoder(component("decoder"));
        fill_pieces();
        read_added();
        if (file_.has("post_processor")) read_post_processor(component("post_processor"));
        return std::move(t_);
    }

private:
    JsonObject component(const std::string& key) const { return {file_.at(key), file_.where() + ": " + key}; }

    static const json& list(const JsonObject& object, const std::string& key) {
        if (!object.at(key).is_array()) object.fail(key, "is not a list");
        return object.at(key);
    }

    /// The parts of a Sequence component, else the component itself.
    static std::vector<JsonObject> parts(const JsonObject& component, const std::string& key) {
        if (component.text("type") != "Sequence") return {component};
        std::vector<JsonObject> found;
        for (const json& part : list(component, key)) found.emplace_back(part, component.where());
        return found;
    }

    void place(int id) {
        if (size_t(id) >= t_.pieces_.size()) t_.pieces_.resize(size_t(id) + 1), t_.known_.resize(size_t(id) + 1);
        t_.known_[size_t(id)] = true;
    }

    void read_model() {
        const JsonObject model = component("model");
        model.choice("type", {"BPE"});
        for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
            if (!model.text_or(key, "").empty()) model.fail(key, "is not supported (allowed: null or empty)");
        if (model.number_or("dropout", 0, 0, 1) != 0) model.fail("dropout", "is not 0");
        t_.byte_fallback_ = model.boolean_or("byte_fallback", false);
        t_.fuse_unknown_ = model.boolean_or("fuse_unk", false);
        t_.whole_words_ = model.boolean_or("ignore_merges", false);
        read_vocabulary(model);
        if (model.has("unk_token")) t_.unknown_ = word(model, "unk_token", model.text("unk_token"));
        read_merges(model);
    }

    void read_vocabulary(const JsonObject& model) {
        const JsonObject vocabulary(model.at("vocab"), model.where() + ": vocab");
        if (model.at("vocab").empty()) model.fail("vocab", "has no tokens");
        for (const auto& [name, id] : model.at("vocab").items()) {
            const int number = int(vocabulary.integer(name, 0, max_tokens));
            if (size_t(number) < t_.known_.size() && t_.known_[size_t(number)])
                vocabulary.fail(name, "is the id of two tokens");
            t_.words_.emplace(name, number);
            place(number);
        }
    }

    int word(const JsonObject& where, const std::string& key, const std::string& name) const {
        const auto found = t_.words_.find(name);
        if (found == t_.words_.end())
            throw user_error(where.where(), ": ", key, ": '", name, "' is not in the vocabulary");
        return found->second;
    }

    /// A merge is "left right", or in newer files ["left", "right"].
    void read_merges(const JsonObject& model) {
        std::vector<Merge> merges;
        for (const json& entry : list(model, "merges")) {
            const std::string key = "merge " + std::to_string(merges.size());
            std::string left, right;
            if (entry.is_string()) {
                const std::string text = entry.get<std::string>();
                const size_t space = text.find(' ');
                left = text.substr(0, space);
                if (space != std::string::npos) right = text.substr(space + 1);
            } else if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
                left = entry[0].get<std::string>();
                right = entry[1].get<std::string>();
            }
            if (left.empty() || right.empty())
                throw user_error(model.where(), ": ", key, ": ", brief(entry), " is not a pair of tokens");
            merges.push_back(
                {word(model, key, left), word(model, key, right), int(merges.size()), word(model, key, left + right)});
        }
        t_.bpe_ = Bpe(std::move(merges));
    }

    void read_normalizer(const JsonObject& normalizer) {
        for (const JsonObject& part : parts(normalizer, "normalizers")) {
            if (part.choice("type", {"Prepend", "Replace"}) == "Prepend") {
                if (part.text("prepend") != mark) part.fail("prepend", "is not '\u2581'");
                t_.prefix_mark_ = Tokenizer::Prefix::always;
            } else if (part.at("pattern") != json{{"String", " "}} || part.text("content") != mark) {
                part.fail("pattern", "is not a replacement of ' ' by '\u2581'");
            }
        }
    }

    void read_pre_tokenizer(const JsonObject& pre_tokenizer) {
        for (const JsonObject& part : parts(pre_tokenizer, "pretokenizers")) {
            const std::string type = part.choice("type", {"ByteLevel", "Split", "Digits", "Metaspace"});
            if (type == "ByteLevel") read_byte_level(part);
            if (type == "Split") read_split(part);
            if (type == "Digits")
                t_.splitters_.push_back(part.boolean_or("individual_digits", false) ? Splitter::digits
                                                                                    : Splitter::digit_runs);
            if (type == "Metaspace") read_metaspace(part);
        }
    }

    void read_byte_level(const JsonObject& part) {
        t_.mapped_bytes_ = true;
        t_.prefix_space_ = part.boolean_or("add_prefix_space", true);
        if (t_.prefix_space_ && !t_.splitters_.empty())
            part.fail("type", "puts a space before every word of another splitter");
        if (part.boolean_or("use_regex", true)) t_.splitters_.push_back(Splitter::gpt2);
    }

    void read_split(const JsonObject& part) {
        part.choice("behavior", {"Isolated"});
        if (part.boolean_or("invert", false)) part.fail("invert", "is not false");
        const std::string pattern = JsonObject(part.at("pattern"), part.where() + ": pattern").text("Regex");
        for (const Splitter splitter : {Splitter::gpt2, Splitter::llama3, Splitter::qwen2}) {
            if (pattern != splitter_pattern(splitter)) continue;
            t_.splitters_.push_back(splitter);
            return;
        }
        part.fail("pattern", "is not an expression known here (allowed: those of GPT-2, Llama 3 and Qwen 2)");
    }

    void read_metaspace(const JsonObject& part) {
        if (part.text_or("replacement", std::string(mark)) != mark) part.fail("replacement", "is not '\u2581'");
        t_.split_marks_ = part.boolean_or("split", true);
        const bool prefix = part.boolean_or("add_prefix_space", true);  // older files have this in place of the scheme
        if (!part.has("prepend_scheme")) {
            t_.prefix_mark_ = prefix ? Tokenizer::Prefix::always : Tokenizer::Prefix::never;
            return;
        }
        const std::string scheme = part.choice("prepend_scheme", {"always", "first", "never"});
        t_.prefix_mark_ = scheme == "always"  ? Tokenizer::Prefix::always
                          : scheme == "first" ? Tokenizer::Prefix::first
                                              : Tokenizer::Prefix::never;
    }

    void read_decoder(const JsonObject& decoder) {
        for (const JsonObject& part : parts(decoder, "decoders")) {
            const std::string type =
                part.choice("type", {"ByteLevel", "Replace", "ByteFallback", "Fuse", "Strip", "Metaspace"});
            if (type == "Strip") {
                if (part.text("content") != " ") part.fail("content", "is not a space");
                t_.strip_spaces_ = int(part.integer_or("start", 0, 0, 16));
                if (part.integer_or("stop", 0, 0, 16) != 0) part.fail("stop", "is not 0");
            }
            if (type == "Metaspace") t_.strip_spaces_ = t_.prefix_mark_ == Tokenizer::Prefix::never ? 0 : 1;
            if (type == "Replace" && (part.at("pattern") != json{{"String", mark}} || part.text("content") != " "))
                part.fail("pattern", "is not a replacement of '\u2581' by ' '");
        }
    }

    void fill_pieces() {
        for (const auto& [name, id] : t_.words_) {
            std::string& piece = t_.pieces_[size_t(id)];
            if (t_.mapped_bytes_)
                piece = read_bytes(name).value_or(name);
            else if (const std::optional<char> byte = fallback_byte(name); byte && t_.byte_fallback_)
                piece = std::string(1, *byte);
            else
                piece = replaced_marks(name);
        }
    }

    /// Special tokens decode to nothing; the other added ones to what they say.
    void read_added() {
        if (!file_.has("added_tokens")) return;
        for (const json& entry : list(file_, "added_tokens")) {
            const JsonObject token(entry, file_.where() + ": added_tokens");
            const int id = int(token.integer("id", 0, max_tokens));
            const std::string content = token.text("content");
            if (content.empty()) token.fail("content", "is empty");
            if (token.boolean_or("single_word", false)) token.fail("single_word", "is not supported (allowed: false)");
            place(id);
            t_.pieces_[size_t(id)] = token.boolean_or("special", false) ? "" : content;
            t_.added_.push_back({content, id, token.boolean_or("lstrip", false), token.boolean_or("rstrip", false)});
        }
        std::stable_sort(t_.added_.begin(), t_.added_.end(),
                         [](const auto& a, const auto& b) { return a.content.size() > b.content.size(); });
    }

    void read_post_processor(const JsonObject& post_processor) {
        for (const JsonObject& part : parts(post_processor, "processors"))
            if (part.choice("type", {"TemplateProcessing", "ByteLevel"}) == "TemplateProcessing") read_template(part);
    }

    void read_template(const JsonObject& part) {
        bool text_seen = false;
        for (const json& entry : list(part, "single")) {
            const JsonObject item(entry, part.where() + ": single");
            if (item.has("Sequence")) {
                text_seen = true;
                continue;
            }
            const std::string name = JsonObject(item.at("SpecialToken"), item.where()).text("id");
            std::vector<int>& side = text_seen ? t_.after_ : t_.before_;
            for (const int id : template_ids(part, name)) side.push_back(id);
        }
    }

    std::vector<int> template_ids(const JsonObject& part, const std::string& name) const {
        const JsonObject table(part.at("special_tokens"), part.where() + ": special_tokens");
        const JsonObject token(table.at(name), table.where() + ": " + name);
        std::vector<int> ids;
        for (const json& id : list(token, "ids")) {
            if (!id.is_number_unsigned() || id >= t_.pieces_.size() || !t_.known_[id.get<size_t>()])
                token.fail("ids", "is not a list of known tokens");
            ids.push_back(id.get<int>());
        }
        return ids;
    }

    JsonObject file_;
    Tokenizer t_;
};

Tokenizer Tokenizer::parse(const json& object, const std::string& file) { return TokenizerReader(object, file).read(); }

Tokenizer Tokenizer::load(const std::filesystem::path& file) { return parse(read_json_file(file), file.string()); }

}  // namespace superlane

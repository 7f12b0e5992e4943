# SPDX-License-Identifier: Apache-2.0
# Writes tests/models/data/{byte_level,sentencepiece,metaspace}_{tokenizer,golden}.json with the `tokenizers` package.
import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
CORPUS = [
    "A stream of tokens moves through the chip; the chip moves the stream. It's one vector, then another.",
    "The lanes that we've numbered 0 to 319 read the words and write the words, 12345 times over.",
    "Über den Wolken: naïve façade, crème brûlée.\n\nThere isn't any cache, they'll say.",
]
TEXTS = CORPUS + [
    "", " ", "   ", "hello world", " hello  world ", "Hello\tworld\n\n  next  line\r\n", "it's WE'LL don't I'D",
    "x=3.14159e+00; // 1234567", "日本語とemoji 🙂🙃", "ⅷ ½ ²", "<s>tagged<s> text</s>", "a<pad> b",
    "tabs\t\tand\u00a0nbsp\u3000wide", "▁already marked", "...!!!\n\n\n", "e\u0301 combining",
]


def byte_level():
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<s>", "</s>"]))
    t.add_tokens([AddedToken("<pad>", normalized=False)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", t.token_to_id("<s>"))])
    return t


def sentencepiece(modern):
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if modern:
        t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
    else:
        t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = ["<unk>", "<s>", "</s>"]
    words = trainers.BpeTrainer(vocab_size=150, special_tokens=special, show_progress=False)
    t.train_from_iterator([word for line in CORPUS for word in line.split(" ")], words)
    parsed = json.loads(t.to_str())
    vocabulary = list(parsed["model"]["vocab"])
    vocabulary[3:3] = ["<0x%02X>" % byte for byte in range(256)]
    parsed["model"]["vocab"] = {word: i for i, word in enumerate(vocabulary)}
    t = Tokenizer.from_str(json.dumps(parsed))
    strip = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    t.decoder = decoders.Sequence(strip)
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>" if modern else "<s> $A",
                                                     special_tokens=[("<s>", 1), ("</s>", 2)])
    return t


folder = pathlib.Path(__file__).parent.parent / "tests/models/data"
folder.mkdir(parents=True, exist_ok=True)
for name, tokenizer in [("byte_level", byte_level()), ("sentencepiece", sentencepiece(False)),
                        ("metaspace", sentencepiece(True))]:
    (folder / f"{name}_tokenizer.json").write_text(tokenizer.to_str() + "\n")
    golden = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        golden.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)})
    (folder / f"{name}_golden.json").write_text(json.dumps(golden, indent=1) + "\n")

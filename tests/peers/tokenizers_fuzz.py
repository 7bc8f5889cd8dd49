"""Random text through this program and through the library `tokenizers`: equal ids and equal text, with and without special tokens.

usage: tokenizers_fuzz.py PROGRAM [STRINGS [SEED [NAME…]]]    STRINGS for each of the tokenizers, 500 if not given; NAMEs of tokenizers, else all
The tokenizers are those of tests/golden/hf and, made here from one of them, kinds that these do not have. Beside random strings, characters of all
of Unicode are tried in the company that pre-tokenizers and NFC look at: every one if STRINGS is 10000 or more, else one of 32.
Prints "skipped: …" where tokenizers is not installed; TINYZERO_PEERS names a Python that has it.
"""

import copy
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

try:
    import tokenizers
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with tokenizers")
    sys.exit(0)

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "hf"

# ---- tokenizers ----

def added(content, id, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **flags}


def byte_level(**flags):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False, **flags}


def split(expression, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: expression}, "behavior": behavior, "invert": invert}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


GPT4O = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
DEEPSEEK = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def made_kinds(base):
    """Names and tokenizer.json of kinds that the golden folders lack."""
    def kind(**parts):
        out = copy.deepcopy(base)
        out.update(parts)
        return out
    next_id = max(t["id"] for t in base["added_tokens"]) + 1
    odd = [("<lr>", {"lstrip": True, "rstrip": True}), ("<l>", {"lstrip": True}), ("<r>", {"rstrip": True, "special": True}), ("word", {"single_word": True}),
           ("<n>", {"normalized": True}), ("\u00e9A\u030a", {"normalized": True}), ("a\u0301b", {}), ("  ", {}), ("\n\n", {"rstrip": True}), ("wordword", {}),
           ("\u0436", {"single_word": True, "lstrip": True}), ("<n><n>", {"normalized": True, "single_word": True})]
    tokens = base["added_tokens"] + [added(text, next_id + i, **flags) for i, (text, flags) in enumerate(odd)]
    yield "odd_added_tokens", kind(added_tokens=tokens)
    yield "byte_level_regex", kind(normalizer=None, pre_tokenizer=byte_level(use_regex=True, add_prefix_space=True))
    yield "digits", kind(normalizer=None, pre_tokenizer=sequence({"type": "Digits", "individual_digits": True}, byte_level(use_regex=True)))
    yield "digit_runs", kind(pre_tokenizer=sequence({"type": "Digits", "individual_digits": False}, byte_level(add_prefix_space=True)))
    yield "gpt4o", kind(normalizer=None, pre_tokenizer=sequence(split(GPT4O), byte_level()))
    yield "deepseek", kind(pre_tokenizer=sequence(split(r"\p{N}{1,3}"), split(r"[一-龥぀-ゟ゠-ヿ]+"), split(DEEPSEEK), byte_level()))
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for invert in [False, True]:
            yield f"{behavior}_{invert}", kind(normalizer=None, pre_tokenizer=sequence(split(r"\s", behavior, invert), split("a", behavior, False, "String"), byte_level()))
    yield "may_be_empty", kind(normalizer=None, pre_tokenizer=sequence(split(r"\p{N}*|\s?"), split(r"\S(?=\d)|(?<!\p{Lu})\p{Ll}", "MergedWithNext"), byte_level()))
    bos, eos = base["added_tokens"][0], base["added_tokens"][1]
    template = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": bos["content"], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                                                         {"SpecialToken": {"id": eos["content"], "type_id": 0}}],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                "special_tokens": {t["content"]: {"id": t["content"], "ids": [t["id"]], "tokens": [t["content"]]} for t in (bos, eos)}}
    yield "template", kind(post_processor={"type": "Sequence", "processors": [byte_level(), template]})
    yield from byte_fallback_kinds()


def byte_fallback_kinds():
    """As of Llama 2 and Mistral, in the old form with normalizers and the new one with Metaspace; and Gemma's."""
    mark = "\u2581"
    words = ["the", "number", "of", "42", "\u00e9t\u00e9", "Stra\u00dfe", "\u4f60\u597d", "\ud55c\uad6d", "ab", "abc", "aa", "aaaa", "\n\n"]
    vocab = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    merges = []
    for character in sorted(set("".join(words)) | set("abcdefghijklmnopqrstuvwxyz0123456789 .,!'" + mark) - {" "}):
        vocab.append(character)
    for word in words + [mark + w for w in words] + [mark * 2, mark * 4]:
        for end in range(2, len(word) + 1):
            if word[:end] not in vocab:
                vocab.append(word[:end])
            if (word[:end - 1], word[end - 1]) not in merges:
                merges.append((word[:end - 1], word[end - 1]))
    random.Random(1).shuffle(merges)
    model = {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True,
             "byte_fallback": True, "ignore_merges": False, "vocab": {t: i for i, t in enumerate(vocab)}, "merges": [list(m) for m in merges]}
    replace = {"type": "Replace", "pattern": {"String": mark}, "content": " "}
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    decoder = {"type": "Sequence", "decoders": [replace, {"type": "ByteFallback"}, {"type": "Fuse"}, strip]}
    begin = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
             "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
             "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}
    base = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [added(vocab[i], i, special=True) for i in range(3)],
            "normalizer": None, "pre_tokenizer": None, "post_processor": begin, "decoder": decoder, "model": model}
    to_mark = {"type": "Replace", "pattern": {"String": " "}, "content": mark}
    yield "llama2", {**base, "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": mark}, to_mark]}}
    for scheme in ["first", "always", "never"]:
        for cut in [False, True]:
            yield f"metaspace_{scheme}_{cut}", {**base, "pre_tokenizer": {"type": "Metaspace", "replacement": mark, "prepend_scheme": scheme, "split": cut}}
    yield "gemma", {**base, "normalizer": to_mark, "pre_tokenizer": split(" ", "MergedWithPrevious", False, "String"), "decoder":
                    {"type": "Sequence", "decoders": [replace, {"type": "ByteFallback"}, {"type": "Fuse"}]},
                    "added_tokens": base["added_tokens"] + [added("<mask>", len(vocab), lstrip=True, normalized=True)]}


# ---- text ----

# Python may not know all characters, so those without a category are tried, too.
CHARACTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000 and not 0xE000 <= code < 0xF800 and not 0xF0100 <= code]


class Text:
    def __init__(self, tokens, seed):
        self.random = random.Random(seed)
        marks = [c for c in CHARACTERS if unicodedata.combining(c)]
        self.kinds = [
            lambda: self.random.choice("abcdefghijklmnopqrstuvwxyzABCXYZ"), lambda: self.random.choice("0123456789"), lambda: self.random.choice(" \t\n\r"),
            lambda: " " * self.random.randint(1, 5), lambda: self.random.choice(["\u00a0", "\u2003", "\u3000", "\u0085", "\u180e", "\u200b", "\u2028", "\x0b", "\x1c"]),
            lambda: self.random.choice(marks), lambda: self.random.choice("ae\u00e9\u0041\u1100\u1161\u11a8\u0b47\u0b3e\uac00"),
            lambda: chr(self.random.randint(0xAC00, 0xD7A3)), lambda: self.random.choice(["\U0001f600", "\U0001f44d\U0001f3fd", "\U0001f1e9", "\u200d", "\ufe0f"]),
            lambda: chr(self.random.randint(0, 0x1F)), lambda: self.random.choice(CHARACTERS), lambda: self.random.choice(tokens),
            lambda: self.random.choice(tokens)[self.random.randint(0, 3):], lambda: self.random.choice(["'s", "'S", "'\u017f", "'ll", "'LL", "'Re", "\u2019s", "'"]),
            lambda: self.random.choice("!?.,;:/-_*<>|[](){}#@$%&"), lambda: self.random.choice(["the", "number", " word ", "word", "ab", "aaaa", "\u2581", "<0x0A>"]),
            lambda: self.random.choice("\u00b2\u00bd\u0661\u2167\u3007\u096a\u24b6\u1d7d8")]

    def draw(self):
        few = self.random.sample(self.kinds, self.random.randint(1, 6))
        return "".join(self.random.choice(few)() for _ in range(self.random.randint(0, 24)))


# ---- comparison ----

# One of each way through Unicode: NFC and Qwen's expression, Llama's, GPT-2's, categories, \s.
BY_CHARACTER = ["qwen2_tied", "llama_rope_scaled", "byte_level_regex", "digits", "gpt4o", "deepseek", "odd_added_tokens", "Removed_False"]


def ours(program, folder, objects):
    lines = "".join(json.dumps(o) + "\n" for o in objects)
    out = subprocess.run([program, "model", "tokenize", str(folder)], input=lines, capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return [json.loads(line) for line in out.stdout.split("\n") if line]


def compare(program, folder, texts, seed):
    peer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    rng = random.Random(seed)
    for text, line in zip(texts, ours(program, folder, [{"text": t} for t in texts]), strict=True):
        ids = peer.encode(text, add_special_tokens=False).ids
        assert line["ids"] == ids, f"{folder.name}: {text!r} is {ids}, not {line['ids']}"
        whole = peer.encode(text).ids
        assert line["ids_with_special"] == whole, f"{folder.name}: {text!r} is {whole}, not {line['ids_with_special']}"
        for field, skip in [("text", True), ("text_with_special", False)]:
            back = peer.decode(ids, skip_special_tokens=skip)
            assert line[field] == back, f"{folder.name}: {ids} reads {back!r}, not {line[field]!r}"
    size = peer.get_vocab_size()
    lists = [[rng.randrange(size + 3) for _ in range(rng.randint(0, 12))] for _ in range(len(texts) // 4)]
    for ids, line in zip(lists, ours(program, folder, [{"ids": i} for i in lists]), strict=True):
        for field, skip in [("text", True), ("text_with_special", False)]:
            back = peer.decode(ids, skip_special_tokens=skip)
            assert line[field] == back, f"{folder.name}: {ids} reads {back!r}, not {line[field]!r}"


def each_character(seed, stride):
    for character in CHARACTERS[seed % stride::stride]:
        yield f"a{character}b {character} 1{character}\u0301{character}\u0323\n"


def main():
    program, strings, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 500, int(sys.argv[3]) if len(sys.argv) > 3 else 1
    folders = sorted(f for f in GOLDEN.iterdir() if (f / "tokenizer.json").exists())
    with tempfile.TemporaryDirectory() as temporary:
        for name, content in made_kinds(json.loads((GOLDEN / "qwen2_tied" / "tokenizer.json").read_text())):
            folder = pathlib.Path(temporary) / name
            folder.mkdir()
            (folder / "config.json").write_text("{}")
            (folder / "tokenizer.json").write_text(json.dumps(content))
            folders.append(folder)
        if len(sys.argv) > 4:
            folders = [f for f in folders if f.name in sys.argv[4:]]
        for folder in folders:
            tokens = [t["content"] for t in json.loads((folder / "tokenizer.json").read_text())["added_tokens"]]
            text = Text(tokens, f"{seed} {folder.name}")
            compare(program, folder, [text.draw() for _ in range(strings)], seed)
            if folder.name in BY_CHARACTER:
                compare(program, folder, list(each_character(seed, 1 if strings >= 10000 else 32)), seed)
    print(f"{len(folders)} tokenizers, {strings} strings each: equal to tokenizers {tokenizers.__version__}")


main()

"""Conversations through this program and through transformers, which runs a folder's chat template in Jinja: equal token ids.

usage: chat_templates.py PROGRAM
The templates are those of tests/golden/hf and, written here in the manner of published ones, what those vary: white space, suffixes, system
messages, dates, beginning tokens, thinking. Each lies in one of the places of a folder that transformers knows. jinja_templates.py holds the renderer
itself against Jinja. Prints "skipped: …" where transformers is not installed; TINYZERO_PEERS names a Python that has it.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
try:
    import jinja2
    import tokenizers
    import transformers
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with transformers and jinja2")
    sys.exit(0)

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "hf"

DEFAULT_SYSTEM = r"""{%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
{%- else %}
    {{- '<|im_start|>system\nYou are a helpful assistant, made by nobody.<|im_end|>\n' }}
{%- endif %}
{%- for message in messages if message.role != 'system' %}
    {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}"""

REAL_LINE_ENDS = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
Be kind.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}"""

THINKING = r"""{%- for message in messages %}
    {%- set content = message.content %}
    {%- if message.role == 'assistant' and '</think>' in content %}
        {%- set content = content.split('</think>')[-1].lstrip('\n') %}
    {%- endif %}
    {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n<think>\n' }}
{%- endif %}"""


def dated(date):
    return (r"""{{- bos_token }}
{%- set date_string = """ + date + r""" %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{{- "Cutting Knowledge Date: December 2023\n" }}
{{- "Today Date: " + date_string + "\n\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}""")


CHATML = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
ASSISTANT = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
VARIANTS = {
    "default_system": DEFAULT_SYSTEM,
    "real_line_ends": REAL_LINE_ENDS,
    "thinking": THINKING,
    "yi": "{% if messages[0]['role'] == 'system' %}{% set sys = messages[0]['content'] %}{{ sys }}{% endif %}{% for m in messages %}{% if m['role'] == 'user' %}"
          "{{ '<|im_start|>user\\n' + m['content'] + '<|im_end|>\\n<|im_start|>assistant\\n' }}{% elif m['role'] == 'assistant' %}{{ m['content'] + '<|im_end|>\\n' }}{% endif %}{% endfor %}",
    "no_line_end": CHATML.replace("<|im_end|>\\n", "<|im_end|>") + ASSISTANT,
    "refuses_system": "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHATML + ASSISTANT,
    "opens_thinking": CHATML + ASSISTANT.replace("{% endif", "{{ '<think>\\n' }}{% endif"),
    "empty_thinking": CHATML + ASSISTANT.replace("assistant\\n", "assistant\\n<think>\\n\\n</think>\\n\\n"),
    "prefill": CHATML + ASSISTANT.replace("assistant\\n", "assistant\\nLet me solve this step by step.\\n<think>"),
    "hermes": "{{bos_token}}" + CHATML + ASSISTANT,
    "suffix": CHATML + "<|im_start|>user\nAnswer briefly.<|im_end|>\n" + ASSISTANT,
    "trimmed": CHATML.replace("m['content']", "m['content'] | trim") + ASSISTANT,
    "eos_token": "{% for m in messages %}{{ m.role ~ ': ' ~ m.content ~ eos_token }}\n{% endfor %}assistant:",
    "alternating": "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
                   "{{ '<|im_start|>' ~ m.role ~ '\\n' ~ m.content ~ '<|im_end|>' }}{% endfor %}" + ASSISTANT,
    "no_system_text": "{% if messages[0].role == 'system' and not messages[0].content %}<|im_start|>system\nnothing<|im_end|>\n{% endif %}" + CHATML + ASSISTANT,
}


def folders(temporary):
    yield from sorted(f for f in GOLDEN.iterdir() if (f / "tokenizer.json").exists())
    cases = [(name, "qwen3_untied", jinja) for name, jinja in VARIANTS.items()]
    cases += [("dated", "llama_rope_scaled", dated('"26 Jul 2024"')), ("today", "llama_rope_scaled", dated('strftime_now("%d %b %Y")'))]
    for index, (name, base, jinja) in enumerate(cases):
        folder = pathlib.Path(temporary) / name
        shutil.copytree(GOLDEN / base, folder)
        path = folder / "tokenizer_config.json"
        config = json.loads(path.read_text())
        config |= {"bos_token": "<|im_start|>", "eos_token": {"content": "<|im_end|>", "__type": "AddedToken"}} if base == "qwen3_untied" else {}
        # A file, a text of the configuration, or a list of it.
        config["chat_template"] = [None, jinja, [{"name": "tool_use", "template": "x"}, {"name": "default", "template": jinja}]][index % 3]
        path.write_text(json.dumps(config))
        if index % 3 == 0:
            (folder / "chat_template.jinja").write_text(jinja)
        elif (folder / "chat_template.jinja").exists():
            (folder / "chat_template.jinja").unlink()
        yield folder


def rendered(peer, messages):
    """The text, or nothing where the template refuses the conversation."""
    try:
        return peer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except jinja2.exceptions.TemplateError:
        return None


def check(program, folder, system):
    """Turns whose prompts are equal; 0 if both refuse the conversation."""
    said = ["hello", " 2 + 2? ", "<think>x</think> caf\u00e9 \u4f60\u597d\u3000", "Bye<|im_end|>"]
    command = [program, "model", "chat", str(folder), "--json", "--max-tokens", "6", "--seed", "3"] + (["--system", system] if system is not None else [])
    out = subprocess.run(command, input="\n".join(said), capture_output=True, text=True)
    peer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    messages = [{"role": "system", "content": system}] if system is not None else []
    if rendered(peer, messages + [{"role": "user", "content": said[0]}]) is None:
        assert out.returncode == 2 and "it refuses the conversation" in out.stderr and not out.stdout, f"{folder.name}: {out.stdout} {out.stderr}"
        return 0
    assert out.returncode == 0, f"{folder.name}: {out.stderr}"
    answers = [json.loads(line) for line in out.stdout.split("\n") if line]
    assert [a["user"] for a in answers] == said, out.stdout
    for answer in answers:
        messages.append({"role": "user", "content": answer["user"]})
        expected = tokenizer.encode(rendered(peer, messages), add_special_tokens=False).ids
        assert answer["prompt_ids"] == expected, f"{folder.name}: {tokenizer.decode(answer['prompt_ids'], False)!r} is not {tokenizer.decode(expected, False)!r}"
        ids = answer["ids"][:-1] if answer["end"] == "eos" else answer["ids"]
        assert answer["text"] == tokenizer.decode(ids), f"{folder.name}: {ids} reads {tokenizer.decode(ids)!r}, not {answer['text']!r}"
        messages.append({"role": "assistant", "content": answer["text"]})
    return len(answers)


with tempfile.TemporaryDirectory() as temporary:
    turns = [check(sys.argv[1], folder, system) for folder in folders(temporary) for system in [None, "", " Be brief. "]]
print(f"{sum(turns)} prompts equal to transformers', {turns.count(0)} conversations refused by both")

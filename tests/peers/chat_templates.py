"""Conversations through this program and through Jinja, which runs a folder's template as transformers does: equal token ids.

usage: chat_templates.py PROGRAM
The templates are those of tests/golden/hf and, written here in the manner of the real ones, what Qwen and Llama vary.
Prints "skipped: …" where tokenizers or jinja2 is not installed; TINYZERO_PEERS names a Python that has them.
"""

import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import jinja2.sandbox
    import tokenizers
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with tokenizers and jinja2")
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


def folders(temporary):
    yield from sorted(f for f in GOLDEN.iterdir() if (f / "tokenizer.json").exists())
    for name, base, jinja in [("default_system", "qwen2_tied", DEFAULT_SYSTEM), ("real_line_ends", "qwen3_bf16", REAL_LINE_ENDS),
                              ("thinking", "qwen3_untied", THINKING), ("dated", "llama_rope_scaled", dated('"26 Jul 2024"')),
                              ("today", "llama_rope_scaled", dated('strftime_now("%d %b %Y")'))]:
        folder = pathlib.Path(temporary) / name
        shutil.copytree(GOLDEN / base, folder)
        (folder / "chat_template.jinja").write_text(jinja)
        yield folder


def rendered(folder, messages):
    config = json.loads((folder / "tokenizer_config.json").read_text())
    file = folder / "chat_template.jinja"
    jinja = file.read_text() if file.exists() else config["chat_template"]
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return environment.from_string(jinja).render(messages=messages, add_generation_prompt=True, bos_token=config.get("bos_token") or "")


def check(program, folder, system):
    said = ["hello", " 2 + 2? ", "<think>x</think> caf\u00e9 \u4f60\u597d", "Bye<|im_end|>"]
    command = [program, "model", "chat", str(folder), "--json", "--max-tokens", "6", "--seed", "3"] + (["--system", system] if system else [])
    out = subprocess.run(command, input="\n".join(said), capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    peer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    messages = [{"role": "system", "content": system}] if system else []
    answers = [json.loads(line) for line in out.stdout.split("\n") if line]
    assert [a["user"] for a in answers] == said, out.stdout
    for answer in answers:
        messages.append({"role": "user", "content": answer["user"]})
        expected = peer.encode(rendered(folder, messages), add_special_tokens=False).ids
        assert answer["prompt_ids"] == expected, f"{folder.name}: {peer.decode(answer['prompt_ids'], False)!r} is not {peer.decode(expected, False)!r}"
        ids = answer["ids"][:-1] if answer["end"] == "eos" else answer["ids"]
        assert answer["text"] == peer.decode(ids), f"{folder.name}: {ids} reads {peer.decode(ids)!r}, not {answer['text']!r}"
        messages.append({"role": "assistant", "content": answer["text"]})
    return len(answers)


with tempfile.TemporaryDirectory() as temporary:
    turns = sum(check(sys.argv[1], folder, system) for folder in folders(temporary) for system in ["", " Be brief. "])
print(f"{turns} prompts: equal to Jinja's")

"""`tinyzero eval --endpoint` against a server that misbehaves: nothing is lost, nothing counted twice, and the key is written nowhere.

usage: endpoint.py PROGRAM [first words of a test's name]
"""

import collections
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer

sys.dont_write_bytecode = True
sys.path.insert(0, "tests/support")
from endpoint_stub import FAULTS, Stub, changed, completion, product  # noqa: E402

PROGRAM = sys.argv[1]
KEY = "sk-test-5up3rS3cret/Key+with==signs"
TASK = ["--task", "multiplication", "digits=[1, 3]", "wording=long"]
# Faults after which a request is worth repeating.
PASSING = sorted(set(FAULTS) - {"400", "401", "404", "301", "429 tomorrow", "429 wait", "twice", "slow", "drip", "huge", "filtered"})


def command(stub, *words, model="good-model"):
    return [PROGRAM, "eval", "--endpoint", stub if isinstance(stub, str) else stub.url, "--model", model, *TASK, *words]


def environment(key, more=None):
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and name != "OPENAI_API_KEY"}
    return clean | ({"OPENAI_API_KEY": key} if key else {}) | (more or {})


def run(words, key=KEY, code=0, more=None):
    done = subprocess.run(words, capture_output=True, text=True, env=environment(key, more))
    assert done.returncode == code, f"exit code {done.returncode}, not {code}: {' '.join(words)}\n{done.stdout}\n{done.stderr}"
    assert not key or KEY not in done.stdout + done.stderr, "the key is in the output"
    return done


def report(done):
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def rows(path):
    lines = [json.loads(line) for line in pathlib.Path(path).read_text().split("\n") if line]
    return [line for line in lines if "evaluation" not in line]


def same(a, b, what):
    assert a == b, f"{what}: {a!r} is not {b!r}"


def number_of(prompt):
    return zlib.crc32(prompt.encode())


def knows(prompt):
    return number_of(prompt) % 3 != 0


def sometimes_right(prompt):
    return f"<think>…</think> <answer>{product(prompt) + (0 if knows(prompt) else 1)}</answer>"


def faults_of(prompt):
    """Up to three faults, then a good reply; of the slow ones few, for the sake of time."""
    number = number_of(prompt)
    faults = [PASSING[(number >> (4 * i)) % len(PASSING)] for i in range(number % 4)]
    rare = {0: "slow", 1: "drip", 2: "huge", 3: "429 wait", 4: "twice"}.get(number // 4 % 150)
    return faults + [rare] if rare else faults


def misbehave(prompt, attempt):
    faults = faults_of(prompt)
    return faults[attempt - 1] if attempt <= len(faults) else "ok"


def check_complete(path, model="good-model"):
    """1,000 problems, each with one answer, which is the one the server gave; the expected accuracy."""
    answers = [row for row in rows(path) if row["model"] == model and not row.get("failed")]
    same(len(answers), 1000, "answers")
    same(sorted(row["problem"] for row in answers), list(range(1000)), "problems")
    same(len({row["prompt"] for row in answers}), 1000, "different prompts")
    for row in answers:
        same(row["completion"], sometimes_right(row["prompt"]), "completion")
        same(row["reward"] == 1, knows(row["prompt"]), "verdict of " + row["prompt"])
    return sum(knows(row["prompt"]) for row in answers) / 1000


def test_thousand_problems_with_every_fault(folder):
    stub = Stub(misbehave, sometimes_right)
    path = folder / "answers.jsonl"
    words = command(stub, "--problems", "1000", "--concurrency", "32", "--timeout", "1", "--save", str(path), "--json")
    result = report(run(words))[0]
    same(result["accuracy"], check_complete(path), "accuracy")
    same((result["completions"], result["judged"], result["failed"]), (1000, 1000, 0), "counts")
    same(stub.early, [], "requests before Retry-After was over")
    met = collections.Counter(fault for prompt in stub.attempts for fault in faults_of(prompt))
    for fault in [*PASSING, "slow", "drip", "huge", "429 wait", "twice"]:
        assert met[fault] > 0, f"no request met the fault {fault}"
    asked = len(stub.requests)
    again = report(run(words))[0]
    same(len(stub.requests), asked, "requests of a second call")
    same(again, result, "report of a second call")


def test_killed_and_resumed(folder):
    stub = Stub(lambda prompt, attempt: "ok" if attempt > 1 or number_of(prompt) % 5 else "cut", sometimes_right, delay=0.02)
    path = folder / "answers.jsonl"
    words = command(stub, "--problems", "1000", "--concurrency", "8", "--save", str(path), "--json")
    for enough in (150, 400, 700):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(KEY))
        while path.read_bytes().count(b"\n") < enough if path.exists() else True:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with open(path, "ab") as file:
        file.write(b'{"model":"good-model","prob')  # as a crash of the machine may leave it
    result = report(run(words))[0]
    same(result["accuracy"], check_complete(path), "accuracy")
    same(len(rows(path)), 1000, "lines")
    twice = sum(count - 1 for count in stub.good.values())
    assert twice <= 3 * 8, f"{twice} answers were asked again after 3 kills with 8 requests at a time"


def test_failures_are_counted_but_are_no_wrong_answers(folder):
    stub = Stub(lambda prompt, attempt: {0: "400", 1: "500"}.get(number_of(prompt) % 20, "ok"))
    path = folder / "answers.jsonl"
    words = command(stub, "--problems", "200", "--retries", "1", "--max-failed", "0.5", "--save", str(path), "--json")
    result = report(run(words))[0]
    broken = [row for row in rows(path) if row.get("failed")]
    same(result["accuracy"], 1.0, "accuracy of what was answered")
    same((result["judged"], result["completions"]), (200 - len(broken), 200), "counts")
    same({row["reason"] for row in broken}, {"HTTP 400", "HTTP 500"}, "reasons")
    same(result["outcomes"]["error"], len(broken), "errors")
    stub.plan = lambda prompt, attempt: "ok"  # the server is mended: only these are asked again
    asked = len(stub.requests)
    result = report(run(words))[0]
    same(len(stub.requests) - asked, len(broken), "requests after the repair")
    same((result["judged"], result["completions"], result["failed"]), (200, 200, 0), "counts after the repair")


def test_what_a_filter_takes_away_is_not_judged(folder):
    stub = Stub(lambda prompt, attempt: "filtered" if number_of(prompt) % 10 == 0 else "ok")
    path = folder / "answers.jsonl"
    words = command(stub, "--problems", "100", "--max-failed", "0.5", "--save", str(path), "--json")
    result = report(run(words))[0]
    broken = [row for row in rows(path) if row.get("failed")]
    assert broken and all(row["completion"] == "" for row in broken), broken
    same({row["reason"] for row in broken}, {"finish_reason content_filter"}, "reasons")
    same((result["accuracy"], result["judged"]), (1.0, 100 - len(broken)), "accuracy and counts")
    same(max(stub.attempts.values()), 1, "requests of one prompt")


def test_failed_rows_of_an_older_program_are_asked_again(folder):
    stub = Stub(lambda prompt, attempt: "ok")
    path = folder / "answers.jsonl"
    words = command(stub, "--problems", "20", "--save", str(path), "--json")
    run(words)
    lines = path.read_text().rstrip("\n").split("\n")
    ends = ["error", "abort", "insufficient_system_resource", "content_filter", "MAX_TOKENS"]
    for i, end in enumerate(ends, start=1):  # the first line says what was asked
        lines[i] = json.dumps({**json.loads(lines[i]), "end": end, "completion": "<answer>1</answer> of a failure"})
    path.write_text("".join(line + "\n" for line in lines))
    asked = len(stub.requests)
    result = report(run(words))[0]
    same(len(stub.requests) - asked, 4, "requests for rows that had failed")
    same((result["judged"], result["accuracy"], result["truncated"]), (20, 0.95, 0.05), "the report")


def test_all_names_of_cut_are_cut(folder):
    names = ["length", "model_length", "MAX_TOKENS", "max_tokens", "max_output_tokens", "token_limit", "maxTokens"]
    for interface in ([], ["--completions"]):
        form = {"prompt": ""} if interface else {}
        stub = Stub(lambda prompt, attempt: "ok", lambda prompt: changed(completion(form, "cut"), finish_reason=names[number_of(prompt) % len(names)]))
        result = report(run(command(stub, "--problems", "40", *interface, "--json")))[0]
        same((result["truncated"], result["judged"]), (1, 40), "share of cut answers")
    stub = Stub(lambda prompt, attempt: "ok", lambda prompt: changed(completion({}, "<answer>1</answer>"), finish_reason="banana"))
    done = run(command(stub, "--problems", "10"))
    assert 'note: 10 of 10 answers of good-model: ended with the unknown word "banana"; judged as they are' in done.stdout, done.stdout


def test_text_only_in_the_reasoning_is_said_in_words(folder):
    def thinks(prompt):
        message = {"role": "assistant", "content": None, "reasoning_content": f"<answer>{product(prompt)}</answer>"}
        return changed(completion({}, ""), message=message, finish_reason="length")

    stub = Stub(lambda prompt, attempt: "ok", thinks)
    path = folder / "answers.jsonl"
    words = command(stub, "--problems", "10", "--save", str(path))
    note = "note: 10 of 10 answers of good-model: text only in the reasoning, which is not judged; raise --max-tokens"
    for _ in range(2):  # from the endpoint, and from the file
        text = run(words).stdout
        assert note in text, text
        result = report(run([*words, "--json"]))[0]
        same((result["accuracy"], result["judged"], result["remarks"]), (0, 10, {"text only in the reasoning": 10}), "the report")
    same(len(stub.requests), 10, "requests")


def test_half_a_character_costs_no_answer(folder):
    def halves(prompt):
        text = json.dumps(completion({}, f"HALF <answer>{product(prompt)}</answer>"))
        return text.replace("HALF", r"\ud83d\ude00\ud800").encode()

    stub = Stub(lambda prompt, attempt: "ok", halves)
    path = folder / "answers.jsonl"
    result = report(run(command(stub, "--problems", "10", "--save", str(path), "--json")))[0]
    same((result["accuracy"], result["judged"], len(stub.requests)), (1, 10, 10), "the report")
    assert all(row["completion"].startswith("\U0001f600\ufffd <answer>") for row in rows(path)), rows(path)


class Proxy(HTTPServer):
    """Counts what reaches it, and answers nothing useful."""

    def __init__(self):
        self.seen = []
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class ProxyHandler(BaseHTTPRequestHandler):
    def answer(self):
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        self.send_error(502)

    do_POST = do_GET = do_CONNECT = answer

    def log_message(self, *words):
        pass


def test_nothing_for_this_machine_goes_through_a_proxy(folder):
    proxy = Proxy()
    address = f"http://127.0.0.1:{proxy.server_address[1]}"
    names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    through = {name: address for name in names} | {"no_proxy": ""}
    stub = Stub(lambda prompt, attempt: "ok")
    port = stub.server_address[1]
    hosts = ["127.0.0.1", "localhost", "LOCALHOST", "127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "0.0.0.0"]
    for host in hosts:
        run(command(f"http://{host}:{port}/v1", "--problems", "1", "--retries", "1"), more=through)
    same(len(stub.requests), len(hosts), "requests at the server")
    for host in ["[::1]", "[::ffff:127.0.0.1]", "localhost.", "never.localhost", "127.0.0.9"]:  # served or not, not through the proxy
        subprocess.run(command(f"http://{host}:{port}/v1", "--problems", "1", "--retries", "0"), capture_output=True, env=environment(KEY, through))
    same(proxy.seen, [], "requests at the proxy")
    words = command("http://tinyzero.invalid/v1", "--problems", "1", "--retries", "0")
    done = subprocess.run(words, capture_output=True, text=True, env=environment(KEY, through))
    assert "is not sent to http://tinyzero.invalid/v1, which has no TLS" in done.stderr, done.stderr
    same(proxy.seen, [("http://tinyzero.invalid/v1/chat/completions", None)], "requests at the proxy")
    done = subprocess.run([*words, "--key-env", "OPENAI_API_KEY"], capture_output=True, text=True, env=environment(KEY, through))
    assert "note: the key in OPENAI_API_KEY goes to http://tinyzero.invalid/v1 in clear" in done.stderr, done.stderr


def test_no_redirection_is_followed(folder):
    stub = Stub(lambda prompt, attempt: "ok")

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(307)
            self.send_header("Location", stub.url + "/chat/completions")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    done = run(command(f"http://127.0.0.1:{server.server_address[1]}/v1"), code=2)
    assert "is another place now" in done.stderr, done.stderr
    same(stub.requests, [], "requests at the other place")


def test_too_many_failures_end_it(folder):
    stub = Stub(lambda prompt, attempt: "400" if number_of(prompt) % 3 == 0 else "ok")
    path = folder / "answers.jsonl"
    done = run(command(stub, "--problems", "100", "--save", str(path)), code=1)
    assert "completions failed" in done.stderr and "this prompt is not for me" in done.stderr and "--max-failed" in done.stderr, done.stderr
    assert "the same command asks only what" in done.stderr, done.stderr
    same(done.stdout, "", "output")
    done = run(command(Stub(lambda prompt, attempt: "400"), "--problems", "1000"), code=1)
    assert "of 5 completions failed" in done.stderr, done.stderr
    done = run(command(Stub(lambda prompt, attempt: "429 tomorrow")), code=1)
    assert "asks to wait for 86400 seconds" in done.stderr, done.stderr


def test_key_is_written_nowhere(folder):
    stub = Stub(lambda prompt, attempt: "echo key" if number_of(prompt) % 4 == 0 else "ok", lambda prompt: f"{KEY} <answer>{KEY}</answer>")
    words = command(stub, "--problems", "40", "--retries", "0", "--max-failed", "1", "--save", str(folder / "answers.jsonl"))
    done = run(words)
    run([*words, "--json"])
    assert all(headers.get("authorization") == "Bearer " + KEY for _, headers, _, _ in stub.requests), "the key was not sent"
    assert "\x1b" not in done.stdout + done.stderr, "a server's escape sequence reached the terminal"
    for path in folder.rglob("*"):
        assert KEY.encode() not in path.read_bytes(), f"the key is in {path}"
    assert any("***" in row["completion"] for row in rows(folder / "answers.jsonl")), "the key was not taken out of completions"
    done = run(command(Stub(lambda prompt, attempt: "401")), code=2)
    assert "refuses the key" in done.stderr and "check the key in OPENAI_API_KEY" in done.stderr, done.stderr
    done = run(command(Stub(lambda prompt, attempt: "401")), key=None, code=2)
    assert "set OPENAI_API_KEY" in done.stderr, done.stderr
    done = run(command(stub), key="two words", code=2)
    assert "no header may hold" in done.stderr and "two words" not in done.stderr, done.stderr
    done = run(command("http://user:secret-of-mine@127.0.0.1:1/v1"), code=2)
    assert "secret-of-mine" not in done.stderr, done.stderr


def certificate(folder):
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2", "-keyout",
                           folder / "key.pem", "-out", folder / "cert.pem"], capture_output=True)
    return made.returncode == 0


def test_wrong_addresses_give_one_clear_error(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stub = Stub(lambda prompt, attempt: "ok")
    cases = [
        (f"http://127.0.0.1:{port}/v1", "nothing answers at", "is the server running"),
        ("http://tinyzero.invalid/v1", "the host of http://tinyzero.invalid/v1/chat/completions is not found", "check the address"),
        (stub.url.replace("http:", "https:"), "no trusted connection", "a server without TLS has an http:// address"),
        (Stub(lambda prompt, attempt: "301"), "is another place now", "give that address"),
        ("localhost:8080", "begins with http:// or https://", "for example"),
        (stub.url + "?key=1", "query", "without what follows"),
    ]
    for url, what, hint in cases:
        done = run(command(url), code=2)
        assert what in done.stderr and hint in done.stderr and done.stderr.count("\n") <= 3, done.stderr
    done = run(command(Stub(lambda prompt, attempt: "404"), model="god-model"), code=2)
    assert 'did you mean the model "good-model"?' in done.stderr, done.stderr
    try:
        have = certificate(folder)
    except FileNotFoundError:
        have = False
    if not have:
        print("skipped: a certificate nobody knows, because there is no openssl")
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    stub.socket = context.wrap_socket(stub.socket, server_side=True)
    url = stub.url.replace("http:", "https:").replace("127.0.0.1", "localhost")
    done = run(command(url), code=2)
    assert "no trusted connection" in done.stderr and "certificate" in done.stderr, done.stderr
    before = len(stub.requests)
    run(command(url, "--ca-file", folder / "cert.pem", "--problems", "5"))
    same(len(stub.requests) - before, 5, "requests over TLS")
    assert all(headers["authorization"] == "Bearer " + KEY for _, headers, _, _ in stub.requests[before:]), "the key goes over TLS"


def test_what_is_asked(folder):
    stub = Stub(lambda prompt, attempt: "ok")
    run(command(stub, "--problems", "3", "--samples", "2", "--greedy", "--temperature", "0.7", "--max-tokens", "77", "--seed", "5", "--body",
                "top_p=0.9", "--body", "effort=low", "--body", "max_tokens=null"))
    bodies = [body for _, _, path, body in stub.requests if path == "/v1/chat/completions"]
    same(len(bodies), 9, "requests")
    same(collections.Counter(body["temperature"] for body in bodies), {0.7: 6, 0: 3}, "temperatures")
    same(len({body["seed"] for body in bodies if body["temperature"] > 0}), 6, "seeds")
    assert all(body["top_p"] == 0.9 and body["effort"] == "low" and "max_tokens" not in body for body in bodies), bodies
    assert all(body["model"] == "good-model" and body["messages"][0]["content"].startswith("Multiply ") for body in bodies), bodies
    stub = Stub(lambda prompt, attempt: "ok")
    run(command(stub, "--problems", "2", "--completions", "--template", "base", "--max-tokens", "9"))
    for _, _, path, body in stub.requests:
        same(path, "/v1/completions", "path")
        assert "User: Multiply " in body["prompt"] and body["max_tokens"] == 9 and "seed" not in body, body


def test_rate_limit(folder):
    stub = Stub(lambda prompt, attempt: "ok")
    run(command(stub, "--problems", "12", "--requests-per-minute", "600", "--concurrency", "12"))
    same(len(stub.requests), 12, "requests")
    span = stub.requests[-1][0] - stub.requests[0][0]
    assert span > 11 * 0.1 - 0.1, f"12 requests within {span} s"


def test_one_table_for_several_models(folder):
    stub = Stub(lambda prompt, attempt: "ok", sometimes_right)
    words = command(stub, "--problems", "100", "--model", "other", "--samples", "2", "--save", str(folder / "answers.jsonl"))
    first, second = report(run([*words, "--json"]))
    same((first["model"], second["model"]), ("good-model", "other"), "models")
    same(first["problem_set"], second["problem_set"], "problem set")
    same(second["difference"]["accuracy"], {"mean": 0, "low": 0, "high": 0, "problems": 100}, "difference of equals")
    text = run(words).stdout
    assert "compared with 1" in text and "undecided" in text and "pass@2" in text, text
    same(len(stub.requests), 400, "requests")
    run([*words, "--set", first["problem_set"]])
    done = run([*words, "--set", "0123456789abcdef"], code=2)
    assert "--set asks for 0123456789abcdef" in done.stderr, done.stderr
    done = run([*words, "--temperature", "0.5"], code=2)
    assert "has answers of good-model with temperature 1.0, this evaluation has 0.5" in done.stderr, done.stderr


def main():
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    for name, test in list(globals().items()):
        if not name.startswith("test_" + chosen):
            continue
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            test(pathlib.Path(folder))
        print(f"{name[5:].replace('_', ' ')}: {time.monotonic() - begin:.1f} s", flush=True)


main()

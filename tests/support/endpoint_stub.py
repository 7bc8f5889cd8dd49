"""A server with OpenAI's protocol that misbehaves as it is told. Standard library only.

It multiplies the two numbers of a prompt. What it does to a request is `plan(prompt, attempt)`, attempt from 1: "ok", or a name of FAULTS below.
"""

import collections
import json
import re
import socketserver
import threading
import time

SLOW = 3  # seconds that "slow" and "drip" take


def product(prompt):
    a, b = map(int, re.findall(r"\d+", prompt)[:2])
    return a * b


class Stub(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, plan, answer=None, delay=0.0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.plan, self.delay = plan, delay
        self.answer = answer or (lambda prompt: f"<answer>{product(prompt)}</answer>")
        self.lock = threading.Lock()
        self.attempts = collections.Counter()  # by prompt
        self.good = collections.Counter()  # whole good replies, by prompt
        self.requests = []  # (time, headers, path, body)
        self.refused_at = {}  # prompt -> time of its last 429 with Retry-After
        self.early = []  # prompts that were asked again before that was over
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request, client_address):
        pass  # a client that is killed is part of the test


class Handler(socketserver.StreamRequestHandler):
    timeout = 2  # of a read: what is no HTTP may never end its line

    def handle(self):
        request_line = self.rfile.readline().decode()
        headers = {}
        for line in iter(self.rfile.readline, b"\r\n"):
            if not line:
                return
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        text = self.rfile.read(int(headers.get("content-length", 0)))
        path = request_line.split()[1]
        body = json.loads(text) if text else {}
        stub = self.server
        with stub.lock:
            stub.requests.append((time.monotonic(), headers, path, body))
        if path.endswith("/models"):
            return self.reply(200, {"data": [{"id": "good-model"}, {"id": "other"}]})
        prompt = body["messages"][0]["content"] if "messages" in body else body["prompt"]
        with stub.lock:
            stub.attempts[prompt] += 1
            attempt = stub.attempts[prompt]
            if time.monotonic() < stub.refused_at.get(prompt, 0):
                stub.early.append(prompt)
        time.sleep(stub.delay)
        what = stub.plan(prompt, attempt)
        if what == "ok":
            answer = stub.answer(prompt)  # a text, or a whole reply
            self.reply(200, completion(body, answer) if isinstance(answer, str) else answer)
            with stub.lock:
                stub.good[prompt] += 1
        else:
            FAULTS[what](self, prompt, completion(body, "<answer>1</answer> of a broken reply"), headers)

    def send(self, data):
        self.wfile.write(data)
        self.wfile.flush()

    def head(self, status, length, *lines):
        extra = "".join(line + "\r\n" for line in lines)
        return f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{extra}\r\n".encode()

    def reply(self, status, body, *lines):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send(self.head(status, len(text), *lines) + text)

    # ---- faults ----

    def wait_a_second(self, prompt, good, headers):
        with self.server.lock:
            self.server.refused_at[prompt] = time.monotonic() + 0.95  # Retry-After counts whole seconds, clocks differ a little
        self.reply(429, {"error": {"message": "slow down"}}, "Retry-After: 1")

    def cut(self, prompt, good, headers):
        text = json.dumps(good).encode()
        self.send(self.head(200, len(text)) + text[: len(text) // 2])

    def cut_chunks(self, prompt, good, headers):
        text = json.dumps(good).encode()
        self.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + f"{len(text):x}\r\n".encode() + text[:20])

    def short_length(self, prompt, good, headers):
        text = json.dumps(good).encode()
        self.send(self.head(200, len(text) - 30) + text)

    def long_length(self, prompt, good, headers):
        text = json.dumps(good).encode()
        self.send(self.head(200, len(text) + 30) + text)

    def slow(self, prompt, good, headers):
        time.sleep(SLOW)
        self.reply(200, good)

    def drip(self, prompt, good, headers):
        text = json.dumps(good).encode()
        self.send(self.head(200, len(text)))
        for i in range(len(text)):
            time.sleep(SLOW / len(text))
            self.send(text[i : i + 1])

    def huge(self, prompt, good, headers):
        self.send(self.head(200, 1 << 30))
        for _ in range(1024):
            self.send(b" " * (1 << 20))

    def twice(self, prompt, good, headers):
        """A good reply, and one more that nobody asked for on the same connection."""
        stub = self.server
        right = json.dumps(completion({}, stub.answer(prompt))).encode()
        wrong = json.dumps(good).encode()
        with stub.lock:
            stub.good[prompt] += 1
        self.send(self.head(200, len(right), "Connection: keep-alive") + right + self.head(200, len(wrong)) + wrong)
        time.sleep(0.2)

    def echo_key(self, prompt, good, headers):
        self.reply(500, {"error": {"message": "who are you? " + headers.get("authorization", "") + "\x1b[31m\nred"}})


def changed(reply, **fields):
    """The reply with other fields of its first choice."""
    first, *others = reply["choices"]
    return {**reply, "choices": [{**first, **fields}, *others]}


def ending(word):
    """A whole answer of which the server says that it ended by `word`."""
    return lambda h, p, good, _: h.reply(200, changed(good, finish_reason=word))


FAULTS = {
    "429": lambda h, p, good, _: h.reply(429, {"error": {"message": "slow down"}}),
    "429 nonsense": lambda h, p, good, _: h.reply(429, b"", "Retry-After: soon"),
    "429 wait": Handler.wait_a_second,
    "429 tomorrow": lambda h, p, good, _: h.reply(429, {"error": "quota"}, "Retry-After: 86400"),
    "500": lambda h, p, good, _: h.reply(500, b"<html>oops</html>"),
    "503": lambda h, p, good, _: h.reply(503, {"detail": "loading"}),
    "400": lambda h, p, good, _: h.reply(400, {"error": {"message": "this prompt is not for me"}}),
    "401": lambda h, p, good, headers: h.reply(401, {"error": {"message": "bad key: " + headers.get("authorization", "none")}}),
    "404": lambda h, p, good, _: h.reply(404, {"error": {"message": "no such model"}}),
    "301": lambda h, p, good, _: h.reply(301, b"", "Location: http://127.0.0.1:1/elsewhere"),
    "closed": lambda h, p, good, _: None,
    "cut": Handler.cut,
    "cut chunks": Handler.cut_chunks,
    "short length": Handler.short_length,
    "long length": Handler.long_length,
    "slow": Handler.slow,
    "drip": Handler.drip,
    "huge": Handler.huge,
    "twice": Handler.twice,
    "echo key": Handler.echo_key,
    "not JSON": lambda h, p, good, _: h.reply(200, b'{"choices": [{"message": {"content": "<answer>1</answer>"'),
    "not UTF-8": lambda h, p, good, _: h.reply(200, b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'),
    "nested": lambda h, p, good, _: h.reply(200, b"[" * 1000000),
    "no object": lambda h, p, good, _: h.reply(200, [1, 2]),
    "error in 200": lambda h, p, good, _: h.reply(200, {"error": {"message": "upstream failed"}}),
    "error in choice": lambda h, p, good, _: h.reply(200, changed(good, error={"code": 502, "message": "upstream"})),
    "error beside choice": lambda h, p, good, _: h.reply(200, {**good, "error": "upstream"}),
    "ends in error": ending("error"),
    "ends in abort": ending("abort"),
    "no resources": ending("insufficient_system_resource"),
    "network error": ending("network_error"),
    "filtered": ending("content_filter"),
    "stream": lambda h, p, good, _: h.reply(200, f"data: {json.dumps(good)}\n\ndata: [DONE]\n\n".encode()),
    "empty choices": lambda h, p, good, _: h.reply(200, {"choices": []}),
    "no message": lambda h, p, good, _: h.reply(200, {"choices": [{"index": 0, "finish_reason": "stop"}]}),
    "wrong types": lambda h, p, good, _: h.reply(200, {"choices": [{"message": {"content": 7}, "finish_reason": 3}]}),
    "not HTTP": lambda h, p, good, _: h.send(b"hello\r\n"),
}


def completion(request, text):
    """A reply with `text`, in the form that the request asks for."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    if "prompt" in request:
        choice = {"index": 0, "finish_reason": "stop", "text": text}
    second = {"index": 1, "finish_reason": "stop", "text": "<answer>2</answer>", "message": {"content": "<answer>2</answer>"}}
    return {"choices": [choice, second], "usage": {"completion_tokens": 5}}

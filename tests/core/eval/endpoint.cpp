// What is sent to an endpoint and understood of it. The server in tests/peers/endpoint.py tries the
// rest over a wire.

#include "core/eval/endpoint.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/eval/finish_reason.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/endpoint");

using Kind = EndpointReply::Kind;

namespace {

EndpointReply read(long status, const std::string& body, bool chat = true,
                   const std::string& key = "") {
  EndpointOptions options;
  options.chat = chat;
  options.key = key;
  HttpReply reply;
  reply.status = status;
  reply.body = body;
  return read_reply(options, reply);
}

}  // namespace

TEST_CASE("addresses") {
  CHECK(request_url("http://localhost:8080", true) == "http://localhost:8080/v1/chat/completions");
  CHECK(request_url("http://localhost:8080/", false) == "http://localhost:8080/v1/completions");
  CHECK(request_url("HTTPS://api.example.com/openai/v1/", true) ==
        "https://api.example.com/openai/v1/chat/completions");
  CHECK(request_url("https://a/v1/chat/completions", true) == "https://a/v1/chat/completions");
  CHECK(request_url("https://a/v1/completions", false) == "https://a/v1/completions");
  for (const char* bad :
       {"", "localhost:8080", "ftp://a/v1", "http://", "http:///v1", "http://a b/v1",
        "http://a/v1\n", "http://me:pw@a/v1", "http://a/v1?key=pw", "http://a/v1#pw",
        "http://a:b/v1", "http://a:99999", "http://[::1/v1", "http://a\\@b/v1", "http://a%41/v1"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(request_url(bad, true), Error);
  }
  try {
    request_url("http://me:pw@a/v1", true);
  } catch (const Error& e) {
    CHECK(std::string(e.what()).find("pw") == std::string::npos);
  }
  CHECK_THROWS_AS(request_url("https://a/v1/completions", true), Error);
  CHECK_THROWS_AS(request_url("https://a/v1/chat/completions", false), Error);
  for (const char* url :
       {"https://api.example.com", "http://localhost:1/v1", "http://127.0.0.1/v1",
        "http://[::1]:8080", "http://LocalHost", "http://a.localhost:1", "http://localhost./v1",
        "http://127.9.9.9", "http://0x7f000001", "http://[::ffff:127.0.0.1]:1"})
    CHECK(is_private(url));
  for (const char* url : {"http://api.example.com", "http://127.example.com",
                          "http://192.168.0.1/v1", "http://localhost.example.com"})
    CHECK_FALSE(is_private(url));
}

TEST_CASE("requests") {
  EndpointOptions options;
  options.url = "http://h/v1";
  options.model = "m";
  options.key = "k";
  options.max_tokens = 9;
  const Question question{3, 1, false, 0.5, "what?"};
  const HttpRequest chat = completion_request(options, question);
  CHECK(
      Json::parse(chat.body) ==
      Json::parse(
          R"({"model":"m","messages":[{"role":"user","content":"what?"}],"max_tokens":9,"temperature":0.5})"));
  CHECK(std::find(chat.headers.begin(), chat.headers.end(), "Authorization: Bearer k") !=
        chat.headers.end());
  options.chat = false;
  options.key = "";
  options.seed = 1;
  options.extra = {{"temperature", nullptr}, {"top_p", 0.9}, {"max_tokens", 5}};
  const HttpRequest plain = completion_request(options, question);
  const Json body = Json::parse(plain.body);
  CHECK(body["prompt"] == "what?");
  CHECK(body["top_p"] == 0.9);
  CHECK(body["max_tokens"] == 5);
  CHECK_FALSE(body.contains("temperature"));
  CHECK(body["seed"].get<std::int64_t>() >= 0);
  for (const std::string& header : plain.headers) CHECK_FALSE(header.starts_with("Authorization"));
}

TEST_CASE("completions") {
  const EndpointReply chat = read(
      200,
      R"({"choices":[{"message":{"content":"hi"},"finish_reason":"length"}],"usage":{"completion_tokens":7}})");
  CHECK(chat.kind == Kind::answer);
  CHECK(chat.text == "hi");
  CHECK(chat.end == "length");
  CHECK(chat.tokens == 7);
  const EndpointReply plain = read(
      200, R"({"choices":[{"text":"hi","finish_reason":"stop"}],"usage":{"completion_tokens":-7}})",
      false);
  CHECK(plain.text == "hi");
  CHECK(plain.end == "eos");
  CHECK_FALSE(plain.tokens);
  CHECK(
      read(
          200,
          R"({"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"x"},{"type":"text","text":"b"}]}}]})")
          .text == "ab");
}

TEST_CASE("why a completion ended, in the words of many servers") {
  const std::pair<Finish, std::vector<const char*>> kinds[] = {
      {Finish::ended,
       {"", "stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence", "FINISH_REASON_STOP",
        "completed", "endOfText"}},
      {Finish::cut,
       {"length", "LENGTH", "model_length", "max_tokens", "MAX_TOKENS", "maxTokens", "Max-Tokens",
        "max_output_tokens", "max_new_tokens", "max_completion_tokens", "token_limit", "limit",
        "FINISH_REASON_MAX_TOKENS", "model_context_window_exceeded", "context_length_exceeded",
        "ERROR_LIMIT", "truncated", "incomplete"}},
      {Finish::failed,
       {"error",
        "ERROR",
        "abort",
        "aborted",
        "cancelled",
        "insufficient_system_resource",
        "network_error",
        "timeout",
        "time_limit",
        "server_error",
        "failed",
        "model_overloaded",
        "engine_error",
        "interrupted",
        "preempted",
        "rate_limit_exceeded",
        "quota_exceeded",
        "too_many_requests",
        "throttled",
        "OOM",
        "out_of_memory",
        "kv_cache_full",
        "deadline_exceeded",
        "connection_lost",
        "bad_gateway",
        "MALFORMED_RESPONSE",
        "in_progress",
        "queued",
        "invalid_request",
        "OTHER"}},
      {Finish::withheld,
       {"content_filter", "contentFiltered", "SAFETY", "RECITATION", "BLOCKLIST", "sensitive",
        "refusal", "PROHIBITED_CONTENT", "guardrail_intervened", "SPII"}},
      {Finish::called_tool,
       {"tool_calls", "tool_use", "function_call", "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL"}},
      {Finish::unknown, {"banana", "FINISH_REASON_UNSPECIFIED", "load"}}};
  for (const auto& [finish, words] : kinds) {
    for (const char* word : words) {
      CAPTURE(word);
      CHECK(finish_of(word) == finish);
    }
  }
}

TEST_CASE("what failed is no answer, even with a text") {
  const auto ended = [](const std::string& word, bool chat = true) {
    const std::string text =
        chat ? R"("message":{"content":"half an ans"})" : R"("text":"half an ans")";
    return read(200, R"({"choices":[{)" + text + R"(,"finish_reason":")" + word + R"("}]})", chat);
  };
  for (const char* word : {"error", "abort", "insufficient_system_resource", "network_error"}) {
    CAPTURE(word);
    CHECK(ended(word).kind == Kind::again);
    CHECK(ended(word, false).kind == Kind::again);
    CHECK(ended(word).reason == std::string("finish_reason ") + word);
    CHECK(ended(word).text.empty());
  }
  for (const char* word : {"content_filter", "SAFETY"}) CHECK(ended(word).kind == Kind::refused);
  CHECK(ended("model_length").end == "length");
  CHECK(ended("MAX_TOKENS", false).end == "length");
  CHECK(ended("banana").kind == Kind::answer);
  CHECK(ended("banana").end == "banana");
  CHECK(ended("banana").remark == "ended with the unknown word \"banana\"");
  CHECK(ended("stop").remark.empty());
  const std::string whole = R"("message":{"content":"an answer"},"finish_reason":"stop")";
  const EndpointReply in_choice =
      read(200, R"({"choices":[{"error":{"message":"upstream"},)" + whole + "}]}");
  CHECK(in_choice.kind == Kind::again);
  CHECK(in_choice.detail == "upstream");
  CHECK(in_choice.reason == "error in the reply");
  CHECK(read(200, R"({"error":{"code":502},"choices":[{)" + whole + "}]}").kind == Kind::again);
  for (const char* none : {"null", "false", "0", R"("")", "{}", "[]"}) {
    CAPTURE(none);
    const std::string error = std::string(R"("error":)") + none;
    CHECK(read(200, "{" + error + R"(,"choices":[{)" + error + "," + whole + "}]}").text ==
          "an answer");
  }
}

TEST_CASE("a failure is seen wherever a server puts it, and in whatever form") {
  const auto of = [](const std::string& reply, const std::string& choice,
                     const std::string& message) {
    return read(200, "{" + reply + R"("choices":[{)" + choice + R"("message":{)" + message +
                         R"("content":"5"}}]})")
        .kind;
  };
  CHECK(of("", "", "") == Kind::answer);
  CHECK(of("", "", R"("error":{"code":502,"message":"boom"},)") == Kind::again);
  CHECK(of(R"("errors":[{"message":"x"}],)", "", "") == Kind::again);
  CHECK(of(R"("errors":[],)", "", "") == Kind::answer);
  CHECK(of(R"("status":"failed",)", "", "") == Kind::again);
  CHECK(of(R"("status":"completed",)", "", "") == Kind::answer);
  CHECK(of("", R"("native_finish_reason":"error",)", "") == Kind::again);
  for (const char* given :
       {R"({"type":"abort","message":"x"})", R"(["error"])", "500", "false", "{}"}) {
    CAPTURE(given);
    CHECK(of("", std::string(R"("finish_reason":)") + given + ",", "") == Kind::again);
  }
  CHECK(read(200, R"({"choices":[{"finish_reason":{"type":"length"},"message":{"content":"5"}}]})")
            .end == "length");
}

TEST_CASE("texts and reasoning in the forms of several servers") {
  const auto said = [](const std::string& message) {
    return read(200, R"({"choices":[{"message":)" + message + R"(,"finish_reason":"stop"}]})");
  };
  CHECK(said(R"({"content":[{"type":"text","text":{"value":"5"}}]})").text == "5");
  CHECK(said(R"({"content":[{"type":"output_text","output_text":"5"}]})").text == "5");
  for (const char* message :
       {R"({"content":"  \n","reasoning_content":"7"})",
        R"({"content":"","reasoning":{"text":"7"}})", R"({"content":"","reasoning_details":[{}]})",
        R"({"content":"","thinking_content":"7"})", R"({"content":"","thoughts":"7"})"}) {
    CAPTURE(message);
    CHECK(said(message).remark == kOnlyReasoning);
  }
}

TEST_CASE("reasoning, tool calls, refusals and texts in parts") {
  const auto said = [](const std::string& message, const std::string& end = "stop") {
    return read(200,
                R"({"choices":[{"message":)" + message + R"(,"finish_reason":")" + end + R"("}]})");
  };
  for (const char* message :
       {R"({"content":null,"reasoning_content":"7"})", R"({"content":"","reasoning":"7"})",
        R"({"reasoning_content":"7"})", R"({"content":[{"type":"thinking","thinking":"7"}]})",
        R"({"content":[],"reasoning":"7"})"}) {
    CAPTURE(message);
    const EndpointReply reply = said(message, "length");
    CHECK(reply.kind == Kind::answer);
    CHECK(reply.text.empty());
    CHECK(reply.end == "length");
    CHECK(reply.remark == kOnlyReasoning);
  }
  const EndpointReply both = said(R"({"content":"8","reasoning_content":"7"})");
  CHECK(both.text == "8");
  CHECK(both.remark.empty());
  CHECK(said(R"({"content":"","reasoning_content":""})").remark.empty());
  const EndpointReply tools = said(R"({"content":null,"tool_calls":[{"id":"1"}]})", "tool_calls");
  CHECK(tools.kind == Kind::answer);
  CHECK(tools.text.empty());
  CHECK(tools.remark == kOnlyToolCalls);
  CHECK(said(R"({"content":"8","tool_calls":[{"id":"1"}]})", "tool_calls").remark.empty());
  CHECK(said(R"({"content":null,"refusal":"I cannot"})").text == "I cannot");
  CHECK(said(R"({"content":"8","refusal":null})").text == "8");
  CHECK(said(R"({"content":[{"type":"refusal","refusal":"I cannot"}]})").text == "I cannot");
  CHECK(
      said(R"({"content":["a",{"type":"thinking","text":"x"},{"type":"output_text","text":"b"}]})")
          .text == "ab");
  CHECK(said(R"({"content":null})").kind == Kind::answer);
}

TEST_CASE("half a character of a reply becomes U+FFFD, and whole ones stay") {
  const auto text = [](const std::string& content) {
    const EndpointReply reply =
        read(200, R"({"choices":[{"message":{"content":")" + content + "\"}}]}");
    return reply.kind == Kind::answer ? reply.text : reply.reason;
  };
  CHECK(text(R"(a\ud800b)") == "a\uFFFDb");
  CHECK(text(R"(\uDC00\uD83d)") == "\uFFFD\uFFFD");
  CHECK(text(R"(\ud83d\ude00)") == "😀");
  CHECK(text(R"(\ud83d\ud83d\ude00)") == "\uFFFD😀");
  CHECK(text(R"(\\ud800)") == R"(\ud800)");
  CHECK(text(R"(\\\ud800\n)") == "\\\uFFFD\n");
  CHECK(text(R"(\ud80)") == "reply that is not JSON");
}

TEST_CASE("a stream is named as one") {
  const EndpointReply reply =
      read(200, "data: {\"choices\":[{\"delta\":{\"content\":\"8\"}}]}\n\ndata: [DONE]\n");
  CHECK(reply.kind == Kind::again);
  CHECK(reply.reason == "a stream, which was not asked for");
}

TEST_CASE("a reply that is nested a million deep is no JSON, and harms nothing") {
  const std::string deep(1 << 20, '[');
  for (const std::string& body :
       {deep, R"({"choices":)" + deep,
        std::string(R"({"error":)") + deep + std::string(1 << 20, ']') + "}"}) {
    const EndpointReply reply = read(200, body);
    CHECK(reply.kind == Kind::again);
    CHECK(reply.reason == "reply that is not JSON");
    CHECK(read(500, body).reason == "HTTP 500");
  }
}

TEST_CASE("what is no completion is asked again") {
  for (
      const char* body :
      {"", "{", "[]", "7", "null", "{}", R"({"choices":[]})", R"({"choices":{}})",
       R"({"choices":[7]})", R"({"choices":[null]})",
       R"({"choices":[{"message":{"content":7},"finish_reason":"stop"}]})",
       R"({"choices":[{"text":"of the other form"}]})", R"({"choices":[{"message":{}}]})",
       R"({"choices":[{"message":{},"finish_reason":"stop"}]})",
       R"({"choices":[{"message":{"content":[{"type":"text","body":"7"}]},"finish_reason":"stop"}]})"}) {
    CAPTURE(body);
    CHECK(read(200, body).kind == Kind::again);
    CHECK_FALSE(read(200, body).reason.empty());
  }
  CHECK(read(200, R"({"error":{"message":"upstream"}})").detail == "upstream");
}

TEST_CASE("statuses") {
  for (const long status : {408, 409, 425, 429, 500, 502, 503, 529})
    CHECK(read(status, "").kind == Kind::again);
  for (const long status : {400, 413, 422}) CHECK(read(status, "").kind == Kind::refused);
  for (const long status : {301, 307, 401, 403, 404, 405})
    CHECK(read(status, "").kind == Kind::unusable);
  CHECK(read(429, R"({"error":{"message":"slow"}})").reason == "HTTP 429");
  CHECK(read(429, R"({"error":"slow"})").detail == "slow");
  CHECK(read(429, R"({"detail":[1]})").detail == "[1]");
  CHECK(read(500, "<html>").detail == "<html>");
}

TEST_CASE("words of a server: no key, one line, cut between characters") {
  const std::string key = "sk-0123456789";
  CHECK(
      read(401, R"({"error":{"message":"bad sk-0123456789, sk-0123456789"}})", true, key).detail ==
      "bad ***, ***");
  CHECK(read(401, "<p>sk-0123456789", true, key).detail == "<p>***");
  CHECK(read(200, R"({"choices":[{"message":{"content":"sk-0123456789!"}}]})", true, key).text ==
        "***!");
  CHECK(read(200, R"({"choices":[{"message":{"content":"EMPTY"}}]})", true, "EMPTY").text ==
        "EMPTY");  // a placeholder, as vLLM's users have it
  CHECK(server_words("a\nb\x1b[31m", "") == "a b [31m");
  std::string long_text;
  while (long_text.size() < 1000) long_text += "é";
  const std::string cut = server_words("x" + long_text, "");
  CHECK(cut.size() <= 243);
  CHECK(cut.ends_with("é…"));
  CHECK_THROWS_AS(check_key("a b", "K"), Error);
  CHECK_THROWS_AS(check_key("ab\n", "K"), Error);
  CHECK_NOTHROW(check_key("", "K"));
}

TEST_CASE("backoff doubles to half a minute, and is spread") {
  const Question a{1, 0, false, 1, ""}, b{2, 0, false, 1, ""};
  double longest = 0.5;
  for (std::int64_t attempt = 2; attempt < 12; ++attempt) {
    CHECK(backoff_seconds(a, attempt) >= 0.5 * longest);
    CHECK(backoff_seconds(a, attempt) <= longest);
    CHECK(backoff_seconds(a, attempt) == backoff_seconds(a, attempt));
    CHECK(backoff_seconds(a, attempt) != backoff_seconds(b, attempt));
    longest = std::min(30.0, 2 * longest);
  }
}

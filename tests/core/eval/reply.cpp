// What is understood of an endpoint's replies.

#include "core/eval/endpoint.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/reply");

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

TEST_CASE("completions") {
  const EndpointReply chat =
      read(200, R"({"choices":[{"message":{"content":"hi"},"finish_reason":"length"}],)"
                R"("usage":{"completion_tokens":7}})");
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
  CHECK(read(200, R"({"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"x"},)"
                  R"({"type":"text","text":"b"}]}}]})")
            .text == "ab");
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
  for (const char* body :
       {"", "{", "[]", "7", "null", "{}", R"({"choices":[]})", R"({"choices":{}})",
        R"({"choices":[7]})", R"({"choices":[null]})",
        R"({"choices":[{"message":{"content":7},"finish_reason":"stop"}]})",
        R"({"choices":[{"text":"of the other form"}]})", R"({"choices":[{"message":{}}]})",
        R"({"choices":[{"message":{},"finish_reason":"stop"}]})",
        R"({"choices":[{"message":{"content":[{"type":"text","body":"7"}]},)"
        R"("finish_reason":"stop"}]})"}) {
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

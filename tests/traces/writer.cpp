// What the recorded traces do not have in them.
#include <catch2/catch.hpp>

#include "support.hpp"

using namespace rmmcheck::traces;
using namespace rmmcheck::traces::test;

namespace {

std::string text_of(const Call& call) {
  std::string text;
  append_jsonl(text, call);
  return text;
}

} // namespace

TEST_CASE("a header is written as far as it is known") {
  std::string text;
  append_jsonl(text, Header{});
  CHECK(text == "{\"type\":\"header\",\"format\":\"rmi-trace\",\"seed\":0,\"granule_size\":4096,\"cpus\":1}\n");
  Header header;
  header.tag = "a\"b\\c\n\xC3\xA9";
  text.clear();
  append_jsonl(text, header);
  CHECK(drain(text).header.tag == header.tag);
}

TEST_CASE("unknown registers and fields stay unknown") {
  Call call;
  call.seq = 1;
  call.fid = command_fid("RMI_REC_CREATE");
  call.in_known = 0b1010;
  call.in[1] = 1;
  call.in[3] = 0xABC;
  call.crashed = true;
  call.params.kind = ParamsKind::rec;
  call.params.known = 1U << 6;
  call.params.value[6] = 0x3000;
  CHECK(text_of(call) ==
        "{\"seq\":1,\"cpu\":0,\"call\":\"RMI_REC_CREATE\",\"fid\":\"0xc400015a\",\"in\":[null,\"0x1\",null,\"0xabc\"],"
        "\"out\":null,\"params\":{\"aux\":[null,null,\"0x3000\"]},\"crash\":true}\n");
  CHECK(same(record(text_of(call)).calls.at(0), call));
}

TEST_CASE("every part of a call comes back") {
  for (
      const char* text : {
          R"({"seq":1,"cpu":5,"t0":1,"t1":1,"call":"RMI_VERSION","fid":"0xc4000150","in":null,"out":null})",
          R"({"seq":1,"cpu":0,"t0":1,"t1":2,"call":"RSI_VERSION","fid":"0xc4000190","parent":7,"phase":"pending","in":null,"out":null})",
          R"({"seq":1,"cpu":0,"t":9,"call":"PSCI_CPU_ON","fid":"0x84000003","phase":"return","issued":3,"in":["0x0"],"out":["0x0",null,"0x1"]})",
          R"({"seq":1,"cpu":0,"call":"RMI_REALM_CREATE","fid":"0xc4000158","in":null,"out":null,"params":{"s2sz":48,"rtt_level_start":-1}})",
          R"({"seq":1,"cpu":0,"call":"RMI_REALM_CREATE","fid":"0xc4000158","in":null,"out":null,"params":{}})",
          R"({"seq":1,"cpu":0,"call":"RMI_REC_ENTER","fid":"0xc400015c","in":null,"out":null,"params":{"exit":{"esr":"0x0"}}})",
          R"({"seq":1,"cpu":0,"call":"RMI_REC_ENTER","fid":"0xc400015c","rec":"0x1000","rd":"0x2000","in":null,"out":null,"params":{"enter":{"trap_wfi":1},"exit":{"reason":2}}})",
      }) {
    const Trace trace = record(text);
    INFO(trace.error.to_string());
    REQUIRE(trace.calls.size() == 1);
    CHECK(text_of(trace.calls[0]) == std::string(text) + "\n");
  }
}

TEST_CASE("a console log becomes JSONL") {
  const Trace console = drain("SMC_RMI_VERSION 10000 > RMI_SUCCESS 10000 10000\n"
                              "noise\n"
                              "SMC_RSI_IPA_STATE_SET 80000000 90000000 1 0 > RSI_SUCCESS 90000000 0\n"
                              "SMC_RMI_REC_ENTER 8803d0000 880003000 > RMI_ERROR_REALM 1\n");
  const Trace jsonl = drain(written(console.header, console.calls));
  INFO(jsonl.error.to_string());
  REQUIRE(jsonl.ok);
  CHECK(same(console.calls, jsonl.calls));
}

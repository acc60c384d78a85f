// What the JSONL reader accepts, and what it makes of it.
#include <catch2/catch.hpp>

#include "support.hpp"

using namespace rmmcheck::traces;
using namespace rmmcheck::traces::test;

namespace {

Call only_call(std::string_view text) {
  const Trace trace = record(text);
  INFO(text << "\n" << trace.error.to_string());
  REQUIRE(trace.ok);
  REQUIRE(trace.calls.size() == 1);
  return trace.calls[0];
}

} // namespace

TEST_CASE("a header says what it knows") {
  const Trace full = drain(
      R"({"type":"header","format":"rmi-trace","implementation":"TF-RMM","tag":"v1","mode":"life","seed":3,)"
      R"("granule_size":4096,"delegable":[{"base":"0x880000000","count":524288},{"base":4096,"count":"0x2"}],)"
      R"("rmi_version":{"lower":"0x10000","higher":"0x10001"},"feature_register_0":"0x283fc104130","rec_aux_count":16,"cpus":2})");
  INFO(full.error.to_string());
  REQUIRE(full.ok);
  CHECK(full.calls.empty());
  const Header& header = full.header;
  CHECK(header.present);
  CHECK(header.implementation == "TF-RMM");
  CHECK(header.tag == "v1");
  CHECK(header.mode == "life");
  CHECK(header.seed == 3);
  REQUIRE(header.delegable_known);
  REQUIRE(header.delegable.size() == 2);
  CHECK(header.delegable[0].base == 0x880000000);
  CHECK(header.delegable[0].count == 524288);
  CHECK(header.delegable[1].base == 4096);
  CHECK(header.delegable[1].count == 2);
  CHECK(header.rmi_version_known);
  CHECK(header.rmi_version_higher == 0x10001);
  CHECK(header.feature_register_0_known);
  CHECK(header.feature_register_0 == 0x283fc104130);
  CHECK(header.rec_aux_count_known);
  CHECK(header.cpus == 2);

  const Header empty = drain(header_line).header;
  CHECK(empty.present);
  CHECK_FALSE(empty.delegable_known);
  CHECK_FALSE(empty.rmi_version_known);
  CHECK_FALSE(empty.feature_register_0_known);
  CHECK_FALSE(empty.rec_aux_count_known);
  CHECK(empty.cpus == 1);

  const Header nulls =
      drain(
          R"({"type":"header","format":"rmi-trace","delegable":null,"rmi_version":{"lower":1},"rec_aux_count":null,"x":[1]})")
          .header;
  CHECK(nulls.present);
  CHECK_FALSE(nulls.delegable_known);
  CHECK_FALSE(nulls.rmi_version_known);
  CHECK_FALSE(nulls.rec_aux_count_known);
  CHECK(drain(R"({"type":"header","format":"rmi-trace","delegable":[]})").header.delegable_known);
}

TEST_CASE("an RMI call") {
  const Call call = only_call(
      R"({"seq":7,"cpu":3,"t0":10,"t1":12,"call":"RMI_RTT_CREATE","fid":"0xc400015d",)"
      R"("in":["0x880000000","0x880006000","0x0","0x1","0x0","0xffffffffffffffff"],"out":["0x204","0x0","0x0","0x0","0x1"]})");
  CHECK(call.seq == 7);
  CHECK(call.line == 2);
  CHECK(call.cpu == 3);
  CHECK(call.fid == 0xC400015D);
  CHECK(call.phase == Phase::host);
  CHECK(call.timed);
  CHECK(call.t0 == 10);
  CHECK(call.t1 == 12);
  CHECK(call.in_known == 0x3F);
  CHECK(call.in == std::array<std::uint64_t, 6>{0x880000000, 0x880006000, 0, 1, 0, UINT64_MAX});
  CHECK(call.out_known == 0x1F);
  CHECK(call.out == std::array<std::uint64_t, 5>{0x204, 0, 0, 0, 1});
  CHECK_FALSE(call.crashed);
  CHECK(call.params.kind == ParamsKind::none);
}

TEST_CASE("a Realm's calls") {
  const Call pending =
      only_call(R"({"seq":137,"cpu":1,"t":5,"call":"RSI_IPA_STATE_SET","fid":"0xc4000197","rec":"0x88006f000",)"
                R"("rd":"0x880041000","parent":134,"phase":"pending","in":["0x80000000"],"out":null})");
  CHECK(pending.phase == Phase::pending);
  CHECK(pending.rec == 0x88006f000);
  CHECK(pending.rd == 0x880041000);
  CHECK(pending.parent == 134);
  CHECK(pending.issued == 0);
  CHECK(pending.out_known == 0);
  CHECK(pending.timed);
  CHECK(pending.t0 == 5);
  CHECK(pending.t1 == 5);
  const Call returned =
      only_call(R"({"seq":140,"call":"RSI_IPA_STATE_SET","phase":"return","issued":137,"out":["0x0","0x80100000"]})");
  CHECK(returned.phase == Phase::returned);
  CHECK(returned.issued == 137);
  CHECK(returned.in_known == 0);
  CHECK(returned.out_known == 3);

  // Without a phase, the outputs tell.
  CHECK(only_call(R"({"seq":1,"call":"RSI_VERSION","out":["0x0"]})").phase == Phase::complete);
  CHECK(only_call(R"({"seq":1,"call":"PSCI_SYSTEM_OFF"})").phase == Phase::pending);
  CHECK(only_call(R"({"seq":1,"call":"PSCI_CPU_ON","fid":"0x84000003"})").fid == 0x84000003);
}

TEST_CASE("names known though the model has no use for them") {
  for (const char* name :
       {"RSI_VERSION", "RSI_FEATURES", "RSI_MEASUREMENT_READ", "RSI_MEASUREMENT_EXTEND", "RSI_ATTESTATION_TOKEN_INIT",
        "RSI_ATTESTATION_TOKEN_CONTINUE", "RSI_REALM_CONFIG", "RSI_HOST_CALL", "PSCI_VERSION", "PSCI_FEATURES",
        "PSCI_CPU_SUSPEND", "PSCI_CPU_OFF", "PSCI_AFFINITY_INFO"})
    CHECK(command_name(only_call(std::string(R"({"seq":1,"call":")") + name + "\"}").fid) == name);
}

TEST_CASE("numbers may be written in several ways") {
  const Call call = only_call(R"({"seq":"0x10","cpu":"2","call":"RMI_VERSION","fid":3288334672,)"
                              R"("in":[18446744073709551615,"12","0xAbC",0],"out":["0x000000000000000F"]})");
  CHECK(call.seq == 16);
  CHECK(call.cpu == 2);
  CHECK(call.in == std::array<std::uint64_t, 6>{UINT64_MAX, 12, 0xABC, 0, 0, 0});
  CHECK(call.in_known == 0xF);
  CHECK(call.out[0] == 15);
}

TEST_CASE("what was not recorded is unknown") {
  CHECK(only_call(R"({"seq":1,"call":"RMI_VERSION"})").in_known == 0);
  CHECK(only_call(R"({"seq":1,"call":"RMI_VERSION","in":null,"out":null})").out_known == 0);
  CHECK(only_call(R"({"seq":1,"call":"RMI_VERSION","in":[],"out":[]})").in_known == 0);
  const Call holes =
      only_call(R"({"seq":1,"call":"RMI_VERSION","in":[null,"0x1",null,"0x2"],"out":["0x0",null,"0x3"],"cpu":null})");
  CHECK(holes.in_known == 0b1010);
  CHECK(holes.in[1] == 1);
  CHECK(holes.in[3] == 2);
  CHECK(holes.out_known == 0b101);
  CHECK(holes.cpu == 0);
}

TEST_CASE("a crash") {
  CHECK(only_call(R"({"seq":1,"call":"RMI_VERSION","out":null,"crash":true})").crashed);
  CHECK(only_call(R"({"seq":1,"call":"RMI_VERSION","out":null,"crash":"signal 11"})").crashed);
  CHECK_FALSE(only_call(R"({"seq":1,"call":"RMI_VERSION","crash":false})").crashed);
  CHECK_FALSE(only_call(R"({"seq":1,"call":"RMI_VERSION","crash":null})").crashed);
}

TEST_CASE("decoded structures") {
  SECTION("RmiRealmParams, with a negative level") {
    const Call call = only_call(
        R"({"seq":1,"call":"RMI_REALM_CREATE","params":{"flags":"0x1","s2sz":48,"rtt_level_start":-1,"vmid":null,"x":{}}})");
    CHECK(call.params.kind == ParamsKind::realm);
    CHECK(call.params.known == (1U << 0 | 1U << 1 | 1U << 9));
    CHECK(call.params.value[0] == 1);
    CHECK(call.params.value[1] == 48);
    CHECK(call.params.value[9] == UINT64_MAX);
  }
  SECTION("RmiRecParams, with some of aux, before the call is named") {
    const Call call = only_call(
        R"({"params":{"aux":["0x1000",null,"0x3000"],"num_aux":18,"flags":"0x1"},"call":"RMI_REC_CREATE","seq":1})");
    CHECK(call.params.kind == ParamsKind::rec);
    CHECK(call.params.known == (1U << 0 | 1U << 3 | 1U << 4 | 1U << 6));
    CHECK(call.params.value[3] == 18);
    CHECK(call.params.value[6] == 0x3000);
  }
  SECTION("RmiRecRun, with and without an exit") {
    const Call both = only_call(
        R"({"seq":1,"call":"RMI_REC_ENTER","params":{"exit":{"ripas_value":1,"reason":4},"enter":{"gicv3_hcr":"0x7","flags":"0x10"},"y":1}})");
    CHECK(both.params.kind == ParamsKind::run);
    CHECK(both.params.known == (1U << 0 | 1U << 7 | 1U << 8 | 1U << 15));
    CHECK(both.params.value[0] == 0x10);
    CHECK(both.params.value[7] == 7);
    CHECK(both.params.value[8] == 4);
    CHECK(both.params.value[15] == 1);
    CHECK(only_call(R"({"seq":1,"call":"RMI_REC_ENTER","params":{"enter":{"flags":0},"exit":null}})").params.known ==
          1);
  }
  SECTION("none") {
    CHECK(only_call(R"({"seq":1,"call":"RMI_REC_ENTER","params":null})").params.kind == ParamsKind::none);
    CHECK(only_call(R"({"seq":1,"call":"RMI_VERSION","params":{"flags":"0x1"}})").params.kind == ParamsKind::none);
    CHECK(only_call(R"({"seq":1,"call":"RMI_REALM_CREATE","params":{}})").params.kind == ParamsKind::realm);
  }
}

TEST_CASE("notes, blank lines and unknown keys are passed over") {
  const Trace trace = drain(
      "\n \t\n" + header_line +
      "{\"type\":\"note\",\"text\":\"hello\",\"seq\":1}\n"
      "\n"
      "{\"seq\":1,\"call\":\"RMI_VERSION\",\"note\":\"of a call\",\"soft_assert\":\"a.h:1\",\"z\":{\"a\":[1,{}]}}\r\n"
      "{\"note\":\"bye\"}\n"
      "{\"type\":\"call\",\"seq\":2,\"call\":\"RMI_VERSION\"}");
  INFO(trace.error.to_string());
  REQUIRE(trace.ok);
  CHECK(trace.calls.size() == 2);
  CHECK(trace.calls[0].line == 6);
  CHECK(trace.calls[1].line == 8);
  CHECK(trace.skipped == 5);
}

TEST_CASE("the shape of a line does not matter") {
  const Call canonical = only_call(
      R"({"seq":9,"cpu":1,"call":"RSI_IPA_STATE_GET","fid":"0xc4000198","rec":"0x88006f000","rd":"0x880041000","parent":4,"phase":"complete","in":["0x1000","0x2000","0x0","0x0","0x0","0x0"],"out":["0x0","0x2000","0x1","0x0","0x0"]})");
  const Call spaced = only_call(
      R"(  { "seq" : 9, "cpu" : 1, "call" : "RSI_IPA_STATE_GET", "fid" : "0xc4000198", "rec" : "0x88006f000", "rd" : "0x880041000", "parent" : 4, "phase" : "complete", "in" : [ "0x1000", "0x2000", "0x0", "0x0", "0x0", "0x0" ], "out" : [ "0x0", "0x2000", "0x1", "0x0", "0x0" ] } )");
  const Call reversed = only_call(
      R"({"out":["0x0","0x2000","0x1","0x0","0x0"],"in":["0x1000","0x2000","0x0","0x0","0x0","0x0"],"phase":"complete","parent":4,"rd":"0x880041000","rec":"0x88006f000","fid":"0xc4000198","\u0063all":"RSI_IPA_STATE_GET","cpu":1,"seq":9})");
  CHECK(same(canonical, spaced));
  CHECK(same(canonical, reversed));
}

TEST_CASE("a byte order mark is no part of the text") {
  CHECK(drain("\xEF\xBB\xBF" + header_line).ok);
  CHECK(drain("\xEF\xBB\xBFSMC_RMI_VERSION 10000 > RMI_SUCCESS 10000 10000\n").calls.size() == 1);
}

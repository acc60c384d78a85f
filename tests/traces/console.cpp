// Lines of TF-RMM consoles.
#include <catch2/catch.hpp>

#include "support.hpp"

using namespace rmmcheck::traces;
using namespace rmmcheck::traces::test;

namespace {

Call only_call(const std::string& line) {
  const Trace trace = drain(line + "\n", Format::console);
  INFO(line);
  REQUIRE(trace.ok);
  REQUIRE(trace.calls.size() == 1);
  return trace.calls[0];
}

bool is_call(const std::string& line) {
  const Trace trace = drain("noise\n" + line + "\n", Format::console); // a blank line alone would be an empty trace
  REQUIRE(trace.ok);
  CHECK(trace.skipped + trace.calls.size() == 2);
  return trace.calls.size() == 1;
}

} // namespace

TEST_CASE("an RMI line") {
  const Call call = only_call("SMC_RMI_RTT_CREATE            880449000 88044a000 3fe00000 3 > RMI_ERROR_RTT 2");
  CHECK(call.seq == 1);
  CHECK(call.line == 1);
  CHECK(call.fid == command_fid("RMI_RTT_CREATE"));
  CHECK(call.phase == Phase::host);
  CHECK(call.in_known == 0xF);
  CHECK(call.in == std::array<std::uint64_t, 6>{0x880449000, 0x88044a000, 0x3fe00000, 3, 0, 0});
  CHECK(call.out_known == 1);
  CHECK(call.out[0] == 0x204);
  CHECK_FALSE(call.timed);
}

TEST_CASE("statuses, indices and outputs of RMI lines") {
  const auto x0 = [](const std::string& result) {
    return only_call("SMC_RMI_RTT_FOLD 880213000 0 3 > " + result).out[0];
  };
  CHECK(x0("RMI_SUCCESS 880001000") == 0);
  CHECK(x0("RMI_ERROR_INPUT") == 1);
  CHECK(x0("RMI_ERROR_REALM") == 2);
  CHECK(x0("RMI_ERROR_REC") == 3);
  CHECK(x0("RMI_ERROR_RTT 0") == 4);
  CHECK(x0("RMI_ERROR_RTT ff") == 0xFF04);
  CHECK(x0("2f05") == 0x2F05);

  const Call failed = only_call("SMC_RMI_RTT_DESTROY           880213000 100000000 2 > RMI_ERROR_RTT 1 0 140000000");
  CHECK(failed.out_known == 0b111);
  CHECK(failed.out == std::array<std::uint64_t, 5>{0x104, 0, 0x140000000, 0, 0});
  const Call entered = only_call("SMC_RMI_REC_ENTER             8803d0000 880003000 > RMI_ERROR_REALM 1");
  CHECK(entered.out[0] == 0x102);
  CHECK(entered.out_known == 1);
  const Call read = only_call("SMC_RMI_RTT_READ_ENTRY        880213000 25d000 3 > RMI_SUCCESS 1 0 0 ffffffffffffffff");
  CHECK(read.out_known == 0x1F);
  CHECK(read.out == std::array<std::uint64_t, 5>{0, 1, 0, 0, UINT64_MAX});
  const Call level = only_call("SMC_RMI_RTT_CREATE 880213000 0 0 ffffffffffffffff > RMI_ERROR_INPUT");
  CHECK(level.in[3] == UINT64_MAX);
}

TEST_CASE("a Realm's lines") {
  const Call get = only_call("SMC_RSI_IPA_STATE_GET         3fff0000 40000000 > RSI_SUCCESS 40000000 0");
  CHECK(get.fid == command_fid("RSI_IPA_STATE_GET"));
  CHECK(get.phase == Phase::complete);
  CHECK(get.out_known == 0b111);
  CHECK(get.out[1] == 0x40000000);
  const Call rejected = only_call("SMC_RSI_IPA_STATE_SET         40000000 40000000 0 0 > RSI_ERROR_INPUT 0 0");
  CHECK(rejected.phase == Phase::complete);
  CHECK(rejected.out[0] == 1);
  CHECK(only_call("SMC_RSI_VERSION > RSI_ERROR_STATE").out[0] == 2);
  CHECK(only_call("SMC_RSI_VERSION > RSI_INCOMPLETE").out[0] == 3);
  CHECK(only_call("SMC_RSI_VERSION > RSI_ERROR_UNKNOWN").out[0] == 4);
  CHECK(only_call("SMC_RSI_VERSION > 1234").out[0] == 0x1234);

  SECTION("printed at the exit to the Host, so it has no result yet") {
    for (const char* line : {"SMC_RSI_IPA_STATE_SET         80000000 90000000 1 0 > RSI_SUCCESS 90000000 0",
                             "SMC_RSI_IPA_STATE_SET             80000000 90000000 1 0"}) {
      const Call set = only_call(line);
      CHECK(set.phase == Phase::pending);
      CHECK(set.in_known == 0xF);
      CHECK(set.in[1] == 0x90000000);
      CHECK(set.out_known == 0);
      CHECK(set.out == std::array<std::uint64_t, 5>{});
    }
    CHECK(only_call("SMC_RSI_HOST_CALL 1000").phase == Phase::pending);
    CHECK_FALSE(is_call("SMC_RSI_IPA_STATE_GET 80000000 90000000"));
  }
  SECTION("names of the console") {
    const Call init = only_call("SMC_RSI_ATTEST_TOKEN_INIT     1 2 3 4 5 6 7 8 > RSI_SUCCESS 1000");
    CHECK(init.fid == command_fid("RSI_ATTESTATION_TOKEN_INIT"));
    CHECK(init.in_known == 0x3F); // x7 and x8 have no place in a Call
    CHECK(init.in[5] == 6);
    CHECK(only_call("SMC_RSI_ATTEST_TOKEN_CONTINUE 1000 0 100 > RSI_INCOMPLETE 100").fid ==
          command_fid("RSI_ATTESTATION_TOKEN_CONTINUE"));
    CHECK(only_call("SMC_RSI_ABI_VERSION           > d0000").fid == command_fid("RSI_VERSION"));
    CHECK(only_call("SMC_RSI_ATTESTATION_TOKEN_INIT 1 > RSI_SUCCESS").fid == command_fid("RSI_ATTESTATION_TOKEN_INIT"));
    CHECK(only_call("SMC_RSI_MEASUREMENT_READ 0 > RSI_SUCCESS 1 2 3 4 5 6 7 8").out_known == 0x1F);
    CHECK(only_call("SMC_RSI_MEASUREMENT_EXTEND 0 1 2 3 4 5 6 7 8 9 > RSI_SUCCESS").in_known == 0x3F);
  }
}

TEST_CASE("PSCI lines") {
  const Call denied = only_call("PSCI_c4000003                 3 80000000 0 0 0 0 0 > fffffffffffffffe 0 0 0");
  CHECK(denied.fid == 0xC4000003);
  CHECK(denied.phase == Phase::complete);
  CHECK(denied.in_known == 0x3F);
  CHECK(denied.out_known == 0xF);
  CHECK(denied.out[0] == UINT64_MAX - 1);
  const Call waiting = only_call("PSCI_c4000003                 1 80000000 0 0 0 0 0 > c4000003 1 80000000 0");
  CHECK(waiting.phase == Phase::pending);
  CHECK(waiting.out_known == 0);
  CHECK(only_call("PSCI_84000008 0 0 0 0 0 0 0 > 84000008 0 0 0").phase == Phase::pending);
  CHECK(only_call("PSCI_84000008 0 0 0 0 0 0 0").phase == Phase::pending);
  CHECK_FALSE(is_call("PSCI_8400001f 0 0 0 0 0 0 0 > ffffffffffffffff 0 0 0")); // no PSCI function
}

TEST_CASE("older and newer versions") {
  CHECK(only_call("SMC_RMM_RTT_CREATE            102dff000 122c2e000 1e00000 3 > RMI_SUCCESS").fid ==
        command_fid("RMI_RTT_CREATE"));
  CHECK(only_call("SMC_RMI_VERSION                   10000 > RMI_SUCCESS 10000 10000").out_known == 0b111);
  CHECK(only_call("SMC_RMM_VERSION               > d0000").out[0] == 0xD0000);
  const Call padded =
      only_call("SMC_RMM_GRANULE_DELEGATE      88000000        0        0 fffffff8       10 > RMI_SUCCESS");
  CHECK(padded.in_known == 0x1F);
  CHECK(only_call("SMC_RMI_VERSION\t10000 >\tRMI_SUCCESS 10000 10000\r").out_known == 0b111);
}

TEST_CASE("lines that are no calls") {
  for (const char* line :
       {"", "   ", "Booting RMM v.0.5.0(debug) rmm-spec-v1.0-rel0", "RMI Version is 0x10000 : 0x10000", "SMC_",
        "SMC_RM", "smc_rmi_version 10000 > RMI_SUCCESS", "xSMC_RMI_VERSION 10000 > RMI_SUCCESS", "PSCI",
        "> RMI_SUCCESS", "SMC_80000000 0 0 0 0 0 0 0 > 10002 0 0 0"})
    CHECK_FALSE(is_call(line));
}

TEST_CASE("lines that begin like calls, but are damaged") {
  for (const char* line : {
           "SMC_RMI_",
           "SMC_RMI_VERSION",
           "SMC_RMI_VERSION 10000",
           "SMC_RMI_VERSION 10000 >",
           "SMC_RMI_VERSION 10000 > RMI_SUCC",
           "SMC_RMI_VERSION 10000 > RSI_SUCCESS 10000 10000",
           "SMC_RMI_VERSION 10000 >RMI_SUCCESS",
           "SMC_RMI_VERSION 10000> RMI_SUCCESS",
           "SMC_RMI_VERSION 1000g > RMI_SUCCESS",
           "SMC_RMI_VERSION 0x10000 > RMI_SUCCESS",
           "SMC_RMI_VERSION 10000000000000000 > RMI_SUCCESS",
           "SMC_RMI_VERSION 1 2 3 4 5 6 7 > RMI_SUCCESS",
           "SMC_RMI_VERSION 10000 > RMI_SUCCESS 1 2 3 4 5",
           "SMC_RMI_VERSION 10000 > RMI_SUCCESS 10000 1x",
           "SMC_RMI_VERSION 10000 > RMI_SUCCESS > RMI_SUCCESS",
           "SMC_RMI_VERSIO 10000 > RMI_SUCCESS",
           "SMC_RMI_AN_EXTREMELY_LONG_NAME_THAT_NO_COMMAND_WILL_EVER_HAVE 10000 > RMI_SUCCESS",
           "SMC_RMI_RTT_CREATE 880449000 88044a000 3fe00000 3 > RMI_ERROR_RTT",
           "SMC_RMI_RTT_CREATE 880449000 88044a000 3fe00000 3 > RMI_ERROR_RTT 100",
           "SMC_RMI_REC_ENTER 8803d0000 880003000 > RMI_ERROR_REALM",
           "SMC_RMI_REC_AUX_COUNT  6caSMC_RMI_RTT_INIT_RIPAS 1 > RMI_SUCCESS",
           "SMC_RSI_VERSION 10000 > RMI_SUCCESS",
           "PSCI_c400000 0 > 0",
           "PSCI_c4000003 0 > RMI_SUCCESS",
       })
    CHECK_FALSE(is_call(line));
}

TEST_CASE("calls are numbered, lines are remembered, the rest is counted") {
  const Trace trace = drain("Booting RMM\r\n"
                            "SMC_RMI_VERSION 10000 > RMI_SUCCESS 10000 10000\r\n"
                            "\r\n"
                            "SMC_RMI_VERSI\r\n"
                            "SMC_RMI_GRANULE_DELEGATE 880000000 > RMI_SUCCESS");
  REQUIRE(trace.ok);
  CHECK(trace.format == Format::console);
  CHECK_FALSE(trace.header.present);
  REQUIRE(trace.calls.size() == 2);
  CHECK(trace.calls[0].seq == 1);
  CHECK(trace.calls[0].line == 2);
  CHECK(trace.calls[1].seq == 2);
  CHECK(trace.calls[1].line == 5);
  CHECK(trace.skipped == 3);
}

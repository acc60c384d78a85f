#include <catch2/catch.hpp>

#include "rmmcheck/traces/trace.hpp"

using namespace rmmcheck::traces;

TEST_CASE("names and function identifiers") {
  CHECK(command_name(0xC4000150) == "RMI_VERSION");
  CHECK(command_name(0xC4000169) == "RMI_RTT_SET_RIPAS");
  CHECK(command_name(0xC4000199) == "RSI_HOST_CALL");
  CHECK(command_name(0x84000008) == "PSCI_SYSTEM_OFF");
  CHECK(command_fid("RMI_RTT_CREATE") == 0xC400015D);
  CHECK(command_fid("RSI_ATTESTATION_TOKEN_INIT") == 0xC4000194);

  SECTION("two identifiers, one name") {
    CHECK(command_name(0x84000003) == "PSCI_CPU_ON");
    CHECK(command_name(0xC4000003) == "PSCI_CPU_ON");
    CHECK(command_fid("PSCI_CPU_ON") == 0xC4000003);
  }
  SECTION("what is not there") {
    for (const std::uint32_t fid :
         {0U, 1U, 0xC4000156U, 0xC40001FFU, 0xC4000250U, 0x80000000U, 0xFFFFFFFFU, 0x84000150U})
      CHECK(command_name(fid).empty());
    for (const char* name : {"", "RMI", "RMI_RTT_CREATE ", "RMI_RTT_CREAT", "rmi_version", "ZZZ"})
      CHECK(command_fid(name) == 0);
  }
  SECTION("each way undoes the other") {
    int known = 0;
    for (const std::uint32_t base : {0x84000000U, 0xC4000000U, 0xC4000100U})
      for (std::uint32_t low = 0; low < 256; ++low) {
        const std::string_view name = command_name(base + low);
        if (name.empty()) continue;
        ++known;
        CHECK(command_name(command_fid(name)) == name);
      }
    CHECK(known == 23 + 10 + 33);
  }
}

TEST_CASE("the decoded structures") {
  CHECK(param_names(ParamsKind::none).empty());
  CHECK(param_names(ParamsKind::realm).size() == 11);
  CHECK(param_names(ParamsKind::realm)[9] == "rtt_level_start");
  CHECK(param_names(ParamsKind::rec)[4 + 15] == "aux[15]");
  CHECK(param_names(ParamsKind::run)[5] == "enter.ripas_response");
  CHECK(param_names(ParamsKind::run)[15] == "exit.ripas_value");
}

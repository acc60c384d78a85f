// JUnit XML for CI servers: one test suite a trace; one test case a command that was called and had nothing wrong, and
// one a signature that failed. Names are stable from run to run, so a server can show since when a case fails.
#pragma once

#include <string>

#include "rmmcheck/checker/report.hpp"

namespace rmmcheck::checker {

std::string junit_report(const Report& report);

} // namespace rmmcheck::checker

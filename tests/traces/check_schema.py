#!/usr/bin/env python3
"""The JSON Schema of a trace line accepts the recorded traces and the examples of FORMAT.md, and not just anything.

    check_schema.py SOURCE_DIR
"""
import json
import pathlib
import re
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)  # ctest: skipped

traces = pathlib.Path(sys.argv[1]) / "traces"
schema = json.loads((traces / "trace.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
failures = 0


def expect(good, line, where):
    global failures
    if validator.is_valid(json.loads(line)) == good:
        return
    failures += 1
    print(f"{where}: {'refused' if good else 'accepted'}: {line}")


for path in sorted((traces / "recorded").glob("*.jsonl")):
    shapes = set()  # one line of each shape: the validator is slow
    for number, line in enumerate(path.open(), 1):
        record = json.loads(line)
        shape = (record.get("call"), tuple(record), str(record.get("params", {}).keys()), record.get("out") is None)
        if shape not in shapes:
            shapes.add(shape)
            expect(True, line, f"{path.name}:{number}")

for block in re.findall(r"```json\n(.*?)```", (traces / "FORMAT.md").read_text(), re.DOTALL):
    for line in block.splitlines():
        expect(True, line, "FORMAT.md")

CALL = '{"seq":1,"call":"RMI_VERSION"%s}'
for line in ['{"note":"x"}', '{"type":"note"}', CALL % "", CALL % ',"in":["0x1",2,"3",null],"later":{}',
             '{"seq":1,"call":"RMI_REALM_CREATE","params":{"rtt_level_start":-1}}',
             '{"type":"header","format":"rmi-trace","delegable":null}']:
    expect(True, line, "good")
for line in ["{}", "[]", "1", '{"seq":1}', '{"call":"RMI_VERSION"}', '{"seq":-1,"call":"RMI_VERSION"}',
             '{"seq":1,"call":"VERSION"}', '{"type":"header"}', '{"type":"header","format":"x"}',
             CALL % ',"type":"event"', CALL % ',"phase":"complete"', CALL % ',"t0":1', CALL % ',"in":"0x0"',
             CALL % ',"in":["0xg"]', CALL % ',"in":[-1]', CALL % ',"in":[1.5]', CALL % ',"in":[1,2,3,4,5,6,7]',
             CALL % ',"out":[1,2,3,4,5,6]', '{"seq":1,"call":"RSI_VERSION","phase":"done"}',
             '{"seq":1,"call":"RMI_REALM_CREATE","params":{"s2sz":-1}}',
             '{"seq":1,"call":"RMI_REC_CREATE","params":{"aux":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}}',
             '{"seq":1,"call":"RMI_REC_ENTER","params":{"exit":{"esr":"x"}}}']:
    expect(False, line, "bad")

sys.exit(1 if failures else 0)

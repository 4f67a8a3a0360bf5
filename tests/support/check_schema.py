"""Checks the examples of the machines' message against its JSON Schema: valid ones pass, the others fail."""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator

folder = pathlib.Path(sys.argv[1])
schema = json.loads((folder / "status.schema.json").read_text(encoding="utf-8"))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
wrong = []
valid = sorted((folder / "examples").glob("*.json"))
invalid = sorted((folder / "examples" / "invalid").glob("*.json"))
for file in valid:
    wrong += [f"{file.name}: {e.message}" for e in validator.iter_errors(json.loads(file.read_text(encoding="utf-8")))]
for file in invalid:
    try:
        if validator.is_valid(json.loads(file.read_text(encoding="utf-8"))):
            wrong.append(f"{file.name} passes")
    except ValueError:
        pass
print(len(valid), len(invalid), *wrong, sep="\n")
sys.exit(bool(wrong) or not valid or not invalid)

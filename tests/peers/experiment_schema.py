"""The schema of experiments by a validator that is not ours: it is valid draft-07, takes every experiment of the repository, and agrees with the
program on tests/support/experiments.json.

usage: experiment_schema.py TINYZERO     needs jsonschema and PyYAML
"""

import importlib.metadata
import json
import pathlib
import re
import subprocess
import sys

try:
    import jsonschema
    import yaml
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(0)


class Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: yes is a text, 2e-4 is a number."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (("bool", r"true|false", "tf"), ("null", r"null|~|", "n~"), ("int", r"[-+]?[0-9]+", "-+0123456789"),
                            ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")):
    Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(f"^(?:{pattern})$"), list(first))
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^$"), [""])

schema = json.loads(subprocess.run([sys.argv[1], "config", "schema"], check=True, capture_output=True, text=True).stdout)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)

wrong = []
# Not those of `compare`, which are experiments with a section more.
files = [*(f for f in pathlib.Path("configs").glob("*.yaml") if "\ncompare:" not in f.read_text()), pathlib.Path("tests/integration/small.yaml")]
for file in files:
    wrong += [f"{file}: {e.message}" for e in validator.iter_errors(yaml.load(file.read_text(), Loader))]
cases = json.loads(pathlib.Path("tests/support/experiments.json").read_text())
for case in cases:
    errors = [e.message for e in validator.iter_errors(yaml.load(case["yaml"], Loader))]
    if case["valid"] == bool(errors):
        wrong.append(f"{case['yaml']!r} should be {'valid' if case['valid'] else 'refused'}: {errors}")
print("\n".join(wrong))
print(f"{len(files)} experiments and {len(cases)} cases by jsonschema {importlib.metadata.version('jsonschema')}: {len(wrong)} wrong")
sys.exit(1 if wrong else 0)

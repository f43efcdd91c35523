#!/usr/bin/env python3
"""Writes the oracle files beside this script with PyTorch. See README.md.

    /usr/bin/python3 tests/oracle/make_oracle.py              every family
    /usr/bin/python3 tests/oracle/make_oracle.py norms pool   some of them
    /usr/bin/python3 tests/oracle/make_oracle.py --list       family names and case names
"""
import importlib
import os
import pkgutil
import sys

sys.dont_write_bytecode = True
import families  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def main(args):
    known = sorted(m.name for m in pkgutil.iter_modules(families.__path__))
    listing = "--list" in args
    wanted = [a for a in args if not a.startswith("-")] or known
    for name in wanted:
        if name not in known:
            sys.exit(f"unknown family '{name}'; there are: {' '.join(known)}")
    total = 0
    for name in wanted:
        family = importlib.import_module("families." + name).make()
        assert family.name == name
        if listing:
            print(f"{name} ({len(family.cases)}): {' '.join(family.cases)}")
            continue
        path = family.write(HERE)
        total += os.path.getsize(path)
        print(f"{name}.txt: {len(family.cases)} cases, {os.path.getsize(path)} bytes")
    if not listing:
        print(f"{total} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])

"""A pytest check in a new interpreter, for workspaces that hold modules which process 1 has imported already."""

import os
import sys
import types

PACKAGE = "soloist_image"
_package = types.ModuleType(PACKAGE)
_package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
sys.modules[PACKAGE] = _package
__package__ = PACKAGE

import json  # noqa: E402 - after the package has its name

from . import pytest_job  # noqa: E402

if __name__ == "__main__":
    report, order = (int(argument) for argument in sys.argv[1:3])
    with open(order) as file:
        job = json.load(file)
    os.set_inheritable(report, False)
    sys.path[0] = pytest_job.import_path(job, [], sys.path[1:])[0]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.exit(pytest_job.run(job, report))

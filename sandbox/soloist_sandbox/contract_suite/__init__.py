"""The contract as tests that anybody can run: what every sandbox must do, whatever it is made of.

For whoever brings a backend. In a file of your own tests, with `pip install "soloist[contract-suite]"`:

    import pytest
    from soloist_sandbox.contract_suite import *

    @pytest.fixture
    def sandbox():
        return YourSandbox()

Every test takes its sandbox from that fixture. One that your backend can't keep is left out in the open, by name:

    class TestLimits(TestLimits):
        test_disk_fill = None  # the reason

Override the fixture `host` where processes can be seen from outside, and the tests of what is left behind look there, too.
"""

import pytest

# Before the modules are imported: else a failing assertion would not say what it saw.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{module}"
        for module in ("checks", "endings", "files", "isolation", "limits", "outcomes", "pytest_checks", "screening")
    )
)

from soloist_sandbox.contract_suite.checks import TestChecks
from soloist_sandbox.contract_suite.endings import TestEndings
from soloist_sandbox.contract_suite.files import TestFiles
from soloist_sandbox.contract_suite.isolation import TestIsolation
from soloist_sandbox.contract_suite.limits import TestLimits
from soloist_sandbox.contract_suite.outcomes import TestOutcomes
from soloist_sandbox.contract_suite.project import host, session, tree
from soloist_sandbox.contract_suite.pytest_checks import TestPytest
from soloist_sandbox.contract_suite.screening import TestScreening

__all__ = [
    "TestChecks",
    "TestEndings",
    "TestFiles",
    "TestIsolation",
    "TestLimits",
    "TestOutcomes",
    "TestPytest",
    "TestScreening",
    "host",
    "session",
    "tree",
]

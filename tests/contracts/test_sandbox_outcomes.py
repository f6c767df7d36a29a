"""The public suite on our backends: outcomes, functions and programs, and the files that come back."""

from soloist_sandbox.contract_suite import TestChecks, TestFiles, TestOutcomes

__all__ = ["TestChecks", "TestFiles", "TestOutcomes"]

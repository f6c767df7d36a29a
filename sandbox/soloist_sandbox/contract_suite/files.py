"""The files that a job has changed come back, and nothing else does."""

from soloist_sandbox.contract import ChangedFile, CommandCheck, Session
from soloist_sandbox.contract_suite.project import CALC, contract, python


@contract
class TestFiles:
    """`Session.run(collect=True)`."""

    async def test_changed_files_come_back(self, session: Session) -> None:
        """What was made, changed and removed, byte by byte, in the order of the paths; only when asked for."""
        command = "printf 'a\\377' > new; mkdir -p d/e; echo x > d/e/f; chmod +x d/e/f; echo more >> calc.py; rm test_calc.py"
        outcome = await session.run(CommandCheck(command=command), collect=True)
        assert outcome.files == (
            ChangedFile(path="calc.py", content=f"{CALC}more\n".encode()),
            ChangedFile(path="d/e/f", content=b"x\n", executable=True),
            ChangedFile(path="new", content=b"a\xff"),
            ChangedFile(path="test_calc.py", content=None),
        )
        assert (await session.run(CommandCheck(command=command))).files == ()

    async def test_nothing_changed(self, session: Session) -> None:
        """A job that only reads, or writes elsewhere, has changed nothing."""
        outcome = await session.run(CommandCheck(command="cat calc.py; echo x > /tmp/x"), collect=True)
        assert (outcome.exit_code, outcome.files) == (0, ())

    async def test_only_regular_files(self, session: Session) -> None:
        """Links, pipes and sockets are left out, and no link is followed; a file behind closed folders still comes."""
        odd = """import os, socket
os.symlink("/etc/passwd", "link"); os.symlink("/etc", "folder"); os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("socket")
os.makedirs("closed/inner"); open("closed/inner/kept", "w").write("kept"); os.chmod("closed/inner", 0); os.chmod("closed", 0)
"""
        outcome = await session.run(python(odd), collect=True)
        assert outcome.exit_code == 0, outcome.stderr
        assert [(file.path, file.content) for file in outcome.files] == [("closed/inner/kept", b"kept")]

    async def test_what_was_laid_is_not_the_jobs_doing(self, session: Session) -> None:
        """A laid file comes back only when the job has changed it; one of the tree that became a link is gone."""
        command = "echo more >> changed.py; rm calc.py; ln -s /etc/passwd calc.py; rm -r folder"
        laid = {"kept.py": b"kept\n", "changed.py": b"some\n"}
        outcome = await session.run(CommandCheck(command=f"{command} || true"), changes=laid, collect=True)
        assert outcome.files == (
            ChangedFile(path="calc.py", content=None),
            ChangedFile(path="changed.py", content=b"some\nmore\n"),
        )

"""What users install, and what the repository says about where things come from."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGES = ("orchestrator/soloist", "agents/soloist_agents", "tools/soloist_tools", "sandbox/soloist_sandbox")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PIN = re.compile(r"([a-z0-9-]+)==([\w.]+)( ; .+)?")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60, capture_output=True)
    (built,) = folder.glob("soloist-*.whl")
    return zipfile.ZipFile(built)


def test_wheel_holds_every_file(wheel: zipfile.ZipFile) -> None:
    """The wheel has each package's every file, the image's and the prompts' too, and nothing but them."""
    here = {
        f"{Path(package).name}/{file.relative_to(ROOT / package).as_posix()}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert inside == here
    assert {f"{Path(package).name}/py.typed" for package in PACKAGES} <= inside
    assert any(name.startswith("soloist_sandbox/image/") for name in inside)


def test_wheel_brings_the_command(wheel: zipfile.ZipFile) -> None:
    """Installing the wheel gives the command `soloist` and the licence."""
    (entry_points,) = (name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt"))
    assert "soloist = soloist.cli:main" in wheel.read(entry_points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_constraints_are_bare_pins() -> None:
    """Each line of constraints.txt is one name, one version and at most a marker: no host, no path, no hash."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not PIN.fullmatch(line)] == []


def test_constraints_satisfy_the_project() -> None:
    """Every dependency, and every tool of the dev group, is pinned to a version that the project allows."""
    pins: dict[str, list[str]] = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        name, version, _ = PIN.fullmatch(line).groups()  # type: ignore[union-attr]
        pins.setdefault(name, []).append(version)
    for text in (*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"], *PROJECT["build-system"]["requires"]):
        wanted = Requirement(text)
        versions = pins.get(canonicalize_name(wanted.name), [])
        assert versions, f"{text}: not pinned; run `make constraints`"
        assert all(wanted.specifier.contains(version) for version in versions), f"{text}: pinned to {versions}"


def test_no_registry_is_named() -> None:
    """No file of the repository names a package registry's host: users' own settings decide where things come from."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, timeout=30, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    hosts = (r"pypi\.", "org"), (r"pythonhosted\.", "org"), (r"registry-1\.docker\.", "io"), (r"hub\.docker\.", "com")
    more = (r"\bghcr\.", "io"), (r"\bquay\.", "io"), (r"registry\.npmjs\.", "org"), (r"deb\.debian\.", "org")
    host = re.compile("|".join(start + end for start, end in (*hosts, *more)))
    named = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and host.search(path.read_bytes().decode(errors="replace")):
            named.append(name)
    assert named == []


def test_distribution_names_its_types() -> None:
    """The installed distribution declares that it is typed, and the Python it needs."""
    about = metadata.metadata("soloist")
    assert "Typing :: Typed" in about.get_all("Classifier", [])
    assert about["Requires-Python"] == ">=3.11"


def test_engine_script_refuses_what_it_does_not_know() -> None:
    """The set-up script for engines says how it is called, and does nothing."""
    done = subprocess.run(["sh", "sandbox/setup-engine.sh", "some"], cwd=ROOT, capture_output=True, timeout=10, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "any|all" in done.stderr

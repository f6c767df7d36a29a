"""What a repository's tests need is found in its files and built into an image: `soloist sandbox build --repo`, as users call it.

No test here runs anything on the network: the packages come from a folder, and Docker's images from this machine.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from soloist_sandbox import docker_images, images
from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.environment import memory, virtual_env

from tests.conftest import SOLOIST, Command, MakeRepository, Said

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
AS_SANDBOX = ["setpriv", "--reuid", "10001", "--regid", "10001", "--clear-groups"] if os.geteuid() == 0 else []


@pytest.fixture(scope="module")
def store() -> Iterator[Path]:
    """A store that any uid can enter."""
    folder = Path(tempfile.mkdtemp(prefix="soloist-environments-"))
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOLOIST_IMAGES", str(folder))
        yield folder
    shutil.rmtree(folder)


def wheel(folder: Path, name: str, version: str = "1.0", needs: str = "") -> None:
    """A distribution with one module, as small as can be."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        required = f"Requires-Dist: {needs}\n" if needs else ""
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


@pytest.fixture(scope="module")
def index() -> Iterator[Path]:
    """All the packages in the world: `lemon` in two versions, `tart`, which needs it, and `crumble`, which is only source."""
    folder = Path(tempfile.mkdtemp(prefix="soloist-index-"))
    for name in ("lemon", "tart", "runtimedep", "crumble"):
        (folder / name).mkdir()
    wheel(folder / "lemon", "lemon", "1.0")
    wheel(folder / "lemon", "lemon", "2.0")
    wheel(folder / "tart", "tart", needs="lemon")
    wheel(folder / "runtimedep", "runtimedep")
    (folder / "crumble/crumble-1.0.tar.gz").write_bytes(b"")
    for package in folder.iterdir():
        links = "".join(f'<a href="{file.name}">{file.name}</a>\n' for file in package.iterdir())
        (package / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_DEFAULT_INDEX", folder.as_uri())
        patch.setenv("PIP_INDEX_URL", folder.as_uri())
        yield folder
    shutil.rmtree(folder)


Build = Callable[..., Said]


@pytest.fixture
def build(soloist: Command, store: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """`soloist sandbox build --repo`, without Docker."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    return lambda root, *options: soloist("sandbox", "build", "--repo", root, *options)


COMMON = {"pytest", "coverage", "pluggy", "iniconfig", "packaging", "pygments"}


def chosen(said: Said) -> dict[str, str]:
    """What a build says that it would put into the image, by name, without what every image has."""
    assert said.code == 0, said.err
    (listed,) = re.findall(r"packages, chosen in .* s: (.*)", said.out)
    found = dict(pin.split("==") for pin in listed.split(", "))
    return {name: version for name, version in found.items() if name not in COMMON}


def pins(root: Path) -> dict[str, str]:
    """What was put into a repository's image, by name, without what every image has."""
    name = memory.image_for(root)
    assert name is not None
    site = images.rootfs(name) / "opt/soloist/site"
    found = (folder.name.removesuffix(".dist-info").rpartition("-") for folder in site.glob("*.dist-info"))
    return {name: version for name, _, version in found if name not in COMMON}


PROJECT = '[project]\nname = "shop"\nversion = "3.1"\ndependencies = ["runtimedep"]\n'


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": PROJECT + '[project.optional-dependencies]\ntests = ["tart"]\ndocs = ["sphinx"]\n'},
        {"pyproject.toml": PROJECT + '[dependency-groups]\npie = ["tart"]\ntest = [{include-group = "pie"}]\ndev = ["mypy"]\n'},
        {"pyproject.toml": PROJECT + '[dependency-groups]\ndev = ["tart"]\n'},
        {"pyproject.toml": PROJECT, "requirements-dev.txt": "-r more.txt\n-e .\n", "more.txt": "tart # sour\n"},
        {"pyproject.toml": PROJECT, "requirements/tests.txt": "tart \\\n  ; python_version > '3'\n"},
        {"pyproject.toml": PROJECT, "tox.ini": "[testenv]\ndeps =\n  tart\n  docs: sphinx\n[testenv:lint]\ndeps = ruff\n"},
        {"setup.cfg": "[metadata]\nname=shop\nversion=3.1\n[options]\ninstall_requires =\n  runtimedep\n"
                      "[options.extras_require]\ntesting =\n  tart\n"},
        {"setup.py": "from setuptools import setup\nR = ['runtimedep']\nE = {'tests': ['tart']}\n"
                     "E['dev'] = E['tests'] + ['mypy']\n"
                     "setup(name='shop', version='3.1', install_requires=R, extras_require=E)\nraise SystemExit('run!')\n"},
        {"pyproject.toml": '[tool.poetry]\nname = "shop"\nversion = "3.1"\n[tool.poetry.dependencies]\npython = "^3.11"\n'
                           'runtimedep = "^1.0"\n[tool.poetry.group.test.dependencies]\ntart = {version = "~1.0"}\n'},
    ],
    ids=["extra", "group", "dev group", "requirements-dev", "requirements folder", "tox", "setup.cfg", "setup.py", "poetry"],
)  # fmt: skip
def test_declarations(build: Build, repository: MakeRepository, files: dict[str, str]) -> None:
    """What the package and its tests need is found wherever it is declared, and what that needs is added."""
    said = build(repository(files), "--dry-run")
    assert chosen(said) == {"runtimedep": "1.0", "tart": "1.0", "lemon": "2.0"}
    assert "its own package is shop 3.1" in said.out


POETRY_LOCK = '[[package]]\nname = "lemon"\nversion = "1.0"\n[[package]]\nname = "sphinx"\nversion = "9"\n'
PYLOCK = """lock-version = "1.0"
dependency-groups = ["test"]
[[packages]]
name = "lemon"
version = "1.0"
marker = "'test' in dependency_groups"
[[packages]]
name = "sphinx"
version = "9"
marker = "'docs' in dependency_groups"
[[packages]]
name = "tart"
version = "1.0"
"""


@pytest.mark.parametrize(("name", "lock"), [("poetry.lock", POETRY_LOCK), ("pdm.lock", POETRY_LOCK), ("pylock.toml", PYLOCK)])
def test_lock_files(build: Build, repository: MakeRepository, name: str, lock: str) -> None:
    """A lock file decides the versions, and only what the tests need is taken from it."""
    root = repository({"pyproject.toml": '[project]\nname = "shop"\n[dependency-groups]\ntest = ["tart"]\n', name: lock})
    said = build(root, "--dry-run")
    assert chosen(said) == {"tart": "1.0", "lemon": "1.0"}
    assert name in said.out


def test_uv_lock(build: Build, repository: MakeRepository, index: Path) -> None:
    """uv.lock is read by uv itself, for the groups of the tests alone."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not installed")
    text = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["runtimedep"]\n'
    root = repository({"pyproject.toml": text + '[dependency-groups]\ntests = ["tart", "lemon<2"]\ndev = ["lemon"]\n'})
    subprocess.run([uv, "lock", "--quiet", "--project", root], check=True, timeout=60)
    said = build(root, "--dry-run")
    assert chosen(said) == {"runtimedep": "1.0", "tart": "1.0", "lemon": "1.0"}
    assert "found uv.lock with tests" in said.out


def inside(root: Path, code: str, *more: str) -> str:
    """What Python prints in a repository's image, with the repository as its workspace."""
    if not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not installed")
    name = memory.image_for(root)
    assert name
    box = [
        "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--ro-bind",
        str(images.rootfs(name)),
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
    ]
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(root, copy, dirs_exist_ok=True)
        Path(copy).chmod(0o755)
        clean = [
            "--ro-bind",
            copy,
            "/workspace",
            "--chdir",
            "/workspace",
            "--clearenv",
            "--setenv",
            "PATH",
            "/usr/local/bin:/usr/bin",
        ]
        command = [*AS_SANDBOX, *box, *virtual_env.binds(name), *clean, "/opt/soloist/python3", *more, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_own_package(build: Build, repository: MakeRepository) -> None:
    """The repository's own package has its version, its commands and its plugins, and its modules come from the workspace."""
    root = repository(
        {
            "pyproject.toml": '[project]\nname = "my-shop"\ndynamic = ["version"]\n'
            '[project.scripts]\nopen-shop = "my_shop:main"\n'
            '[project.entry-points.pytest11]\nshop = "my_shop.plugin"\n',
            "src/my_shop/__init__.py": '__version__ = "4.2"\ndef main():\n    print("open")\n',
            "src/my_shop/plugin.py": "",
        }
    )
    assert build(root).code == 0
    code = """import importlib.metadata as m, my_shop, subprocess
print(m.version("my-shop"), [e.value for e in m.entry_points(group="pytest11") if e.name == "shop"], my_shop.__file__,
      subprocess.check_output(["open-shop"], text=True))"""
    assert inside(root, code) == "4.2 ['my_shop.plugin'] /workspace/src/my_shop/__init__.py open"


def test_second_build(build: Build, repository: MakeRepository) -> None:
    """A second build chooses nothing and makes nothing; `--upgrade` chooses again; a run names what has changed since."""
    root = repository({"requirements.txt": "lemon<2\n"})
    assert build(root).code == 0
    started = time.monotonic()
    again = build(root)
    assert time.monotonic() - started < 3  # half a second, on a machine that does nothing else
    assert "in the versions chosen before" in again.out
    assert "is there" in again.out
    assert "packages, chosen in" in build(root, "--upgrade").out
    name = memory.image_for(root / "deep/inside")
    assert name == memory.name_of(root)
    assert memory.notes(name) == [f"image {name}, built for this repository, from requirements.txt"]
    (root / "requirements.txt").write_text("lemon\n")
    (line,) = memory.notes(name)[1:]
    assert line == (
        f"the image is outdated, as requirements.txt has changed: `soloist sandbox build --repo {root.resolve()}` builds it again"
    )
    assert build(root).code == 0
    assert pins(root) == {"lemon": "2.0"}
    assert len(memory.notes(name)) == 1


@pytest.mark.usefixtures("any_sandbox")
def test_run_uses_the_image(soloist: Command, build: Build, repository: MakeRepository) -> None:
    """`soloist run` finds the repository's image by itself, says so in one line, and its tests find their packages."""
    root = repository(
        {
            "requirements.txt": "tart\n",
            "area.py": "def area(a, b):\n    return a + b\n",
            "test_area.py": "import lemon, tart\nfrom area import area\n\n\ndef test_area():\n    assert area(3, 4) == 12\n",
        }
    )
    assert build(root).code == 0
    said = soloist("run", "make the failing tests pass", "--repo", root, "--check", "python -m pytest -q", "--dry-run")
    assert said.code == 0, said.err
    assert f"image {memory.name_of(root)}, built for this repository, from requirements.txt" in said.err
    assert "+    return a * b" in said.out


@pytest.mark.parametrize(
    ("line", "blame", "cure"),
    [
        ("crumble", "can't install crumble", "--without NAME"),
        ("nowhere==9", "can't install nowhere==9", "--without NAME"),
        ("lemon==1.0\ntart\nlemon==2.0", "can't install", "lemon"),
    ],
)
def test_what_cannot_be_had(build: Build, repository: MakeRepository, line: str, blame: str, cure: str, store: Path) -> None:
    """The requirement to blame is named with what to do, after the installer's last lines; no image is left."""
    root = repository({"requirements.txt": f"tart\n{line}\n"})
    said = build(root)
    assert said.code == 3
    last = said.err.splitlines()[-1]
    assert last.startswith("soloist: ")
    assert blame in last
    assert cure in said.err
    assert len(said.err.splitlines()) > 1
    assert memory.image_for(root) is None
    assert not list(store.glob(f"{memory.name_of(root)}/*/"))


def test_leaving_out(build: Build, repository: MakeRepository) -> None:
    """A package can be left out by hand; what comes from elsewhere than an index is left out with a line, and so are indexes."""
    text = "lemon\ncrumble\nodd @ git+https://example.invalid/odd\n--extra-index-url https://example.invalid/simple\n"
    root = repository({"requirements.txt": text})
    said = build(root, "--without", "crumble", "--requirement", "tart")
    assert said.code == 0, said.err
    assert pins(root) == {"lemon": "2.0", "tart": "1.0"}
    assert "left out: odd (requirements.txt): it comes from git+https://example.invalid/odd" in said.out
    assert "left out: --extra-index-url https://example.invalid/simple (requirements.txt)" in said.out
    (name,) = (
        word for word in memory.rebuild(memory.recall(memory.name_of(root)) or pytest.fail("forgotten")).split() if "tart" in word
    )
    assert name == "tart"


def test_bad_files_and_options(build: Build, repository: MakeRepository, tmp_path: Path) -> None:
    """A file that can't be read, a group that is nowhere and options that contradict each other are refused in one line."""
    root = repository({"pyproject.toml": "[project\n", "setup.cfg": ""})
    assert "pyproject.toml can't be read" in build(root).err
    (root / "pyproject.toml").write_text('[dependency-groups]\ntests = ["lemon"]\n')
    assert "no extra or dependency group 'docs' (there are: tests)" in build(root, "--group", "docs").err
    assert "--from and --venv contradict each other" in build(root, "--from", "x", "--venv").err
    (root / "requirements-test.txt").write_text("-r ../secret.txt\n")
    (root.parent / "secret.txt").write_text("hunter2\n")
    refused = build(root)
    assert (refused.code, "which is not in the repository" in refused.err, "hunter2" in refused.err) == (2, True, False)


def test_names_are_no_options(build: Build, repository: MakeRepository) -> None:
    """A lock file can't smuggle options for the installer in by the name of a package, nor can an entry point break the build."""
    lock = '[[package]]\nname = "lemon"\nversion = "1.0\\n--index-url https://example.invalid/simple"\n'
    text = '[project]\nname = "shop"\ndependencies = ["lemon"]\n[project.scripts]\n"../evil" = "shop:main"\nodd = "?"\n'
    root = repository({"poetry.lock": lock, "pyproject.toml": text})
    assert chosen(build(root, "--dry-run")) == {"lemon": "2.0"}
    assert build(root).code == 0
    assert pins(root) == {"lemon": "2.0", "shop": "0.0.0"}


def test_interrupted_build(build: Build, repository: MakeRepository, store: Path) -> None:
    """Ctrl-C ends a build at once, and nothing half made is left."""
    root = repository({"requirements.txt": "tart\n"})
    home = store / memory.name_of(root)
    with subprocess.Popen(
        [SOLOIST, "sandbox", "build", "--repo", root], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as victim:
        deadline = time.monotonic() + 30
        while not list(home.glob(".unfinished*/rootfs")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        victim.send_signal(signal.SIGINT)
        assert victim.wait(20) == 130
    assert not list(home.glob(".unfinished*"))
    assert memory.image_for(root) is None


def test_virtual_environment(build: Build, repository: MakeRepository, index: Path) -> None:
    """The repository's own environment is bound read-only where nothing is declared: its packages are found after the image's."""
    root = repository({"test_it.py": ""})
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        venv = Path(open_to_all) / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=60)
        site = venv / f"lib/python{VERSION}/site-packages"
        with zipfile.ZipFile(index / "lemon/lemon-1.0-py3-none-any.whl") as lemon:
            lemon.extractall(site)
        (root / ".venv").symlink_to(venv)
        said = build(root)
        assert said.code == 0, said.err
        assert f"binding {venv}, 1 packages; bubblewrap only" in said.out
        name = memory.name_of(root)
        assert virtual_env.binds(name) == ("--ro-bind", str(site), "/opt/soloist/venv")
        assert inside(root, "import lemon, pytest; print(lemon.__file__)") == "/opt/soloist/venv/lemon.py"
        with pytest.raises(SandboxUnavailable, match="only bubblewrap can do that"):
            images.docker_tag(name)
    with pytest.raises(SandboxUnavailable, match="is no virtual environment"):
        virtual_env.binds(name)


# What follows needs Docker.


@pytest.fixture(scope="module")
def client(store: Path) -> Iterator[Any]:
    try:
        with docker_images.connect() as client:
            yield client
            for label in ("soloist.image", "soloist.prepared"):
                for folder in store.glob("docked-*"):
                    for image in client.images.list(filters={"label": f"{label}={folder.name}"}):
                        client.images.remove(image.id, force=True)
    except SandboxUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def strange(client: Any, store: Path) -> Iterator[str]:
    """A user's image that has a shell and no Python: this machine's programs, under another environment."""
    root = next(iter(store.glob("base/*/rootfs")), None) or Path(_base()) / "rootfs"
    tag = f"localhost/soloist-test/strange:{os.getpid()}"
    with tempfile.TemporaryFile() as archive:
        subprocess.run(
            ["tar", "-C", root, "--exclude=./usr/local", "--exclude=./opt", "-c", "."], stdout=archive, check=True, timeout=60
        )
        archive.seek(0)
        client.api.import_image(src=archive, repository=tag.rpartition(":")[0], tag=tag.rpartition(":")[2],
                                changes=["ENV PATH=/usr/bin:/tools GREETING=hello"])  # fmt: skip
    yield tag
    client.images.remove(tag, force=True)


def _base() -> str:
    import asyncio

    (built,) = asyncio.run(images.build("base", engines=["bubblewrap"], say=print))
    return built.where


@pytest.fixture
def dock(soloist: Command, store: Path, index: Path) -> Build:
    """`soloist sandbox build --repo`, with Docker."""
    return lambda root, *options: soloist("sandbox", "build", "--repo", root, *options)


def run(client: Any, name: str, *argv: str) -> str:
    tag = images.docker_tag(name)
    container = client.containers.create(tag, list(argv), network_mode="none", read_only=True, cap_drop=["ALL"])
    try:
        container.start()
        container.wait(timeout=60)
        deadline = time.monotonic() + 5
        while not (said := container.logs(stdout=True)) and time.monotonic() < deadline:  # Docker may be late to write it down
            time.sleep(0.05)
        return str(said.decode().strip())
    finally:
        container.remove(force=True)


def test_image_without_python(client: Any, dock: Build, repository: MakeRepository, strange: str) -> None:
    """In an image that has no Python, commands see its own programs and environment, and pytest runs on a Python of ours."""
    root = repository({"requirements.txt": "tart\n"}, name="docked-strange")
    said = dock(root, "--from", strange)
    assert said.code == 0, said.err
    assert "it has no Python: pytest runs on this machine's" in said.out
    name = memory.name_of(root)
    code = (
        "import ctypes, lemon, os, pytest, ssl, subprocess as s, sys; print(os.getuid(), s.check_output([sys.executable, '-V']))"
    )
    assert run(client, name, "/opt/soloist/python3", "-c", code).startswith("10001 b'Python 3")
    assert json.loads(run(client, name, "cat", "/opt/soloist/environment.json")) == {
        "PATH": "/usr/bin:/tools",
        "GREETING": "hello",
    }
    with pytest.raises(SandboxUnavailable, match="only Docker can use it"):
        images.rootfs(name)


def test_dockerfile(client: Any, dock: Build, repository: MakeRepository, strange: str) -> None:
    """The user's Dockerfile is built with its arguments and steps shown; one that fails is blamed, with its last lines."""
    root = repository({"Dockerfile": f"FROM {strange}\nCOPY greeting /greeting\n", "greeting": "hi\n"}, name="docked-file")
    said = dock(root, "--dockerfile", root / "Dockerfile")
    assert said.code == 0, said.err
    assert "the repository's own commands are run by Docker while building, with its network" in said.out
    assert "COPY greeting /greeting" in said.out
    assert run(client, memory.name_of(root), "cat", "/greeting") == "hi"
    (root / "Dockerfile").write_text(f"FROM {strange}\nRUN echo before; no-such-command\n")
    broken = dock(root, "--dockerfile", root / "Dockerfile")
    assert broken.code == 3
    assert "before" in broken.err
    assert "could not be built, at Step 2/3 : RUN echo before; no-such-command" in broken.err.splitlines()[-1]
    assert run(client, memory.name_of(root), "cat", "/greeting") == "hi", "a failed build takes away what was there"


DEVCONTAINER = """// comments, and
{
  "build": {"dockerfile": "Dockerfile", "context": "..", "args": {"WORD": "sesame"}}, /* trailing commas */
  "features": {"registry.example/features/node:1": {}},
  "containerEnv": {"PLACE": "http://here", "HOME2": "${localEnv:HOME}"},
  "postCreateCommand": ["sh", "-c", "cat thing > /made"],
}
"""


def test_devcontainer(client: Any, dock: Build, repository: MakeRepository, strange: str) -> None:
    """devcontainer.json is built when asked for, its command run in a copy of the repository; what can't be done is told."""
    files = {
        ".devcontainer/devcontainer.json": DEVCONTAINER,
        ".devcontainer/Dockerfile": f"FROM {strange}\nARG WORD\nRUN echo $WORD > /word\n",
        "thing": "made of the repository\n",
    }
    root = repository(files, name="docked-dev")
    said = dock(root, "--devcontainer")
    assert said.code == 0, said.err
    assert "devcontainer.json: not used: features, containerEnv.HOME2" in said.out
    assert (
        run(client, memory.name_of(root), "sh", "-c", "cat /word /made; echo $PLACE")
        == "sesame\nmade of the repository\nhttp://here"
    )
    (root / ".devcontainer/Dockerfile").write_text("FROM scratch\n")
    assert "outdated, as .devcontainer/Dockerfile has changed" in memory.notes(memory.name_of(root))[1]
    assert "--devcontainer`" in memory.notes(memory.name_of(root))[1]
    (root / ".devcontainer/devcontainer.json").write_text('{"build": {"dockerfile": "../../elsewhere/Dockerfile"}}')
    assert "which is not in the repository" in dock(root, "--devcontainer").err

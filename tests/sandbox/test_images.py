"""Images are built for real, into a temporary store, and entered as the uid that jobs run as."""

import asyncio
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from soloist_sandbox import images
from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.machine.libraries import is_elf

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
AS_SANDBOX = ["setpriv", "--reuid", "10001", "--regid", "10001", "--clear-groups"] if os.geteuid() == 0 else []
ROOM = Path(images.__file__).parents[1]
BUILD = """
import asyncio, sys
from soloist_sandbox import images
asyncio.run(images.build(sys.argv[1], engines=["bubblewrap"], say=print))
"""


@pytest.fixture(scope="module")
def store() -> Iterator[Path]:
    """A store that any uid can enter, unlike pytest's own temporary folders."""
    folder = Path(tempfile.mkdtemp(prefix="soloist-images-"))
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOLOIST_IMAGES", str(folder))
        yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def root(store: Path) -> Path:
    """The machine-made root file system."""
    built = build("base")
    assert built.where == str(images.rootfs().parent)
    return images.rootfs()


def build(name: str, *requirements: str) -> images.Built:
    (built,) = asyncio.run(images.build(name, requirements=requirements, engines=["bubblewrap"], say=print))
    return built


def inside(root: Path, *argv: str) -> str:
    """What a program prints when it runs in the root file system, with nothing of the host in sight."""
    if not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not installed")
    box = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev"]
    clean = ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"]
    command = [*AS_SANDBOX, *box, "--chdir", "/workspace", *clean, *argv]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LOOK = """
import bz2, coverage, ctypes, decimal, hashlib, json, locale, lzma, os, pwd, sqlite3, ssl, sys, zlib
import coverage.tracer, pytest
locale.setlocale(locale.LC_ALL, "")
print(json.dumps({
    "version": list(sys.version_info[:3]), "prefix": sys.prefix, "encoding": locale.getencoding().lower(),
    "prefixes in use": sorted({p for p in sys.path if p and not p.startswith(("/usr/local/lib", "/opt/soloist/site"))}),
    "sqlite": sqlite3.connect(":memory:").execute("select 1").fetchone()[0], "sha": hashlib.sha256(b"").hexdigest()[:4],
    "cached": os.path.exists(json.__cached__),
}))
"""


def test_python_inside_is_complete(root: Path) -> None:
    """The Python that runs Soloist works inside as it does outside: compiled modules, pytest, coverage's C tracer, UTF-8."""
    seen = json.loads(inside(root, "python3", "-c", LOOK))
    assert seen["version"] == list(sys.version_info[:3])
    assert seen["prefix"] == "/usr/local"
    assert seen["prefixes in use"] == []
    assert seen["encoding"] == "utf-8"
    assert (seen["sqlite"], seen["sha"], seen["cached"]) == (1, "e3b0", True)


def test_shell_inside(root: Path) -> None:
    """A check written for a shell finds the usual programs, its user and the commands of the baked packages."""
    assert inside(root, "sh", "-c", "echo 3 2 | awk '{print $1+$2}' | sed s/5/five/ | grep -c five") == "1"
    assert inside(root, "sh", "-c", "pytest --version; python -m coverage --version | head -c 8").splitlines()[-1] == "Coverage"
    if os.geteuid() == 0:
        assert inside(root, "id", "-un") == "sandbox"


def test_runner_is_inside(root: Path) -> None:
    """The runner's files are in /opt/soloist, as they are here."""
    here = {f.name: f.read_bytes() for f in (ROOM / "soloist_sandbox/image").glob("*.py") if f.name != "__init__.py"}
    assert here == {f.name: f.read_bytes() for f in (root / "opt/soloist").glob("*.py")}


def test_modes(root: Path) -> None:
    """Nothing inside is setuid, nothing is writable by others, everything is readable by everyone."""
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode & 0o7022 == 0, path
            assert mode & 0o444 == 0o444, path


def test_no_trace_of_the_builder(root: Path) -> None:
    """No file but compiled code, which can't be rewritten, names a folder of the machine that made the image."""
    folders = [str(Path(p)) for p in (sys.base_prefix, sys.prefix, Path.home(), Path(__file__).parents[2], root)]
    named = [f.encode() for f in folders if f not in ("/", "/usr", "/usr/local")]
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink() and not is_elf(path):
            content = path.read_bytes()
            assert not [n for n in named if n + b"/" in content], path


def test_same_image_is_not_made_twice(root: Path) -> None:
    """A second build of the same image finds the first."""
    before = (root.parent / "built.json").stat().st_mtime_ns
    again = build("base")
    assert (again.seconds, again.where) == (0, str(root.parent))
    assert (root.parent / "built.json").stat().st_mtime_ns == before


def test_debian_python(store: Path) -> None:
    """The system's own Python, whose library lies elsewhere and is patched, makes an image that works too."""
    system = Path(f"/usr/bin/python{VERSION}")
    if not system.exists() or sys.base_prefix == "/usr":
        pytest.skip("this machine has no second Python of the same version in /usr/bin")
    environment = {**os.environ, "PYTHONPATH": f"{ROOM}:{sysconfig.get_path('purelib')}"}
    subprocess.run([system, "-c", BUILD, "debian"], env=environment, check=True, timeout=60, capture_output=True)
    (made,) = store.glob("debian/[!.]*/rootfs")
    seen = json.loads(inside(made, "python3", "-c", LOOK))
    assert (seen["prefix"], seen["prefixes in use"]) == ("/usr/local", [])


def _wheel(folder: Path) -> Path:
    """A distribution with one module and one command, as small as can be."""
    wheel = folder / "tinydep-1.0-py3-none-any.whl"
    info = "tinydep-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tinydep.py", "def main():\n    print('from tinydep')\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinydep\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ntiny = tinydep:main\n")
        archive.writestr(
            f"{info}/RECORD", f"tinydep.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/entry_points.txt,,\n{info}/RECORD,,\n"
        )
    return wheel


def test_requirements_are_remembered(store: Path, tmp_path: Path) -> None:
    """A named image holds its requirements, and is made the same way again when it is missing; long unused ones go."""
    build("mydeps", str(_wheel(tmp_path)))
    made = images.rootfs("mydeps")
    forgotten, recent = (made.parent.with_name(f"{n:012x}") for n in (1, 2))
    made.parent.rename(forgotten)
    shutil.copytree(forgotten, recent, symlinks=True, ignore=shutil.ignore_patterns("rootfs"))
    os.utime(forgotten, (0, time.time() - 2 * 86_400))
    with pytest.raises(SandboxUnavailable, match="image 'mydeps' is not built: run `soloist sandbox build --name mydeps`"):
        images.rootfs("mydeps")
    asyncio.run(images.ensure("mydeps", "bubblewrap", print))
    assert inside(images.rootfs("mydeps"), "tiny") == "from tinydep"
    assert not forgotten.exists()
    assert recent.exists()


def test_failed_requirement(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A requirement that can't be had is named, with what the installer said; no image is left, finished or not."""
    for installer in ("PIP", "UV"):  # both are asked to stay off the network
        monkeypatch.setenv(f"{installer}_NO_INDEX", "1")
    with pytest.raises(
        SandboxUnavailable, match=r"could not install no-such-thing==9 into the image[^\n]*\n(.*\n)*.*no-such-thing"
    ):
        build("broken", str(_wheel(tmp_path)), "no-such-thing==9")
    assert not list(store.glob("broken/*/"))
    assert not list(store.glob("broken/.unfinished*"))


def _unfinished(store: Path, name: str) -> list[Path]:
    return list(store.glob(f"{name}/.unfinished*"))


def test_killed_build(store: Path) -> None:
    """A build that is killed leaves nothing that passes for an image; of two that follow at once, one does the work."""
    with subprocess.Popen([sys.executable, "-c", BUILD, "killed"], start_new_session=True) as victim:
        deadline = time.monotonic() + 30
        while not [d for d in _unfinished(store, "killed") if (d / "rootfs/usr/local/lib").exists()]:
            assert victim.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(victim.pid, signal.SIGKILL)
    assert _unfinished(store, "killed")
    with pytest.raises(SandboxUnavailable, match="is not built"):
        images.rootfs("killed")

    async def twice() -> list[tuple[images.Built, ...]]:
        return await asyncio.gather(*(images.build("killed", engines=["bubblewrap"], say=print) for _ in range(2)))

    (one,), (other,) = asyncio.run(twice())
    assert one.where == other.where
    assert sorted([one.seconds > 0, other.seconds > 0]) == [False, True]
    assert not _unfinished(store, "killed")


def test_cancelled_build(store: Path) -> None:
    """Cancelling a build ends it at its next step, and nothing is left when the caller goes on."""

    async def cancel() -> float:
        work = asyncio.create_task(images.build("cancelled", engines=["bubblewrap"], say=print))
        while not _unfinished(store, "cancelled"):  # noqa: ASYNC110 - it is another thread's folder
            await asyncio.sleep(0.005)
        started = time.monotonic()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        return time.monotonic() - started

    assert asyncio.run(asyncio.wait_for(cancel(), 30)) < 10
    assert not list(store.glob("cancelled/[!.]*/"))
    assert not _unfinished(store, "cancelled")


def test_names(store: Path) -> None:
    """A name that was never built, or that can't be one, is refused; where nothing is built, the cure is named."""
    with pytest.raises(SandboxUnavailable, match="image 'never' is not built"):
        images.rootfs("never")
    with pytest.raises(SandboxUnavailable, match="image 'never' is not built"):
        images.docker_tag("never")
    with pytest.raises(ValueError, match=r"image name '\.\./etc'"):
        images.docker_tag("../etc")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOLOIST_IMAGES", str(store / "elsewhere"))
        with pytest.raises(SandboxUnavailable, match=r"^image 'base' is not built: run `soloist sandbox build`$"):
            images.rootfs()


def test_store_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that can't be made is a sandbox that can't be had, with the reason."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SOLOIST_IMAGES", str(tmp_path / "file"))
    with pytest.raises(SandboxUnavailable, match=r"image 'base' could not be made in .*file/base: .*Not a directory"):
        build("base")

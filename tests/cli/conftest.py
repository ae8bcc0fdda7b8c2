import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The set-up program, working on a checkout of its own."""
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", ROOT / "tools" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    checkout = tmp_path / "a checkout"
    for folder in (".venv/bin", "frontend/src", "frontend/node_modules", "app/web/static/dist", "var"):
        (checkout / folder).mkdir(parents=True)
    for name, content in {
        "requirements.lock": "click==8.2.0 \\\n    --hash=sha256:aa\n",
        "requirements-dev.lock": "click==8.2.0 \\\n    --hash=sha256:aa\npytest==9.0 \\\n    --hash=sha256:bb\n",
        "pyproject.toml": "",
        "frontend/package.json": "{}",
        "frontend/package-lock.json": "{}",
        "frontend/.npmrc": "",
        "frontend/src/app.ts": "1",
        "frontend/node_modules/.package-lock.json": "{}",
        "app/web/static/dist/app.js": "1",
    }.items():
        (checkout / name).write_text(content)
    monkeypatch.setattr(module, "ROOT", checkout)
    monkeypatch.setattr(module, "VENV", checkout / ".venv")
    monkeypatch.setattr(module, "BIN", checkout / ".venv" / "bin")
    monkeypatch.setattr(module, "STAMPS", checkout / ".venv" / "stamps.json")
    monkeypatch.setattr(module, "FRONTEND", checkout / "frontend")
    monkeypatch.setattr(module, "DIST", checkout / "app/web/static/dist")
    monkeypatch.setattr(module, "VAR", checkout / "var")
    monkeypatch.setattr(module, "venv_works", lambda: True)
    return module

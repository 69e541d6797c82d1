"""`python -m sdk.scripts.generate [openapi.json]`: write everything that is generated.

The document is the one that the application's contract tests keep, or another file.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sdk.scripts.document import read
from sdk.scripts.examples import write_examples
from sdk.scripts.models import Types, write_enums, write_events, write_requests, write_responses, write_types
from sdk.scripts.resources import Tree, module_name, write_api, write_module, write_operations, write_page
from sdk.scripts.twin import synchronous

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "baas_sdk"
DOCUMENT = ROOT.parent / "tests" / "contract" / "openapi.json"
HAND_WRITTEN = ("__init__.py", "client.py", "pagination.py", "raw.py", "transport.py")


def generated(raw: dict[str, Any]) -> dict[Path, str]:
    """Every generated file with its text, for a document; the twins follow from what is on disk."""
    # The kept document is sorted, a served one is not; what is written must not depend on that.
    document = read(json.loads(json.dumps(raw, sort_keys=True)))
    types, tree = Types(document), Tree(document)
    models, asynchronous = PACKAGE / "_models", PACKAGE / "_async"
    files = {
        models / "enums.py": write_enums(types),
        models / "responses.py": write_responses(types),
        models / "requests.py": write_requests(types),
        models / "events.py": write_events(types),
        PACKAGE / "types.py": write_types(types),
        models / "operations.py": write_operations(document),
        models / "examples.json": write_examples(document),
        asynchronous / "api.py": write_api(tree),
        ROOT / "api.md": write_page(types, tree),
    }
    for top in tree.tops():
        files[asynchronous / "resources" / f"{module_name(top)}.py"] = write_module(types, tree, top)
    return formatted(files)


def twins(files: dict[Path, str]) -> dict[Path, str]:
    """The synchronous twins of all asynchronous modules."""
    asynchronous, synchronous_ = PACKAGE / "_async", PACKAGE / "_sync"
    sources = {path: text for path, text in files.items() if asynchronous in path.parents}
    sources |= {
        asynchronous / name: (asynchronous / name).read_text(encoding="utf-8") for name in HAND_WRITTEN
    }
    sources[asynchronous / "resources" / "__init__.py"] = '"""One module for each resource."""\n'
    made = {
        synchronous_ / path.relative_to(asynchronous): synchronous(text) for path, text in sources.items()
    }
    return formatted(made)


def formatted(files: dict[Path, str]) -> dict[Path, str]:
    """The same, imports sorted and in the house's form."""
    done: dict[Path, str] = {}
    for path, text in files.items():
        done[path] = text
        if path.suffix == ".py":
            tidy = _ruff(["check", "--select", "I,F401", "--fix", "--exit-zero", "--quiet"], path, text)
            done[path] = _ruff(["format", "--quiet"], path, tidy)
    return done


def _ruff(arguments: list[str], path: Path, text: str) -> str:
    command = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(path), "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{path}: {done.stderr}\n{text[:3000]}")
    return done.stdout


def main() -> None:
    """Write all files, and remove generated ones that are none any more."""
    raw = json.loads(Path(sys.argv[1] if len(sys.argv) > 1 else DOCUMENT).read_text(encoding="utf-8"))
    files = generated(raw)
    (PACKAGE / "_async" / "resources").mkdir(exist_ok=True)
    (PACKAGE / "_async" / "resources" / "__init__.py").write_text('"""One module for each resource."""\n')
    files |= twins(files)
    for path in stale(files):
        path.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"{len(files)} files written below {ROOT.name}")


def stale(files: dict[Path, str]) -> list[Path]:
    """Generated files on disk that the document does not lead to any more."""
    folders = (PACKAGE / "_async" / "resources", PACKAGE / "_sync" / "resources")
    return [
        path
        for folder in folders
        for path in folder.glob("*.py")
        if path.name != "__init__.py" and path not in files
    ]


if __name__ == "__main__":
    main()

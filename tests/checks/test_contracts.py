"""The import contracts in pyproject.toml name every package; import-linter itself runs with `make check`."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    {
        path.parent.relative_to(ROOT)
        for room in ("models", "repository")
        for path in [*ROOT.glob(f"baas/**/{room}.py"), *ROOT.glob(f"baas/**/{room}/")]
        if path.parent.parent != ROOT and path.parent.name != "core" and path.parent.is_dir()
    }
)


def contracts() -> list[dict[str, object]]:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, object]] = configuration["tool"]["importlinter"]["contracts"]
    return found


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_every_package_keeps_its_tables_and_queries_to_itself(package: Path) -> None:
    name = ".".join(package.parts)
    rooms = [
        f"{name}.{room}"
        for room in ("models", "repository")
        if (ROOT / package / f"{room}.py").exists() or (ROOT / package / room).is_dir()
    ]
    wanted = {"type": "protected", "protected_modules": rooms, "allowed_importers": [name]}
    short = name.rpartition(".")[2]
    assert any(wanted.items() <= contract.items() for contract in contracts()), (
        f"Add to pyproject.toml:\n\n[[tool.importlinter.contracts]]\n"
        f'name = "Only {short} touches the tables of {short}"\n'
        f'type = "protected"\nprotected_modules = {rooms}\nallowed_importers = ["{name}"]\n'.replace("'", '"')
    )

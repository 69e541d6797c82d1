"""`make sdk`: a wheel and an sdist, looked at, installed alone into an empty environment, and tried there.

One environment for each Python of PYTHONS that the machine has (`python3.10`, …), and one for the Python that runs this.
With pyenv: `PYENV_VERSION=3.10.13:3.12.1:3.13.0:3.11.7 make sdk`.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
ALONE = {"baas-sdk", "httpx", "msgspec"}
"""What is asked for. httpx brings its own few."""
OF_HTTPX = {
    "anyio",
    "certifi",
    "h11",
    "httpcore",
    "idna",
    "typing_extensions",
    "exceptiongroup",
    "pip",
    "setuptools",
}
IMPORT_LIMIT_MS = 150
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")

TRY = """
import time
began = time.process_time()
from baas_sdk import AsyncClient, Client, errors, webhooks
took = (time.process_time() - began) * 1000
from baas_sdk import testing
fake = testing.FakeShop()
variant = fake.add_product("Mate", price=1000, on_hand=2)
shop = fake.client()
cart = shop.storefront.carts.create(items=[{"variant_id": variant, "quantity": 1}])
placed = shop.storefront.carts.checkout(cart.id, provider="sandbox")
fake.pay(placed.payment.id)
assert shop.orders.get(placed.order.id).status == "paid"
secret = testing.new_secret()
for delivery in fake.deliveries(secret):
    webhooks.unwrap(delivery.body, delivery.headers, secret=secret)
import pathlib, baas_sdk
assert (pathlib.Path(baas_sdk.__file__).parent / "py.typed").exists()
print(f"{baas_sdk.__version__} {took:.0f}")
"""


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command; its output is shown when it fails."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Build, look, install, try."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", DIST, ROOT)
    files = sorted(DIST.iterdir())
    print(run(sys.executable, "-m", "twine", "--no-color", "check", "--strict", *files).strip())
    (wheel,) = DIST.glob("*.whl")
    for version, interpreter in interpreters().items():
        alone(wheel, version, interpreter)
    for file in files:
        print(f"  {file.relative_to(ROOT.parent)} ({file.stat().st_size // 1024} KiB)")


def interpreters() -> dict[str, str]:
    """version -> program, for every Python that answers to its name."""
    found = {"{}.{}".format(*sys.version_info[:2]): sys.executable}
    for version in PYTHONS:
        program = shutil.which(f"python{version}")
        # A shim of pyenv may stand there without the Python behind it.
        if (
            program
            and subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
        ):
            found.setdefault(version, program)
    return dict(sorted(found.items(), key=lambda item: int(item[0].partition(".")[2])))


def alone(wheel: Path, version: str, interpreter: str) -> None:
    """Install the wheel into an empty environment of that Python, and buy something there."""
    with tempfile.TemporaryDirectory() as folder:
        run(interpreter, "-m", "venv", folder)
        python = Path(folder) / "bin" / "python"
        run(python, "-m", "pip", "install", "--quiet", wheel)
        lines = run(python, "-m", "pip", "list", "--format", "freeze").split()
        installed = {line.partition("==")[0] for line in lines}
        if not installed >= ALONE or installed - ALONE - OF_HTTPX:
            sys.exit(f"The SDK brings more, or less, than it says: {sorted(installed)}")
        run(python, "-m", "pip", "check")
        release, took = min(
            (run(python, "-c", TRY, cwd=Path(folder)).split() for _ in range(5)),
            key=lambda line: int(line[1]),
        )
    if int(took) >= IMPORT_LIMIT_MS:
        sys.exit(f"Importing it takes {took} ms of the processor; {IMPORT_LIMIT_MS} are allowed")
    print(
        f"baas-sdk {release} on Python {version}: installed alone, bought something without a server;"
        f" imported in {took} ms"
    )


if __name__ == "__main__":
    main()

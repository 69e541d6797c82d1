"""`python -m tests.tenancy.print_grants`: write `grants.py` beside this file as it would have to be today."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg

from tests.deployment import migrated_database, roles
from tests.servers import start_servers
from tests.tenancy.test_policies import functions, granted

FILE = Path(__file__).with_name("grants.py")
HEAD = '''"""Who may do what, in full. A migration that grants something changes this file, where a reviewer sees it.

To write it anew: `make generate`, and then read the difference.
"""
'''


async def written() -> str:
    """Migrate a database on a server of its own and return its grants as the text of the file."""
    servers = start_servers()
    try:
        await roles(servers.admin_url)
        connection = await asyncpg.connect(await migrated_database(servers.admin_url))
        lines = [HEAD, "GRANTS: dict[str, dict[str, str]] = {"]
        for role, tables in sorted((await granted(connection)).items()):
            lines.append(f'    "{role}": {{')
            lines += [f'        "{table}": "{privileges}",' for table, privileges in tables.items()]
            lines.append("    },")
        lines += ["}\n", "FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {"]
        for name, (rights, callers) in (await functions(connection)).items():
            names = " ".join(f'"{caller}",' for caller in callers)
            lines.append(f'    "{name}": ("{rights}", ({names})),')
        lines.append("}\n")
        await connection.close()
    finally:
        servers.stop()
    return "\n".join(lines)


def main() -> None:
    """Write the file in the form that the formatter gives it."""
    command = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(FILE), "-"]
    text = asyncio.run(written())
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    FILE.write_text(done.stdout, encoding="utf-8")
    print(f"Written: {FILE}")


if __name__ == "__main__":
    main()

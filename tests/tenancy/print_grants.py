"""`python -m tests.tenancy.print_grants > tests/tenancy/grants.py`: what that file would have to say today."""

import asyncio

import asyncpg

from tests.deployment import migrated_database, roles
from tests.servers import start_servers
from tests.tenancy.test_policies import functions, granted

HEAD = '''"""Who may do what, in full. A migration that grants something changes this file, where a reviewer sees it.

To write it anew: `python -m tests.tenancy.print_grants > tests/tenancy/grants.py`, and then read the difference.
"""
'''


async def main() -> None:
    """Migrate a database on a server of its own and print its grants."""
    servers = start_servers()
    try:
        await roles(servers.admin_url)
        connection = await asyncpg.connect(await migrated_database(servers.admin_url))
        print(HEAD)
        print("GRANTS: dict[str, dict[str, str]] = {")
        for role, tables in sorted((await granted(connection)).items()):
            print(f'    "{role}": {{')
            for table, privileges in tables.items():
                print(f'        "{table}": "{privileges}",')
            print("    },")
        print("}\n")
        print("FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {")
        for name, (rights, callers) in (await functions(connection)).items():
            names = " ".join(f'"{caller}",' for caller in callers)
            print(f'    "{name}": ("{rights}", ({names})),')
        print("}")
        await connection.close()
    finally:
        servers.stop()


if __name__ == "__main__":
    asyncio.run(main())

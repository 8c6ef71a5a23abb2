"""Records the messages between a client and a server of the Model Context Protocol."""

import asyncio
import sys
import tempfile
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from shop import SCRIPT, keep, opened_shop

HERE = Path(__file__).resolve().parent
TEE = 'tee -a "$2" | "$0" "$1" | tee -a "$2"'


async def _run() -> None:
    with opened_shop() as _, tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "messages.jsonl"
        # Both directions go through `tee`, so the log has the messages as they were sent.
        server = StdioServerParameters(
            command="bash", args=["-c", TEE, sys.executable, str(HERE / "mcp_server.py"), str(log)]
        )
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            await session.list_tools()
            for command in SCRIPT:
                await session.call_tool("bash", {"command": command})
            await session.call_tool("orders", {"state": "sent"})
            await session.read_resource("shop://shipments")
        keep("mcp.jsonl", log.read_text(encoding="utf-8"))


if __name__ == "__main__":
    asyncio.run(_run())
